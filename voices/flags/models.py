from django.db import models

from core.memory import FLAGGED, memory
from core.public import Content
from core.triggers import PagesChange
from voices.flags.lookalikes import staff_names


class WatchedWordQuerySet(models.QuerySet):
    def texts(self) -> list[str]:
        return list(self.values_list("words", flat=True))


class WatchedWord(models.Model):
    """A word or phrase to highlight for moderators."""

    words = models.CharField(max_length=80, unique=True)

    objects = WatchedWordQuerySet.as_manager()

    class Meta:
        ordering = ["words"]
        triggers = [PagesChange(Content.FLAGGED)]

    def __str__(self) -> str:
        return self.words


def remembered_lists() -> tuple[list[str], set[str]]:
    """Return the watched words and the result of staff_names(), cached in memory."""
    return memory.get(
        FLAGGED, "lists", lambda: (WatchedWord.objects.texts(), staff_names())
    )
