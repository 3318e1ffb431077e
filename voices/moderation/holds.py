from datetime import timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from voices.wall.models import Voice

NOTE_LENGTH = 600
# A hold ends at `until` or, without that date, once its note is answered.
OPEN = models.Q(ended_at=None)


class HoldQuerySet(models.QuerySet["Hold"]):
    def in_effect(self) -> Self:
        """Return the holds of the voices that nobody may decide on now."""
        return self.filter(
            OPEN, models.Q(until=None) | models.Q(until__gt=timezone.now())
        )

    def old(self) -> Self:
        """Return the holds to delete: those that ended HOLDS_KEPT_DAYS ago."""
        oldest = timezone.now() - timedelta(days=settings.HOLDS_KEPT_DAYS)
        return self.filter(models.Q(until__lte=oldest) | models.Q(ended_at__lte=oldest))


class Hold(models.Model):
    """Nobody decides on the voice until a date, or until a note is answered.

    A moderator who holds a voice writes a note, a date, or both. An answer ends the
    hold and stays with it until the voice is decided on.
    """

    voice = models.ForeignKey(Voice, models.CASCADE, related_name="holds")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="holds"
    )
    at = models.DateTimeField(db_default=Now())
    until = models.DateTimeField(null=True, blank=True)
    note = models.TextField(max_length=NOTE_LENGTH, blank=True)
    answer = models.TextField(max_length=NOTE_LENGTH, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="holds_ended",
    )
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = HoldQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["voice"],
                condition=OPEN,
                name="hold_one_at_a_time",
                violation_error_message="This voice is already on hold.",
            ),
            models.CheckConstraint(
                condition=models.Q(until__isnull=False) | ~models.Q(note=""),
                name="hold_until_something",
                violation_error_message="Choose a date, or write a note for somebody "
                "to answer.",
            ),
            models.CheckConstraint(
                condition=models.Q(ended_at=None, ended_by=None)
                | models.Q(ended_at__isnull=False, ended_by__isnull=False),
                name="hold_ended_by_somebody",
                violation_error_message="Somebody ends a hold.",
            ),
        ]

    def __str__(self) -> str:
        return f"hold of voice {self.voice_id}"

    @property
    def is_in_effect(self) -> bool:
        """Whether the hold is among HoldQuerySet.in_effect()."""
        if self.ended_at:
            return False
        return self.until is None or self.until > timezone.now()
