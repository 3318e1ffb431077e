"""How often two readers agree, and which reasons moderators choose."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import (
    Count,
    DateTimeField,
    ExpressionWrapper,
    OuterRef,
    Subquery,
)
from django.db.models.functions import TruncMonth
from django.utils import timezone

from core.counts import Many, count_up_to
from voices.moderation.models import Decision
from voices.moderation.readings import Reading, Verdict

# The page looks at only this many of the latest readings, and of the latest decisions
# of each kind that has a reason.
LATEST = 10_000
SPANS = (30, 90)
WITH_REASONS = (
    Decision.Kind.DECLINED,
    Decision.Kind.CORRECTION_DECLINED,
    Decision.Kind.TAKEN_DOWN,
)
# The verdict that a kind of decision is the result of, if their names differ.
VERDICTS = {
    Decision.Kind.CORRECTION_TAKEN: Verdict.PUBLISH,
    Decision.Kind.CORRECTION_DECLINED: Verdict.DECLINE,
    # The first reader's take-down was undone, and nothing else was left to decide.
    Decision.Kind.UNDONE: Verdict.KEEP,
}
# The lead's decision is stored in the same transaction in which the reading closes.
SOON = timedelta(seconds=10)


@dataclass
class Reader:
    """How often a moderator's verdicts agreed with the other reader's."""

    name: str
    first: int = 0
    second: int = 0
    agreed: int = 0

    @property
    def given(self) -> int:
        return self.first + self.second

    @property
    def share(self) -> int:
        """The share of this reader's verdicts that the other one agreed with, in %."""
        return round(100 * self.agreed / self.given)


@dataclass
class Agreement:
    agreed: int = 0
    disagreed: int = 0
    # Of the disagreements: what the lead decided, and how many are still open.
    for_first: int = 0
    for_second: int = 0
    for_neither: int = 0
    still_open: int = 0
    readers: list[Reader] = field(default_factory=list)
    is_cut: bool = False

    @property
    def read(self) -> int:
        return self.agreed + self.disagreed


def agreement(days: int) -> Agreement:
    """Return how the second readings of the last days ended; takes two queries."""
    since = timezone.now() - timedelta(days=days)
    latest = Reading.objects.order_by("-pk").values("pk")[:LATEST]
    # There is none if the lead left the first reader's take-down as it is.
    made = Decision.objects.filter(
        voice=OuterRef("voice"),
        by=OuterRef("settled_by"),
        at__gte=OuterRef("closed_at"),
        at__lte=ExpressionWrapper(
            OuterRef("closed_at") + SOON, output_field=DateTimeField()
        ),
    )
    rows = (
        Reading.objects.filter(pk__in=latest, second_at__gte=since)
        .order_by()
        .annotate(settled=Subquery(made.order_by("-pk").values("kind")[:1]))
        .values_list(
            *("first_by__username", "second_by__username"),
            *("first_verdict", "second_verdict", "settled_by", "settled"),
        )
        .annotate(count=Count("pk"))
    )
    found = Agreement(
        is_cut=isinstance(count_up_to(LATEST, Reading.objects.all()), Many)
    )
    readers: dict[str, Reader] = {}
    for first_by, second_by, first, second, lead, settled, count in rows:
        one = readers.setdefault(first_by, Reader(first_by))
        other = readers.setdefault(second_by, Reader(second_by))
        one.first += count
        other.second += count
        if first == second:
            found.agreed += count
            one.agreed += count
            other.agreed += count
            continue
        found.disagreed += count
        final = VERDICTS.get(settled, settled or Verdict.TAKE_DOWN)
        if lead is None:
            found.still_open += count
        elif final == first:
            found.for_first += count
        elif final == second:
            found.for_second += count
        else:
            found.for_neither += count
    found.readers = sorted(readers.values(), key=lambda each: each.name)
    return found


def reasons_used(days: int) -> dict[str, Any]:
    """Return how often each reason was chosen, by month and in all, most often first.

    Decisions that were undone are left out. One query for each kind of decision.
    """
    since = timezone.now() - timedelta(days=days)
    totals: Counter[str] = Counter()
    cells: Counter[tuple[str, date]] = Counter()
    for kind in WITH_REASONS:
        for reason, month, count in count_reasons(kind, since):
            totals[reason] += count
            cells[reason, month] += count
    months = sorted({month for _, month in cells}, reverse=True)
    rows = [
        (reason, total, [cells[reason, month] for month in months])
        for reason, total in sorted(totals.items(), key=lambda each: (-each[1], each))
    ]
    return {"months": months, "reasons": rows}


def count_reasons(
    kind: Decision.Kind, since: datetime
) -> Iterable[tuple[str, date, int]]:
    latest = Decision.objects.filter(kind=kind).order_by("-pk").values("pk")[:LATEST]
    return (
        Decision.objects.filter(
            pk__in=latest, at__gte=since, undone_by=None, reason__isnull=False
        )
        .order_by()
        .annotate(month=TruncMonth("at"))
        .values_list("reason__label", "month")
        .annotate(count=Count("pk"))
    )
