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

    def closed_long_ago(self) -> Self:
        """Return the reports that were closed more than REPORT_KEPT_DAYS days ago."""
        age = timedelta(days=settings.REPORT_KEPT_DAYS)
        return self.filter(closed_at__lt=timezone.now() - age).order_by("closed_at")

    def suspicious(self) -> Self:
        """Return open reports that look like abuse or exceeded a rate limit.

        Omits reports that arrived in the last NETWORK_KEPT_DAYS days.
        """
        age = timedelta(days=settings.NETWORK_KEPT_DAYS)
        old = self.still_open().filter(arrived_at__lt=timezone.now() - age)
        suspicious = old.exclude(suspicions=[]).values_list("pk", "suspicions")
        doubtful = [pk for pk, found in suspicious if is_doubtful(found)]
        return self.filter(pk__in=doubtful)


def report_indexes(name: str) -> list[models.Index]:
    """Return the indexes of a report model; their names begin with `name`."""
    return [
        models.Index(
            fields=["arrived_at", "id"],
            name=f"{name}_open",
            condition=models.Q(closed_at=None),
        ),
        # For the order of the admin's list: open reports first.
        models.Index(
            models.F("closed_at").desc(nulls_first=True),
            models.F("arrived_at"),
            models.F("id"),
            name=f"{name}_newly_closed",
        ),
        models.Index(
            fields=["arrived_at"],
            name=f"{name}_with_hash",
            condition=~models.Q(network_hash=""),
        ),
    ]


class ReaderReport(models.Model):
    """A report from a reader to staff. It is open until `closed_at` is set."""

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
