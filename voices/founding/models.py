from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from core.plain_text import validate_name, validate_plain_text
from voices.reports.base import ReaderReport, ReaderReportQuerySet, report_indexes
from voices.wall.models import Voice


def time_to_decide() -> timedelta:
    return timedelta(days=settings.FOUNDING_REQUEST_DAYS)


class FoundingRequestQuerySet(ReaderReportQuerySet):
    def close(self, by: User) -> int:
        """Close the requests that are still open; return how many were closed."""
        return self.still_open().update(closed_at=Now(), closed_by=by)

    def due(self) -> tuple[int, int, datetime | None]:
        """Return the numbers of open and overdue requests, and the earliest deadline.

        The deadline is None if no request is open.
        """
        late = models.Q(arrived_at__lt=timezone.now() - time_to_decide())
        found = self.still_open().aggregate(
            count=models.Count("pk"),
            overdue=models.Count("pk", filter=late),
            first=models.Min("arrived_at"),
        )
        first = found["first"]
        return found["count"], found["overdue"], first and first + time_to_decide()


class FoundingRequest(ReaderReport):
    """A request to correct or remove a founding voice; staff decide by a deadline.

    Founding voices are older than the site, so the authors have no emailed link for
    changing or removing a voice. Unlike other reports, a request has the requester's
    name and email address, so that staff can confirm who is asking, and reply.
    """

    class Kind(models.TextChoices):
        CORRECT = "correct", "Correct it"
        REMOVE = "remove", "Remove it"

    class Relation(models.TextChoices):
        SELF = "self", "I gave this statement"
        FAMILY = "family", "I am a member of their family"
        LAWYER = "lawyer", "I am their lawyer, or represent them otherwise"

    voice = models.ForeignKey(Voice, models.CASCADE, related_name="founding_requests")
    kind = models.CharField(max_length=10, choices=Kind)
    text = models.TextField(
        max_length=2000, blank=True, validators=[validate_plain_text]
    )
    relation = models.CharField(max_length=10, choices=Relation)
    name = models.CharField(max_length=100, validators=[validate_name])
    email = models.EmailField()

    objects = FoundingRequestQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        verbose_name = "request about a founding voice"
        verbose_name_plural = "requests about founding voices"
        indexes = report_indexes("founding_request")

    def __str__(self) -> str:
        # Leave out the name and text, because Django's admin log stores this string.
        return f"{self.get_kind_display()}: voice {self.voice_id}"

    @property
    def due_at(self) -> datetime:
        return self.arrived_at + time_to_decide()

    @property
    def is_overdue(self) -> bool:
        return self.closed_at is None and self.due_at < timezone.now()
