from datetime import timedelta

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from rankings.states import JURISDICTIONS
from voices.plain_text import validate_plain_text


class RankingErrorQuerySet(models.QuerySet):
    def still_open(self):
        return self.filter(closed_at=None)

    def close(self, by) -> int:
        """Note that these were looked into; return how many it was."""
        return self.still_open().update(closed_at=Now(), closed_by=by)

    def forget_closed(self):
        """Delete those that were looked into long enough ago."""
        age = timedelta(days=settings.REPORT_KEPT_DAYS)
        return self.filter(closed_at__lt=timezone.now() - age).delete()


class RankingError(models.Model):
    """What a reader says is wrong in the rankings, for staff only.

    It stands beside the reports of voices, whose guards and limits it shares, for the
    rankings themselves know nothing of readers.
    """

    state = models.CharField(max_length=2, choices=JURISDICTIONS, blank=True)
    text = models.TextField(max_length=2000, validators=[validate_plain_text])
    source = models.CharField(
        max_length=500, blank=True, validators=[validate_plain_text]
    )
    network_hash = models.CharField(max_length=64, blank=True, editable=False)
    suspicions = ArrayField(
        models.CharField(max_length=20), default=list, blank=True, editable=False
    )
    arrived_at = models.DateTimeField(db_default=Now(), editable=False)
    closed_at = models.DateTimeField(null=True, blank=True, editable=False)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False
    )

    objects = RankingErrorQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        verbose_name = "error reported in the rankings"
        verbose_name_plural = "errors reported in the rankings"
        indexes = [
            models.Index(
                fields=["arrived_at", "id"],
                name="ranking_error_open",
                condition=models.Q(closed_at=None),
            ),
        ]

    def __str__(self):
        # Without the text, for Django's log keeps this.
        return f"{self.get_state_display() or 'The rankings'}, No. {self.pk}"
