"""The public totals: triggers store every change to a total as a row.

A total is the sum of its rows, so reading a total doesn't count signatures or voices.
"""

from collections import defaultdict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Self

import pgtrigger
from django.conf import settings
from django.db import connection, models

from core.memory import FIGURES, memory
from core.public import Content
from core.triggers import Trigger, notify
from rankings.states import PLACES

# Smaller numbers of people aren't published; see withhold().
LEAST_SHOWN = 10

# The body of a Count trigger. A cell is one combination of values of `columns`, such as
# a state and a profession group. For each cell, the trigger adds up -1 if the old row
# counted in it and +1 if the new row counts in it. It inserts the result as a change,
# unless that is 0. OLD is null on INSERT and NEW is null on DELETE; a null row counts
# in no cell.
COUNT = """
    INSERT INTO {table} ({columns}, change)
    SELECT {columns_of_cell}, sum(version.change)
    FROM (SELECT OLD.*, -1 AS change UNION ALL SELECT NEW.*, 1) AS version,
        LATERAL ({cells}) AS cell ({columns})
    GROUP BY {columns_of_cell}
    HAVING sum(version.change) <> 0;
    IF FOUND THEN
        {notify}
    END IF;
    RETURN NULL;
"""


# Merges rows that have equal values in `columns`. After a day without a worker, there
# may be millions of rows, so each step reads at most MAX_STEP rows, in the order of the
# index on `columns`. Returns the step's last cell if there may be more rows.
FOLD = """
    WITH step AS MATERIALIZED (
        SELECT id, {columns} FROM {table} WHERE {after}
        ORDER BY {columns} LIMIT {most}
    ), doubled AS (
        SELECT {columns} FROM step GROUP BY {columns} HAVING count(*) > 1
    ), folded AS (
        DELETE FROM {table} WHERE id IN (
            SELECT id FROM step JOIN doubled USING ({columns})
        )
        RETURNING {columns}, change
    ), sums AS (
        INSERT INTO {table} ({columns}, change)
        SELECT {columns}, sum(change) FROM folded
        GROUP BY {columns} HAVING sum(change) <> 0
    )
    SELECT {columns} FROM step ORDER BY {columns} OFFSET {most} - 1
"""
MAX_STEP = 10_000
DAY_CELL = "day, tag, updates, series"


def fold(table: str, columns: str) -> None:
    """Merge the rows of each cell, in one pass over the table."""
    # The next step begins with the last cell again, because it may have more rows.
    last: tuple | None = ()
    while last is not None:
        last = fold_step(table, columns, last)


def fold_step(table: str, columns: str, start: tuple) -> tuple | None:
    """Run FOLD from the cell `start`, or from the first cell if that is empty."""
    places = ", ".join(["%s"] * len(start))
    after = f"({columns}) >= ({places})" if start else "true"
    step = FOLD.format(table=table, columns=columns, after=after, most=MAX_STEP)
    with connection.cursor() as cursor:
        cursor.execute(step, start)
        return cursor.fetchone()


class Count(Trigger):
    """Stores in `table` by how much a change to a row changes each cell's total.

    Each of `cells` is a SELECT that computes `columns` from the old or new row.
    """

    when = pgtrigger.After
    operation = pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete

    def __init__(self, name: str, table: str, columns: list[str], *cells: str):
        func = COUNT.format(
            table=table,
            columns=", ".join(columns),
            columns_of_cell=", ".join(f"cell.{column}" for column in columns),
            cells=" UNION ALL ".join(cells),
            notify=notify(Content.FIGURES, soon=True),
        )
        super().__init__(name=name, func=func)


class CountCells(Count):
    """Stores changes to the totals by state, profession group, and petition series."""

    def __init__(self, *cells: str):
        columns = ["subject", "state", "profession_group", "series"]
        super().__init__("tally", "voices_tally", columns, *cells)


class CountDays(Count):
    """Stores changes to the totals by day and by `columns`.

    The day is that of `moment`, in the site's time zone. `moment` and the values of
    `columns` are SQL expressions. The expressions in `columns` must not be null.
    """

    def __init__(self, moment: str, *, where: str, **columns: str):
        day = f"({moment} AT TIME ZONE '{settings.TIME_ZONE}')::date"
        super().__init__(
            "day_tally",
            "voices_daytally",
            ["day", *columns],
            f"SELECT {', '.join([day, *columns.values()])} WHERE {where}",
        )


# The body of a CountDeleted trigger.
COUNT_DELETED = """
    INSERT INTO voices_deletedtally (month, name, change)
    SELECT date_trunc('month', moment AT TIME ZONE '{zone}'), figure.name, 1
    FROM (SELECT OLD.*) AS deleted, LATERAL ({figures}) AS figure (name, moment);
    RETURN NULL;
"""


class CountDeleted(Trigger):
    """Stores for the figures by month that a row was deleted.

    Each of `figures` is a SELECT, from the deleted row, of a figure's name and the
    moment that decides which month the row belongs to.
    """

    when = pgtrigger.After
    operation = pgtrigger.Delete

    def __init__(self, *figures: str):
        func = COUNT_DELETED.format(
            zone=settings.TIME_ZONE, figures=" UNION ALL ".join(figures)
        )
        super().__init__(name="deleted_tally", func=func)


# Reads the sums, and when each series of the petition started. This is one query,
# because every page with a total needs both.
READ = """
    SELECT subject, state, profession_group, series, sum(change), NULL::timestamptz
    FROM "voices_tally"
    GROUP BY subject, state, profession_group, series
    UNION ALL
    SELECT '', '', '', series, 0, min(at) FROM "voices_petition" GROUP BY series
"""

# A state and a profession group, each "" if unknown. Signatures are counted without a
# group, so for these, the group is always "".
type Cell = tuple[str, str]


class TallyQuerySet(models.QuerySet):
    def signers(self) -> Self:
        return self.filter(subject=Tally.Subject.SIGNERS)

    def statements(self) -> Self:
        return self.filter(subject=Tally.Subject.STATEMENTS)

    def published(self) -> Self:
        """Return the rows about public voices, with or without a statement."""
        return self.filter(subject__in=[Tally.Subject.STATEMENTS, Tally.Subject.NAMES])

    def total(self) -> int:
        return self.aggregate(total=models.Sum("change", default=0))["total"]

    def cells(self) -> dict[Cell, int]:
        """Return the nonzero counts by state and profession group."""
        rows = self.values_list("state", "profession_group").annotate(
            total=models.Sum("change")
        )
        return {(state, group): total for state, group, total in rows if total}

    def by_state(self) -> dict[str, int]:
        """Return the count for each state, even if 0; the key "" is for no state."""
        return sum_by_state(self.cells())

    def fold(self) -> None:
        """Merge the rows of each cell."""
        fold("voices_tally", "subject, state, profession_group, series")


def sum_by_state(cells: Mapping[Cell, int]) -> dict[str, int]:
    counts = dict.fromkeys([*PLACES, ""], 0)
    for (state, _), total in cells.items():
        counts[state] = counts.get(state, 0) + total
    return counts


class Tally(models.Model):
    """A change to a total; a total is the sum of its changes.

    Triggers insert these rows in the transaction that changes the data. Triggers never
    update these rows, so no transaction waits for another transaction's row lock. A
    periodic task merges the rows, so that each cell has one row.
    """

    class Subject(models.TextChoices):
        # Counted signatures, and public founding voices.
        SIGNERS = "signers"
        # Statements on the wall.
        STATEMENTS = "statements"
        # Public voices without a statement; only staff see how many.
        NAMES = "names"

    subject = models.CharField(max_length=10, choices=Subject)
    state = models.CharField(max_length=2, blank=True)
    profession_group = models.CharField(max_length=30, blank=True)
    # The petition's series that the signers belong to; 0 for other subjects.
    series = models.PositiveSmallIntegerField()
    change = models.BigIntegerField()

    objects = TallyQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        verbose_name_plural = "tallies"
        permissions = [("view_figures", "Can see how the site is doing")]
        indexes = [
            models.Index(
                fields=["subject", "state", "profession_group", "series"],
                include=["change"],
                name="tally_cells",
            )
        ]

    def __str__(self) -> str:
        return f"{self.subject} {self.state} {self.profession_group}: {self.change:+}"


@dataclass(frozen=True)
class Figures:
    """The nonzero counts of all cells, for public pages.

    `signers` counts only the petition's current series.
    """

    signers: Mapping[Cell, int]
    statements: Mapping[Cell, int]
    series: int
    # When the current series started; None if it is the first.
    since: datetime | None = None
    # The number of signers in all earlier series.
    earlier: int = 0

    @cached_property
    def total(self) -> int:
        """The number of signers in the petition's current series."""
        return sum(self.signers.values())

    def statements_from(self, state: str) -> int:
        return sum(n for (place, _), n in self.statements.items() if place == state)

    def statements_by(self, group: str) -> int:
        return sum(n for (_, found), n in self.statements.items() if found == group)

    @cached_property
    def signers_by_state(self) -> dict[str, int | None]:
        """The number of signers from each state, or None if withhold() hides it."""
        return withhold(sum_by_state(self.signers))


def read_figures() -> Figures:
    """Return all counts from the memory cache, or read them in one query."""

    def read() -> Figures:
        found: dict[tuple[str, int], dict[Cell, int]] = defaultdict(dict)
        started: dict[int, datetime] = {}
        with connection.cursor() as cursor:
            cursor.execute(READ)
            for subject, state, group, series, total, since in cursor:
                if since:
                    started[series] = since
                elif total:
                    found[subject, series][state, group] = int(total)
        signers = {
            series: cells
            for (subject, series), cells in found.items()
            if subject == Tally.Subject.SIGNERS
        }
        current = max(started)
        cells = signers.pop(current, {})
        return Figures(
            cells,
            found[Tally.Subject.STATEMENTS, 0],
            current,
            started[current] if current > min(started) else None,
            sum(sum(each.values()) for each in signers.values()),
        )

    return memory.get(FIGURES, "figures", read)


class DayTallyQuerySet(models.QuerySet):
    def by_day(self) -> dict[date, int]:
        """Return the number of signatures by day, in order.

        Leaves out days without signatures.
        """
        days = self.order_by("day").values_list("day")
        sums = days.annotate(total=models.Sum("change"))
        return {day: total for day, total in sums if total}

    def by_tag(self) -> dict[str, int]:
        """Return the number of signatures for each tag that has any.

        The key "" has the number of signatures without a tag.
        """
        sums = self.order_by().values_list("tag").annotate(total=models.Sum("change"))
        return {tag: total for tag, total in sums if total}

    def fold(self) -> None:
        """Merge the rows of each cell."""
        fold("voices_daytally", DAY_CELL)


class DayTally(models.Model):
    """A change to the number of counted signatures by day, tag, and other columns.

    The day is that of a signature's `counted_at`, in the site's time zone. Triggers
    write a DayTally along with a Tally, so that no public page has to count signatures.
    Founding voices have no date and aren't included. Only staff see the counts by tag,
    and how many signers want updates.
    """

    day = models.DateField()
    # The slug of the signatures' tag, or "" for signatures without a tag.
    tag = models.CharField(max_length=30, blank=True, default="")
    updates = models.BooleanField(default=False)
    # The petition's series that the signatures belong to.
    series = models.PositiveSmallIntegerField()
    change = models.BigIntegerField()

    objects = DayTallyQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        verbose_name_plural = "day tallies"
        indexes = [
            models.Index(
                fields=["day", "tag", "updates", "series"],
                include=["change"],
                name="day_tally_cells",
            )
        ]

    def __str__(self) -> str:
        return f"{self.day}: {self.change:+}"


class DeletedTallyQuerySet(models.QuerySet):
    def fold(self) -> None:
        """Merge the rows of each cell."""
        fold("voices_deletedtally", "month, name")


class DeletedTally(models.Model):
    """A number of rows that a month's figures are about, and that were deleted.

    Submissions are deleted after some days, and signatures and appeals when their
    author erases them. Triggers store that here, so that such a row still counts in its
    month; see voices/monthly/figures.py.
    """

    # The month's first day, in the site's time zone.
    month = models.DateField()
    name = models.CharField(max_length=30)
    change = models.BigIntegerField()

    objects = DeletedTallyQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        verbose_name_plural = "deleted tallies"
        indexes = [
            models.Index(
                fields=["month", "name"],
                include=["change"],
                name="deleted_tally_cells",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} in {self.month:%Y-%m}: {self.change:+}"


def withhold[Key: Hashable](counts: Mapping[Key, int]) -> dict[Key, int | None]:
    """Return the counts, but None for small counts, which could identify people.

    The total is public, so anybody can work out the sum of the withheld counts. As long
    as that sum is itself too small, but not 0, the next smallest count is withheld too.
    """
    shown = dict(counts)
    hidden = [key for key, count in counts.items() if count < LEAST_SHOWN]
    rest = sum(counts[key] for key in hidden)
    for key in sorted(counts.keys() - set(hidden), key=lambda key: counts[key]):
        if rest == 0 or rest >= LEAST_SHOWN:
            break
        hidden.append(key)
        rest += counts[key]
    return shown | dict.fromkeys(hidden)
