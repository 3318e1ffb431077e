"""The sort orders of the rankings table."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rankings.scoring import Rubric
from rankings.standings import Standing, Standings

# Sort keys that put grades with the same letter in the order B+, B, B-.
SIGNS = {"+": 0, "": 1, "-": 2}


def ij_place(row: Standing) -> tuple[str, int] | None:
    grade = row.assessment.ij_grade
    return (grade[0], SIGNS[grade[1:]]) if grade else None


@dataclass(frozen=True)
class Column:
    """A sortable column. If `value` returns None for a state, the state comes last."""

    name: str
    label: str
    value: Callable[[Standing], Any]
    # Whether the first click on the heading puts the greatest value first.
    descending: bool = False
    number: bool = False
    # Whether phones hide the column to save space. The state's page shows the value.
    wide_only: bool = False


COLUMNS = (
    Column("rank", "Rank", lambda row: row.rank, number=True),
    Column("state", "State", lambda row: row.name),
    Column("grade", "Grade", lambda row: row.letter),
    Column(
        "score",
        "Points",
        lambda row: row.score.points,
        descending=True,
        number=True,
    ),
    Column("ij", "Institute for Justice’s own grade", ij_place, wide_only=True),
)
BY_NAME = {column.name: column for column in COLUMNS}
BY_GROUP = "group"


class NoSuchOrder(Exception):
    """The query string names an unknown sort order."""


@dataclass(frozen=True)
class Header:
    """A column heading: its column, its link, and the current sort direction."""

    column: Column
    query: str
    aria_sort: str


class Order:
    """The sort order that the value of `?sort=` (`asked`) requests.

    The value is "group", or a column's name, which may begin with `-` to reverse the
    order. A blank value means the rubric's default order. Any other value raises
    NoSuchOrder.
    """

    def __init__(self, asked: str, rubric: Rubric):
        self.rubric = rubric
        self.asked = asked or rubric.order
        self.column = BY_NAME.get(self.asked.removeprefix("-"))
        if self.column is None and self.asked != BY_GROUP:
            raise NoSuchOrder(asked)
        self.reverse = self.asked.startswith("-")

    @property
    def by_group(self) -> bool:
        return self.column is None

    @property
    def descending(self) -> bool:
        return self.column is not None and self.column.descending != self.reverse

    @property
    def shows_rank(self) -> bool:
        """Whether the table shows ranks.

        A table sorted by group hides the ranks, because they would be out of order. But
        in editions under the first rubric, it shows them, because sorting by group is
        that rubric's default.
        """
        return not self.by_group or self.rubric.order == BY_GROUP

    @property
    def headers(self) -> list[Header]:
        columns = [c for c in COLUMNS if c.name != "rank" or self.shows_rank]
        return [self.header(column) for column in columns]

    @property
    def width(self) -> int:
        """The number of columns, including the last one, which isn't sortable."""
        return len(self.headers) + 1

    def header(self, column: Column) -> Header:
        if column is not self.column:
            return Header(column, f"?sort={column.name}", "")
        way = "descending" if self.descending else "ascending"
        sign = "" if self.reverse else "-"
        return Header(column, f"?sort={sign}{column.name}", way)

    def rows(self, standings: Standings) -> list[Standing]:
        """Return the states in this order; sort states with the same value by name."""
        if self.column is None:
            return [row for group in standings.groups for row in group.rows]
        value = self.column.value
        there = [row for row in standings.rows if value(row) is not None]
        missing = [row for row in standings.rows if value(row) is None]
        there.sort(key=value, reverse=self.descending)
        return there + missing
