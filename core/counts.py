"""Count rows only up to a limit, because counting millions of rows takes seconds."""

from typing import Self

from django.db.models import QuerySet


class Many(int):
    """A count that stopped one above its limit, shown as "more than 1,000"."""

    @classmethod
    def of(cls, count: int, most: int) -> int | Self:
        """Return `count`, as Many if it is higher than `most`."""
        return cls(most + 1) if count > most else count

    def __str__(self) -> str:
        return f"more than {int(self) - 1:,}"


def count_up_to(most: int, rows: QuerySet) -> int:
    """Return the number of rows; if it is higher than `most`, return Many."""
    return Many.of(rows.order_by().values("pk")[: most + 1].count(), most)
