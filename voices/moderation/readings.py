from datetime import datetime
from typing import Self

import pgtrigger
from django.conf import settings
from django.contrib.auth.models import User
from django.db import models
from django.db.models.functions import Now

from core.triggers import Trigger
from voices.moderation.models import Decision, Reason
from voices.wall.models import Voice

OPEN = models.Q(closed_at=None)
UNREAD = OPEN & models.Q(second_at=None)


class Verdict(models.TextChoices):
    """What a reader wants done with a voice; the values are kinds of decisions."""

    PUBLISH = Decision.Kind.PUBLISHED, "Publish"
    DECLINE = Decision.Kind.DECLINED, "Decline"
    CHANGES = Decision.Kind.CHANGES_ASKED, "Ask for changes"
    KEEP = Decision.Kind.KEPT, "Keep"
    TAKE_DOWN = Decision.Kind.TAKEN_DOWN, "Take down"


class ReadingQuerySet(models.QuerySet["Reading"]):
    def still_open(self) -> Self:
        return self.filter(OPEN)

    def for_second_reader(self, by: User) -> Self:
        """Return the readings that this moderator may give the second verdict on."""
        return self.filter(UNREAD).exclude(first_by=by)

    def disputed(self) -> Self:
        """Return the readings in which two moderators disagree; a lead decides."""
        return self.filter(OPEN, second_at__isnull=False)


class Reading(models.Model):
    """Two moderators' verdicts on a voice, each given without seeing the other.

    If they agree, the second verdict takes effect. If they don't, the reading stays
    open until a lead decides. Only a first verdict to take a voice down takes effect at
    once, because it protects somebody. `decision` is the log row of what took effect.

    Triggers keep `Voice.first_read_at`, and delete an open reading as soon as the
    voice's words or status change in another way.
    """

    voice = models.ForeignKey(Voice, models.CASCADE, related_name="readings")
    # The order in which second readers get voices: 0 is reported, 1 is corrected, 2 is
    # any other; `since` is the voice's review_since.
    urgency = models.PositiveSmallIntegerField(default=2)
    since = models.DateTimeField()
    first_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="first_readings"
    )
    first_verdict = models.CharField(max_length=20, choices=Verdict)
    first_reason = models.ForeignKey(
        Reason, models.PROTECT, null=True, blank=True, related_name="+"
    )
    # The message to the author, which is cleared when the reading closes.
    first_text = models.TextField(blank=True)
    first_seconds = models.PositiveIntegerField(null=True)
    first_at = models.DateTimeField(db_default=Now())
    batch = models.ForeignKey(
        "voices.Batch", models.PROTECT, null=True, related_name="readings"
    )
    decision = models.OneToOneField(
        Decision, models.PROTECT, null=True, related_name="first_reading"
    )
    second_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="second_readings",
    )
    second_verdict = models.CharField(max_length=20, choices=Verdict, blank=True)
    second_reason = models.ForeignKey(
        Reason, models.PROTECT, null=True, blank=True, related_name="+"
    )
    second_text = models.TextField(blank=True)
    second_seconds = models.PositiveIntegerField(null=True)
    second_at = models.DateTimeField(null=True)
    # The lead who decided, if the readers disagreed.
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="readings_settled",
    )
    closed_at = models.DateTimeField(null=True)

    objects = ReadingQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        permissions = [
            ("second_read", "Can give the second verdict on a voice"),
            ("settle_reading", "Can decide when two readers disagree"),
            ("reverse_decision", "Can undo other moderators' decisions"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["voice"],
                condition=OPEN,
                name="reading_one_open",
                violation_error_message="This voice already waits for a second reader.",
            ),
            models.CheckConstraint(
                condition=~models.Q(first_by=models.F("second_by")),
                name="reading_by_two",
                violation_error_message="Somebody else has to read it.",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    second_by=None, second_at=None, second_verdict="", closed_at=None
                )
                | models.Q(second_by__isnull=False, second_at__isnull=False)
                & ~models.Q(second_verdict=""),
                name="reading_closed_by_a_second",
                violation_error_message="A reading closes only with a second verdict.",
            ),
        ]
        indexes = [
            models.Index(
                fields=["urgency", "since", "id"],
                name="reading_waiting",
                condition=UNREAD,
            ),
            models.Index(
                fields=["urgency", "since", "id"],
                name="reading_disputed",
                condition=OPEN & models.Q(second_at__isnull=False),
            ),
            models.Index(fields=["first_by", "-first_at"], name="reading_first"),
            models.Index(
                fields=["second_by", "-second_at"],
                name="reading_second",
                condition=models.Q(second_by__isnull=False),
            ),
        ]
        triggers = [
            # Keeps `Voice.first_read_at` up to date, for the review page's queue.
            Trigger(
                name="first_read_at",
                when=pgtrigger.After,
                operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
                func="""
                    UPDATE voices_voice SET first_read_at = (
                        SELECT first_at FROM voices_reading
                        WHERE voice_id = voices_voice.id AND closed_at IS NULL
                    )
                    WHERE id = COALESCE(NEW.voice_id, OLD.voice_id);
                    RETURN NULL;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"reading of voice {self.voice_id}"

    @property
    def agreed(self) -> bool:
        return self.first_verdict == self.second_verdict

    def given_at(self, by: User) -> datetime:
        """Return when this moderator gave a verdict."""
        if self.second_by_id == by.pk and self.second_at:
            return self.second_at
        return self.first_at
