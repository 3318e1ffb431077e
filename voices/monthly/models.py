from django.db import models
from django.db.models.functions import Now

from core.public import Content
from core.triggers import AppendOnly, PagesChange


class MonthFigure(models.Model):
    """A figure about moderation in a month that is over, computed once.

    `name` is one of the names in figures.py; a figure by reason has the reason's label
    in `detail`. Numbers are exact here; pages round them (shown.py). A trigger rejects
    UPDATE and DELETE, so a month's figures stay as they were first published.
    """

    # The month's first day, in the site's time zone.
    month = models.DateField()
    name = models.CharField(max_length=30)
    detail = models.CharField(max_length=100, blank=True)
    number = models.PositiveIntegerField()
    # When the figure was computed.
    at = models.DateTimeField(null=True, db_default=Now())

    class Meta:
        ordering = ["-month", "name", "detail"]
        constraints = [
            models.UniqueConstraint(
                fields=["month", "name", "detail"],
                name="month_figure_once",
                violation_error_message="This month's figure is already stored.",
            ),
        ]
        triggers = [
            AppendOnly(log="figures by month"),
            PagesChange(Content.MODERATION),
        ]

    def __str__(self) -> str:
        return f"{self.name} in {self.month:%Y-%m}"
