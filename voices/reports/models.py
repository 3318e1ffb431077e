from collections.abc import Mapping
from datetime import datetime

from django.db import connection, models

from core.plain_text import validate_plain_text
from voices.abuse.suspicion import is_doubtful
from voices.reports.base import ReaderReport, ReaderReportQuerySet, report_indexes
from voices.wall.models import Voice

# One statement for any number of voices.
REPORTED = """
    UPDATE voices_voice SET reported_at = first.at
    FROM unnest(%(voices)s::bigint[], %(dates)s::timestamptz[]) AS first (id, at)
    WHERE voices_voice.id = first.id
"""


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
        self.reopen_all({voice.pk: decision_id})

    def reopen_all(self, decisions: Mapping[int, int]) -> None:
        """Reopen the reports about many voices, with a fixed number of statements.

        `decisions` has the ID of each voice, with the ID of the decision that closed
        its reports.
        """
        self.filter(decision__in=decisions.values()).update(
            decision=None, closed_at=None, closed_by=None
        )
        still_open = self.still_open().filter(voice__in=decisions).order_by()
        first: dict[int, datetime] = {}
        for voice_id, at, suspicions in still_open.values_list(
            "voice", "arrived_at", "suspicions"
        ):
            # A report that looks like abuse or exceeded a rate limit doesn't put the
            # voice into the review queue.
            if not is_doubtful(suspicions):
                first[voice_id] = min(at, first.get(voice_id, at))
        with connection.cursor() as cursor:
            dates = [first.get(voice_id) for voice_id in decisions]
            cursor.execute(REPORTED, {"voices": [*decisions], "dates": dates})


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
