"""Count rows only up to a limit, because counting millions of rows takes seconds."""

from typing import Any, Self

from django.db import connection
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


def count_each_up_to(most: int, *rows: QuerySet) -> list[int]:
    """Like `count_up_to` for each of several sets of rows, in a single query."""
    counts: list[str] = []
    params: list[Any] = []
    for each in rows:
        limited = each.order_by().values("pk")[: most + 1]
        sql, own = limited.query.sql_with_params()
        counts.append(f"(SELECT count(*) FROM ({sql}) AS counted)")  # noqa: S608
        params += own
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(counts)}", params)
        return [Many.of(count, most) for count in cursor.fetchone()]
