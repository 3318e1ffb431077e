"""Round the figures about moderation for the public page.

Nobody may learn a number below ten, because it could point to individuals: neither from
the page itself, nor from several of its numbers, nor together with what else is public.
So each number is rounded on its own, and no sum is shown.
"""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from voices.monthly import figures
from voices.monthly.models import MonthFigure
from voices.wall.tallies import LEAST_SHOWN

MONTHS = 24
HOUR, DAY = 60, 24 * 60
# The labels of the figures on the page, before and after those by reason.
LABELS = {
    "received": "Forms received",
    "confirmed": "Signatures confirmed by email",
    "withdrawn": "Signatures withdrawn or erased",
    "quarantined": "Signatures set aside in quarantine",
    "invalidated": "Signatures taken out of the count as forged",
    "published": "Voices and corrections published",
    "changes-asked": "Sent back to the author for changes",
    "taken-down": "Voices taken down",
}
RESULTS = {
    "appealed": "Appeals against a decline",
    "appeals-upheld": "Appeals answered by publishing",
    "appeals-changes": "Appeals answered by asking for changes",
    "appeals-rejected": "Appeals answered by declining again",
}

type Numbers = dict[tuple[str, str], int]


class Row(NamedTuple):
    """A figure of the public page; `number` is None for "fewer than 10"."""

    label: str
    number: int | None


class Month(NamedTuple):
    """A month's figures as the public page shows them.

    `wait` is the median wait in words, or "" if there were too few decisions.
    """

    first: date
    rows: list[Row]
    declined: list[Row]
    results: list[Row]
    wait: str


def months(reasons: Iterable[str]) -> list[Month]:
    """Return the latest months, newest first, with these reasons in each."""
    found: dict[date, Numbers] = {}
    latest = MonthFigure.objects.filter(name=figures.FIRST).order_by("-month")
    chosen = latest.values("month")[:MONTHS]
    for each in MonthFigure.objects.filter(month__in=chosen):
        found.setdefault(each.month, {})[each.name, each.detail] = each.number
    listed = list(reasons)
    return [show(month, numbers, listed) for month, numbers in found.items()]


def show(month: date, numbers: Numbers, reasons: Iterable[str]) -> Month:
    bounds = known_bounds(numbers)

    def row(name: str, label: str) -> Row:
        return Row(label, rounded(numbers.get((name, ""), 0), bounds.get(name)))

    # A reason that staff don't use anymore is listed only if its number is shown, so
    # that a missing row says nothing. Neither does the row of a reason in use.
    declined = {reason: rounded(0) for reason in reasons}
    for (name, detail), number in numbers.items():
        if name == figures.DECLINED and (detail in declined or rounded(number)):
            declined[detail] = rounded(number)
    wait = ""
    if numbers.get((figures.DECIDED_FIRST, ""), 0) >= LEAST_SHOWN:
        wait = in_words(numbers.get((figures.WAIT, ""), 0))
    return Month(
        month,
        [row(name, label) for name, label in LABELS.items()],
        [Row(label, number) for label, number in declined.items()],
        [row(name, label) for name, label in RESULTS.items()],
        wait,
    )


class Bound(NamedTuple):
    """What the public knows of a number without its row: the least and the most."""

    least: int
    most: int | None = None


def known_bounds(numbers: Numbers) -> dict[str, Bound]:
    """Return what the public knows of some figures, by their names.

    Anyone can add up the counted signatures of a month in counts.csv, or its voices on
    the wall, and add what the page says of those that have left.
    """

    def exact(name: str) -> int:
        return numbers.get((name, ""), 0)

    def least(*names: str) -> int:
        return sum(rounded(exact(name)) or 0 for name in names)

    def most(*names: str) -> int:
        return least(*names) + len(names) * (LEAST_SHOWN - 1)

    counted, left = exact("counted"), ("withdrawn", "invalidated")
    signed = counted + least(*left)
    return {
        "received": Bound(signed),
        "confirmed": Bound(signed, counted + most(*left, "quarantined")),
        "published": Bound(exact("on-the-wall") + least("taken-down")),
    }


def rounded(number: int, known: Bound | None = None) -> int | None:
    """Return a number as the public sees it, or None for a number below ten.

    It is rounded down to tens, unless only one number would then fit what is known: the
    least, if it ends in 9, or the most, if it ends in 0. From that, all smaller numbers
    that it consists of would follow. Such a number goes to the next ten.
    """
    least, most = known or (None, None)
    down = number - number % LEAST_SHOWN
    if number == least and number % LEAST_SHOWN == LEAST_SHOWN - 1:
        down += LEAST_SHOWN
    elif number == most and number == down:
        down -= LEAST_SHOWN
    return down or None


def in_words(minutes: int) -> str:
    """Return a duration in round words, such as "about 5 hours"."""
    if minutes < HOUR:
        return "less than an hour"
    if minutes < 2 * DAY:
        hours = round(minutes / HOUR)
        return f"about {hours} hour{'' if hours == 1 else 's'}"
    return f"about {round(minutes / DAY)} days"
