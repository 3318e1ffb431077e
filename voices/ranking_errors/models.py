from django.contrib.auth.models import User
from django.db import models
from django.db.models.functions import Now

from core.plain_text import validate_plain_text
from rankings.states import JURISDICTIONS
from voices.reports.base import ReaderReport, ReaderReportQuerySet, report_indexes


class RankingErrorQuerySet(ReaderReportQuerySet):
    def close(self, by: User) -> int:
        """Close the reports that are still open; return how many were closed."""
        return self.still_open().update(closed_at=Now(), closed_by=by)


class RankingError(ReaderReport):
    """A reader's report of an error in the rankings. Only staff see the report.

    The model is in the voices app because these reports need the same spam checks and
    limits as reports about voices. The rankings app stores no data about readers.
    """

    state = models.CharField(max_length=2, choices=JURISDICTIONS, blank=True)
    text = models.TextField(max_length=2000, validators=[validate_plain_text])
    source = models.CharField(
        max_length=500, blank=True, validators=[validate_plain_text]
    )

    objects = RankingErrorQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        verbose_name = "error reported in the rankings"
        verbose_name_plural = "errors reported in the rankings"
        indexes = report_indexes("ranking_error")

    def __str__(self) -> str:
        # Leave out the text, because Django's admin log stores this string.
        return f"{self.get_state_display() or 'The rankings'}, No. {self.pk}"
