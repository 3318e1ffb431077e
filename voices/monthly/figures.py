"""Compute the figures about moderation in a month that is over, once and exactly.

Rows that are deleted in time, such as unconfirmed submissions, are counted in
DeletedTally as they go. So it doesn't matter how soon after its end a month is counted,
and erasing a signature doesn't change how many were confirmed.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from django.db import connection, transaction
from django.db.models import Min
from django.utils import timezone

from voices.monthly.models import MonthFigure
from voices.signatures.models import (
    RECEIVED_SQL,
    WAS_QUARANTINED_SQL,
    Signature,
    Submission,
)
from voices.wall.appeals import RESULT_SQL
from voices.wall.models import PUBLIC_SQL
from voices.wall.tallies import DeletedTally

# The figure that is stored first: if a month has it, somebody else has counted or is
# counting the month.
FIRST = "received"
# Figures that a month has even if they are 0.
NAMES = (
    *(FIRST, "confirmed", "withdrawn", "quarantined", "invalidated"),
    *("published", "changes-asked", "taken-down"),
    *("appealed", "appeals-upheld", "appeals-changes", "appeals-rejected"),
    # These two aren't shown. They are what else the public can count of the month: its
    # signatures in counts.csv, and its voices on the wall. See shown.py.
    *("counted", "on-the-wall"),
)
# A figure by reason.
DECLINED = "declined"
# The number of first decisions, and the median wait for them in minutes.
DECIDED_FIRST, WAIT = "first-decisions", "median-wait-minutes"


def within(moment: str) -> str:
    return f"({moment} >= %(since)s AND {moment} < %(until)s)"


# Decisions that were undone by the time the month is counted aren't in it.
STANDS = """
    NOT EXISTS (SELECT FROM voices_decision AS undo WHERE undo.undoes_id = decision.id)
"""
# This is one statement, so that a row that is being deleted counts exactly once: as a
# row, or in DeletedTally.
COUNT = f"""
    SELECT name, detail, sum(number) FROM (
        SELECT 'received' AS name, '' AS detail, count(*) AS number
        FROM voices_submission
        WHERE {within("submitted_at")} AND {RECEIVED_SQL}
        UNION ALL
        SELECT 'confirmed', '', count(*) FROM voices_signature
        WHERE {within("confirmed_at")}
        UNION ALL
        SELECT 'quarantined', '', count(*) FROM voices_signature
        WHERE {within("confirmed_at")} AND {WAS_QUARANTINED_SQL}
        UNION ALL
        SELECT 'withdrawn', '', count(*) FROM voices_signature
        WHERE {within("withdrawn_at")}
        UNION ALL
        SELECT name, '', change FROM voices_deletedtally WHERE month = %(month)s
        UNION ALL
        SELECT 'invalidated', '', count - coalesce((
            SELECT sum(count) FROM voices_invalidation AS later
            WHERE of_id = invalidation.id
        ), 0)
        FROM voices_invalidation AS invalidation
        WHERE {within("at")} AND kind = 'invalidated' AND NOT EXISTS (
            SELECT FROM voices_invalidation AS undo
            WHERE undo.of_id = invalidation.id AND undo.kind = 'undone'
        )
        UNION ALL
        SELECT CASE kind
                WHEN 'correction-taken' THEN 'published'
                WHEN 'correction-left' THEN 'declined'
                ELSE kind
            END,
            CASE WHEN kind IN ('declined', 'correction-left') THEN label ELSE '' END,
            count(*)
        FROM voices_decision AS decision
        LEFT JOIN voices_reason AS reason ON reason.id = reason_id
        WHERE {within("at")} AND {STANDS} AND kind IN (
            'published', 'correction-taken', 'declined', 'correction-left',
            'changes-asked', 'taken-down'
        )
        GROUP BY 1, 2
        UNION ALL
        SELECT 'appealed', '', count(*) FROM voices_appeal WHERE {within("at")}
        UNION ALL
        SELECT {RESULT_SQL}, '', count(*)
        FROM voices_decision AS decision
        JOIN voices_appeal ON answer_id = decision.id
        WHERE {within("decision.at")}
        GROUP BY 1
        UNION ALL
        SELECT 'counted', '', change FROM voices_daytally
        WHERE day >= %(month)s AND day < %(next)s
        UNION ALL
        SELECT 'on-the-wall', '', count(*) FROM voices_voice
        WHERE {within("wall_order")} AND {PUBLIC_SQL}
    ) AS figure
    GROUP BY name, detail
"""  # noqa: S608 - constants
ANSWERS = "('published', 'declined', 'changes-asked')"
# How long voices waited for their first decision, from the confirmation or from the
# release from quarantine. An erased signature has no confirmation anymore, so its voice
# isn't included.
MEDIAN = f"""
    SELECT count(*), percentile_disc(0.5) WITHIN GROUP (ORDER BY minutes) FROM (
        SELECT floor(extract(epoch FROM decision.at - greatest(confirmed_at, (
            SELECT max(at) FROM voices_decision AS release
            WHERE release.voice_id = decision.voice_id
                AND release.id < decision.id AND release.kind = 'released'
        ))) / 60)::bigint AS minutes
        FROM voices_decision AS decision
        JOIN voices_signature ON voices_signature.voice_id = decision.voice_id
        WHERE {within("decision.at")} AND kind IN {ANSWERS} AND NOT EXISTS (
            SELECT FROM voices_decision AS earlier
            WHERE earlier.voice_id = decision.voice_id AND earlier.id < decision.id
                AND earlier.kind IN {ANSWERS}
        )
    ) AS waits
"""  # noqa: S608 - constants


class Figure(NamedTuple):
    name: str
    detail: str
    number: int


def store_closed_months() -> list[date]:
    """Store the figures of each month that is over and has none; return these months.

    Each month is one transaction, so an interrupted run leaves whole months.
    """
    stored = MonthFigure.objects.filter(name=FIRST).values_list("month", flat=True)
    missing = [month for month in closed_months() if month not in {*stored}]
    return [month for month in missing if store(month)]


def closed_months() -> Iterator[date]:
    """Yield the first day of each month from the first submission's to the last one."""
    first = first_month()
    while first and first < this_month():
        yield first
        first = after(first)


def first_month() -> date | None:
    """Return the month of the site's first submission, or None if there is none."""
    moments = [
        Submission.objects.aggregate(first=Min("submitted_at"))["first"],
        Signature.objects.aggregate(first=Min("confirmed_at"))["first"],
    ]
    deleted = DeletedTally.objects.aggregate(first=Min("month"))["first"]
    days = [timezone.localdate(moment) for moment in moments if moment]
    earliest = min([*days, *([deleted] if deleted else [])], default=None)
    return earliest and earliest.replace(day=1)


def this_month() -> date:
    return timezone.localdate().replace(day=1)


def after(month: date) -> date:
    """Return the first day of the month after this one."""
    return (month + timedelta(days=31)).replace(day=1)


@transaction.atomic
def store(month: date) -> bool:
    """Store a month's figures, unless they are stored; return whether this call did.

    If two workers count the same month, the second one waits at the unique constraint
    until the first one is done, and stores nothing.
    """
    figures = count(month)
    first = next(each for each in figures if each.name == FIRST)
    _, created = MonthFigure.objects.get_or_create(
        month=month,
        name=first.name,
        detail=first.detail,
        defaults={"number": first.number},
    )
    if created:
        MonthFigure.objects.bulk_create(
            MonthFigure(month=month, **each._asdict())
            for each in figures
            if each is not first
        )
    return created


def count(month: date) -> list[Figure]:
    """Return a month's figures as they are now."""
    values = {
        "month": month,
        "next": after(month),
        "since": midnight(month),
        "until": midnight(after(month)),
    }
    found = {(name, ""): 0 for name in NAMES}
    with connection.cursor() as cursor:
        cursor.execute(COUNT, values)
        for name, detail, number in cursor:
            found[name, detail or ""] = max(0, int(number))
        cursor.execute(MEDIAN, values)
        decided, wait = cursor.fetchone()
    found[DECIDED_FIRST, ""] = decided
    if wait is not None:
        found[WAIT, ""] = max(0, wait)
    return [Figure(*key, number) for key, number in found.items()]


def midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))
