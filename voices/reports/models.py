from collections.abc import Iterable
from datetime import datetime

from django.contrib.auth.models import User
from django.db import models

from core.plain_text import validate_plain_text
from voices.abuse.suspicion import is_doubtful
from voices.reports.base import ReaderReport, ReaderReportQuerySet
from voices.wall.models import Voice


class ReportQuerySet(ReaderReportQuerySet):
    def close(self, voice_ids: Iterable[int], by: User, at: datetime) -> None:
        """Close the open reports of these voices, at the time of a decision."""
        self.still_open().filter(voice__in=voice_ids).update(closed_at=at, closed_by=by)
        Voice.objects.filter(pk__in=voice_ids).update(reported_at=None)

    def reopen(self, voice: Voice, at: datetime) -> None:
        """Reopen the reports that the decision of that time had closed."""
        about = self.filter(voice=voice)
        about.filter(closed_at=at).update(closed_at=None, closed_by=None)
        # A suspicious report doesn't put the voice into the queue.
        first = min(
            (
                report.arrived_at
                for report in about.still_open()
                if not is_doubtful(report.suspicions)
            ),
            default=None,
        )
        Voice.objects.filter(pk=voice.pk).update(reported_at=first)


class Report(ReaderReport):
    """A reader's report of what is wrong with a voice, for moderators only.

    It is closed at the time of the decision that answered it.
    """

    class Kind(models.TextChoices):
        IMPERSONATION = "impersonation", "Somebody else wrote it in this name"
        PRIVATE_DETAILS = "private-details", "It holds private details of somebody"
        OTHER = "other", "Something else"

    voice = models.ForeignKey(Voice, models.CASCADE, related_name="reports")
    kind = models.CharField(max_length=20, choices=Kind)
    text = models.TextField(
        max_length=1000, blank=True, validators=[validate_plain_text]
    )

    objects = ReportQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        indexes = [
            models.Index(
                fields=["arrived_at", "id"],
                name="report_open",
                condition=models.Q(closed_at=None),
            ),
        ]

    def __str__(self):
        return f"{self.get_kind_display()}: voice {self.voice_id}"
