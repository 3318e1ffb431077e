from collections.abc import Iterable
from typing import cast

from django.db import models

from core.plain_text import validate_plain_text
from voices.abuse.suspicion import is_doubtful
from voices.reports.base import ReaderReport, ReaderReportQuerySet, report_indexes
from voices.wall.models import Voice


class ReportQuerySet(ReaderReportQuerySet):
    def close(self, decisions: models.QuerySet) -> None:
        """Close the open reports about voices that moderators decided on.

        `decisions` must have no more than one decision for each voice.
        """
        voices = decisions.values("voice")
        own = decisions.filter(voice=models.OuterRef("voice"))
        self.still_open().filter(voice__in=voices).update(
            decision=own.values("pk"),
            closed_at=own.values("at"),
            closed_by=own.values("by"),
        )
        Voice.objects.filter(pk__in=voices).update(reported_at=None)

    def reopen(self, voice: Voice, decision_id: int) -> None:
        """Reopen this voice's reports that were closed by the decision with this ID.

        This also puts the voice back into the review queue, unless all of its open
        reports look like abuse or exceeded a rate limit.
        """
        about = self.filter(voice=voice)
        about.filter(decision=decision_id).update(
            decision=None, closed_at=None, closed_by=None
        )
        # A report that looks like abuse or exceeded a rate limit doesn't put the voice
        # into the review queue.
        first = min(
            (
                report.arrived_at
                for report in cast("Iterable[Report]", about.still_open())
                if not is_doubtful(report.suspicions)
            ),
            default=None,
        )
        Voice.objects.filter(pk=voice.pk).update(reported_at=first)


class Report(ReaderReport):
    """A reader's report of what is wrong with a voice. Only staff see its text."""

    class Kind(models.TextChoices):
        IMPERSONATION = (
            "impersonation",
            "Someone else wrote it under this person’s name",
        )
        PRIVATE_DETAILS = "private-details", "It contains someone’s private details"
        OTHER = "other", "Something else"

    voice = models.ForeignKey(Voice, models.CASCADE, related_name="reports")
    kind = models.CharField(max_length=20, choices=Kind)
    text = models.TextField(
        max_length=1000, blank=True, validators=[validate_plain_text]
    )
    # The decision that closed the report.
    decision = models.ForeignKey(
        "voices.Decision", models.PROTECT, null=True, editable=False
    )

    objects = ReportQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(closed_at=None, decision=None)
                | models.Q(closed_at__isnull=False, decision__isnull=False),
                name="report_closed_by_a_decision",
                violation_error_message="A decision closes a report.",
            ),
        ]
        indexes = report_indexes("report")

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: voice {self.voice_id}"
