"""The base model of all texts that staff publish, such as questions and cases."""

import datetime
from typing import Any, ClassVar, Self

import pgtrigger
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from core.public import Content
from core.triggers import PagesChange, PublicWordsGo
from faq.sources import validate_sources


def validate_past(day: datetime.date) -> None:
    """Reject days after tomorrow. In some time zones, it may already be tomorrow."""
    if day > timezone.localdate() + datetime.timedelta(days=1):
        raise ValidationError("This day is in the future.", code="future")


class TextQuerySet(models.QuerySet):
    def public(self) -> Self:
        """Return the texts that are already public."""
        return self.filter(publish_at__lte=Now())

    def to_check(self) -> Self:
        """Return the public texts whose “as of” date is over AS_OF_DAYS days old."""
        oldest = timezone.localdate() - datetime.timedelta(days=settings.AS_OF_DAYS)
        return self.public().filter(as_of__lt=oldest)


class Text(models.Model):
    """A text that is public from `publish_at` on, or a draft if that is None."""

    slug = models.SlugField(
        max_length=80,
        unique=True,
        help_text="Identifies the text in URLs and pages. You can’t change it later.",
    )
    order = models.PositiveSmallIntegerField(
        default=1000, help_text="Lists are sorted by this number."
    )
    publish_at = models.DateTimeField(
        "public from",
        null=True,
        blank=True,
        help_text="Leave empty for a draft. The text appears within a minute of this "
        "time.",
    )
    sources = models.JSONField(default=list, blank=True, validators=[validate_sources])
    # When the text was last loaded from a file in faq/content/; None if staff wrote it.
    loaded_at = models.DateTimeField(null=True, blank=True, editable=False)
    edited_at = models.DateTimeField(null=True, blank=True, editable=False)
    # The day of the latest change to what readers see.
    updated = models.DateField(
        default=timezone.localdate, editable=False, validators=[validate_past]
    )
    as_of = models.DateField(
        "as of",
        null=True,
        blank=True,
        validators=[validate_past],
        help_text="For pending bills and open cases: when you last checked them.",
    )

    # The names of the fields that readers see.
    WORDS: ClassVar[tuple[str, ...]]

    objects = TextQuerySet.as_manager()

    class Meta:
        abstract = True
        triggers = [
            PagesChange(Content.TEXTS),
            PublicWordsGo(
                name="public_words_go",
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Condition("OLD.publish_at <= now()"),
            ),
        ]

    def get_absolute_url(self) -> str:
        raise NotImplementedError

    def words_read(self) -> list[Any]:
        """Return what readers see: the fields in `WORDS`, then the citations.

        Whitespace is collapsed.
        """
        values = [getattr(self, name) for name in self.WORDS]
        values += [source["citation"] for source in self.sources]
        return [" ".join(v.split()) if isinstance(v, str) else v for v in values]

    def date_words(self, stored: Self | None) -> None:
        """Set `updated` to the first day on which readers see the current words.

        If the stored text is public and has the same words, keep the stored date.
        """
        if stored and stored.is_public and stored.words_read() == self.words_read():
            self.updated = stored.updated
            return
        publish_at = self.publish_at or timezone.now()
        self.updated = max(timezone.localdate(), timezone.localdate(publish_at))

    @property
    def shown_sources(self) -> list[dict]:
        """The sources without duplicates: a source of two facts may be stored twice."""
        shown: dict[tuple[str, str], dict] = {}
        for source in self.sources:
            key = (source["citation"], source.get("url", ""))
            shown.setdefault(key, source)
        return list(shown.values())

    @property
    def is_public(self) -> bool:
        return self.publish_at is not None and self.publish_at <= timezone.now()
