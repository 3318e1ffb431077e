from datetime import date

from django.db import connection, models


class DayTallyQuerySet(models.QuerySet):
    def by_day(self, *, before: date) -> dict[date, int]:
        """Return how many signed on each day before this one that has any."""
        rows = self.filter(day__lt=before).order_by("day").values_list("day")
        return dict(rows.annotate(models.Sum("change")))

    def fold(self):
        """Replace the changes of each day by their sum; the figures stay the same."""
        with connection.cursor() as cursor:
            cursor.execute("""
                WITH folded AS (
                    DELETE FROM voices_daytally
                    WHERE day IN (
                        SELECT day FROM voices_daytally GROUP BY day HAVING count(*) > 1
                    )
                    RETURNING day, change
                )
                INSERT INTO voices_daytally (day, change)
                SELECT day, sum(change) FROM folded GROUP BY day HAVING sum(change) <> 0
            """)


class DayTally(models.Model):
    """A change of how many signed on a day of the site's time zone.

    Triggers write it as they write a Tally, so that no public page asks the private
    tables: a signature stands in the day on which it was counted, a founding voice in
    that on which it was published.
    """

    day = models.DateField(db_index=True)
    change = models.BigIntegerField()

    objects = DayTallyQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        verbose_name_plural = "day tallies"

    def __str__(self):
        return f"{self.day}: {self.change:+}"
