"""Base classes for readers' reports on any subject."""

from datetime import timedelta
from typing import Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from voices.abuse.suspicion import is_doubtful


class ReaderReportQuerySet(models.QuerySet):
    def still_open(self) -> Self:
        return self.filter(closed_at=None)

    def forget_closed(self) -> tuple[int, dict[str, int]]:
        """Delete reports that were closed more than REPORT_KEPT_DAYS ago."""
        age = timedelta(days=settings.REPORT_KEPT_DAYS)
        return self.filter(closed_at__lt=timezone.now() - age).delete()

    def forget_suspicious(self) -> tuple[int, dict[str, int]]:
        """Delete open, suspicious reports older than NETWORK_KEPT_DAYS."""
        age = timedelta(days=settings.NETWORK_KEPT_DAYS)
        old = self.still_open().filter(arrived_at__lt=timezone.now() - age)
        suspicious = old.exclude(suspicions=[]).values_list("pk", "suspicions")
        doubtful = [pk for pk, found in suspicious if is_doubtful(found)]
        return self.filter(pk__in=doubtful).delete()


class ReaderReport(models.Model):
    """A report to staff from a reader."""

    network_hash = models.CharField(max_length=64, blank=True, editable=False)
    suspicions = ArrayField(
        models.CharField(max_length=20), default=list, blank=True, editable=False
    )
    arrived_at = models.DateTimeField(db_default=Now(), editable=False)
    closed_at = models.DateTimeField(null=True, blank=True, editable=False)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False
    )

    class Meta:
        abstract = True
