"""The base model of the texts that readers can search."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django.db import models

from faq.publishing import Text


class SearchedText(Text):
    """A text that also stores its words as plain text; a subclass adds `search`."""

    # The plain text, for search and excerpts.
    words = models.TextField(blank=True, editable=False)

    # The field that search results show as a heading, with matches marked.
    HEADING: ClassVar[str]

    class Meta(Text.Meta):
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.read_out()
        if (fields := kwargs.get("update_fields")) is not None:
            kwargs["update_fields"] = {*fields, "words"}
        super().save(*args, **kwargs)

    def read_out(self) -> None:
        """Set `words` to the text without Markdown."""
        self.words = "\n".join(filter(None, self.lines()))

    def lines(self) -> Iterable[str]:
        """Return the paragraphs of the text, without its heading."""
        raise NotImplementedError
