"""The base model of the texts that readers can search."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django.db import models

from faq.publishing import Text


class SearchedText(Text):
    """A text that is also stored as plain text. Subclasses add a `search` column."""

    # The plain text, for search and excerpts.
    words = models.TextField(blank=True, editable=False)

    # The name of the field that search results show as a heading.
    HEADING: ClassVar[str]

    class Meta(Text.Meta):
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.read_out()
        if (fields := kwargs.get("update_fields")) is not None:
            kwargs["update_fields"] = {*fields, "words"}
        super().save(*args, **kwargs)

    def read_out(self) -> None:
        """Set `words` to the plain text, without Markdown."""
        self.words = "\n".join(filter(None, self.lines()))

    def lines(self) -> Iterable[str]:
        """Return the text's paragraphs as plain text, without the heading."""
        raise NotImplementedError
