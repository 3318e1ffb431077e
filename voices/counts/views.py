"""Signature counts by state and by day, as CSV and JSON files.

Founding voices have no date: the counts by state include them, but the counts by day
don't, so the files also have the number of founding voices. The total is the sum of the
founding voices, the listed days, and today's signatures, which aren't listed.
"""

import csv
from datetime import date, timedelta
from io import StringIO
from typing import NamedTuple

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from core.public import Content, public_page
from rankings.states import PLACES
from voices.wall.models import Voice
from voices.wall.tallies import (
    LEAST_SHOWN,
    DayTally,
    read_figures,
    sum_by_state,
    withhold,
)

NO_STATE = "State not given"


class Counts(NamedTuple):
    """The contents of both files. A withheld count is None."""

    total: int
    states: dict[str, int | None]
    # The number of founding voices. They count only in the petition's first series of
    # versions, so the number is 0 in later series. It is never withheld, because anyone
    # can count the founding voices on the wall.
    founding: int
    # By ISO date, up to yesterday. Today is left out, because anyone could watch its
    # count grow with each signature.
    days: dict[str, int | None]
    # When the petition's current series started; None in the first series.
    since: date | None
    # The number of people who signed during earlier series.
    earlier: int


def count() -> Counts:
    figures = read_figures()
    signed = sum_by_state(figures.signers)
    past = DayTally.objects.filter(day__lt=timezone.localdate(), series=figures.series)
    by_day = past.by_day()
    days = {}
    if by_day:
        first, last = min(by_day), timezone.localdate() - timedelta(days=1)
        for ahead in range((last - first).days + 1):
            day = first + timedelta(days=ahead)
            days[day.isoformat()] = by_day.get(day, 0)
    founding = 0
    if figures.since is None:
        founding = Voice.objects.published().founding().count()
    return Counts(
        figures.total,
        withhold(signed),
        founding,
        withhold(days),
        figures.since and timezone.localdate(figures.since),
        figures.earlier,
    )


def place_name(code: str) -> str:
    return PLACES.get(code, NO_STATE)


@require_safe
@public_page(shows=[Content.FIGURES])
def as_csv(request: HttpRequest) -> HttpResponse:
    counts = count()
    file = StringIO()
    writer = csv.writer(file)
    writer.writerow(["by", "key", "name", "signatures"])
    writer.writerow(["total", "", "Everybody", counts.total])
    if counts.since:
        writer.writerow(["since", counts.since, "Counted since", ""])
        writer.writerow(["earlier", "", "Signed an earlier petition", counts.earlier])
    writer.writerows(
        ("state", code, place_name(code), "withheld" if number is None else number)
        for code, number in counts.states.items()
    )
    writer.writerow(["founding", "", "Founding voices", counts.founding])
    writer.writerows(
        ("day", day, day, "withheld" if number is None else number)
        for day, number in counts.days.items()
    )
    return HttpResponse(file.getvalue(), content_type="text/csv; charset=utf-8")


@require_safe
@public_page(shows=[Content.FIGURES])
def as_json(request: HttpRequest) -> HttpResponse:
    counts = count()
    return JsonResponse(
        {
            "total": counts.total,
            "counted_since": counts.since,
            "signed_earlier_petition": counts.earlier,
            "withheld_below": LEAST_SHOWN,
            "states": [
                {"usps": code or None, "name": place_name(code), "signatures": number}
                for code, number in counts.states.items()
            ],
            "founding_voices": counts.founding,
            "days": [
                {"day": day, "signatures": number}
                for day, number in counts.days.items()
            ],
        }
    )
