from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from voices.abuse.suspicion import is_suspicious
from voices.plain_text import validate_plain_text
from voices.wall.models import Voice


class ReportQuerySet(models.QuerySet):
    def still_open(self):
        return self.filter(closed_at=None)

    def close(self, voice_ids, by, at: datetime) -> None:
        """Close what is open about these voices, at the time of a decision."""
        self.still_open().filter(voice__in=voice_ids).update(closed_at=at, closed_by=by)
        Voice.objects.filter(pk__in=voice_ids).update(reported_at=None)

    def reopen(self, voice, at: datetime) -> None:
        """Open again what the decision of that time had closed."""
        about = self.filter(voice=voice)
        about.filter(closed_at=at).update(closed_at=None, closed_by=None)
        # A suspicious one brings no voice into the queue.
        first = min(
            (
                report.arrived_at
                for report in about.still_open()
                if not is_suspicious(report.suspicions)
            ),
            default=None,
        )
        Voice.objects.filter(pk=voice.pk).update(reported_at=first)

    def forget_closed(self):
        """Delete those that were answered long enough ago."""
        age = timedelta(days=settings.REPORT_KEPT_DAYS)
        return self.filter(closed_at__lt=timezone.now() - age).delete()


class Report(models.Model):
    """What a reader says is wrong with a voice, for moderators only."""

    class Kind(models.TextChoices):
        IMPERSONATION = "impersonation", "Somebody else wrote it in this name"
        PRIVATE_DETAILS = "private-details", "It holds private details of somebody"
        OTHER = "other", "Something else"

    voice = models.ForeignKey(Voice, models.CASCADE, related_name="reports")
    kind = models.CharField(max_length=20, choices=Kind)
    text = models.TextField(
        max_length=1000, blank=True, validators=[validate_plain_text]
    )
    network_hash = models.CharField(max_length=64, blank=True, editable=False)
    suspicions = ArrayField(
        models.CharField(max_length=20), default=list, blank=True, editable=False
    )
    arrived_at = models.DateTimeField(db_default=Now(), editable=False)
    # The time of the decision that answered it.
    closed_at = models.DateTimeField(null=True, blank=True, editable=False)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False
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
