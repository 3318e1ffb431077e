from django.db import models


class WatchedWordQuerySet(models.QuerySet):
    def texts(self) -> list[str]:
        return list(self.values_list("words", flat=True))


class WatchedWord(models.Model):
    """A word or phrase to highlight for moderators."""

    words = models.CharField(max_length=80, unique=True)

    objects = WatchedWordQuerySet.as_manager()

    class Meta:
        ordering = ["words"]

    def __str__(self) -> str:
        return self.words
