"""The orders that a reader may choose for the table."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rankings.standings import Standing, Standings

# The Institute's grades from best to worst; a letter alone stands between + and -.
SIGNS = {"+": 0, "": 1, "-": 2}


def ij_place(row: Standing) -> tuple[str, int] | None:
    grade = row.assessment.ij_grade
    return (grade[0], SIGNS[grade[1:]]) if grade else None


@dataclass(frozen=True)
class Column:
    """A column that sorts; its value is None where a state has none and comes last."""

    name: str
    label: str
    value: Callable[[Standing], Any]
    # Whether the first choice shows the greatest value on top.
    descending: bool = False
    number: bool = False
    # Whether a phone has no room for it; the state's page tells it.
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
    """The address asks for an order that there is not."""


@dataclass(frozen=True)
class Header:
    """A column's head: what it says, where it leads, and how it is sorted now."""

    column: Column
    query: str
    aria_sort: str


class Order:
    """What `?sort=` asks for: a column's name, with `-` before it the other way."""

    def __init__(self, asked: str):
        self.asked = asked or BY_GROUP
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
    def headers(self) -> list[Header]:
        return [self.header(column) for column in COLUMNS]

    def header(self, column: Column) -> Header:
        if column is not self.column:
            return Header(column, f"?sort={column.name}", "")
        way = "descending" if self.descending else "ascending"
        sign = "" if self.reverse else "-"
        return Header(column, f"?sort={sign}{column.name}", way)

    def rows(self, standings: Standings) -> list[Standing]:
        """Return the states in this order; ties stand by name."""
        if self.column is None:
            return [row for group in standings.groups for row in group.rows]
        value = self.column.value
        there = [row for row in standings.rows if value(row) is not None]
        missing = [row for row in standings.rows if value(row) is None]
        there.sort(key=value, reverse=self.descending)
        return there + missing
