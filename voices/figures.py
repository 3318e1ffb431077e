"""Count what the admin's Figures page shows: totals only, no personal data."""

from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Count, Q, Sum
from django.utils import timezone

from core.counts import Many
from voices.abuse.models import Arrival, Limit
from voices.models import (
    Alarm,
    DayTally,
    Letter,
    Report,
    Signature,
    Submission,
    Tag,
    Tally,
    Voice,
)
from voices.signatures.models import EXCEPTIONAL, Lane
from voices.wall.models import Status

DAYS = 14
# A day's submissions are counted only up to this number, because no total of them is
# stored.
MAX_COUNTED = 10_000
# Counts the submissions from each moment until the next one, up to a limit.
SUBMISSIONS = """
    SELECT (
        SELECT count(*) FROM (
            SELECT FROM voices_submission
            WHERE submitted_at >= since AND submitted_at < until LIMIT %s
        ) AS counted
    )
    FROM unnest(%s::timestamptz[], %s::timestamptz[])
        WITH ORDINALITY AS day (since, until, place)
    ORDER BY place
"""
KINDS = {
    Arrival.Kind.SIGN: "Adding a voice",
    Arrival.Kind.MANAGE: "Managing a voice",
    Arrival.Kind.REPORT: "Reporting a voice",
    Arrival.Kind.RANKING: "Reporting an error in the rankings",
    Arrival.Kind.FOUNDING: "Asking about a founding voice",
}


class Day(NamedTuple):
    """The submissions and counted signatures on one day in the site's time zone.

    `submissions` is Many if there are more than MAX_COUNTED.
    """

    date: date
    submissions: int
    counted: int


class LaneCount(NamedTuple):
    """The unconfirmed submissions in one lane of the email queue.

    `unmailed` is how many of these submissions haven't been sent an email yet.
    """

    label: str
    submissions: int
    unmailed: int


class AlarmCount(NamedTuple):
    """A limit that was exceeded in the last 24 hours by one kind of form.

    `hours` is the number of hours in which that happened; `latest` is the time of the
    latest alarm.
    """

    limit: str
    kind: str
    hours: int
    latest: datetime


def figures() -> dict[str, Any]:
    """Return all the counts that the admin's Figures page shows."""
    days = latest_days()
    lanes = count_lanes()
    return {
        "signatures": count_signatures(),
        "tags": count_tags(),
        "submissions": sum(lane.submissions for lane in lanes),
        "lanes": lanes,
        "alarms": list_alarms(),
        "voices": count_voices(),
        "reports": Report.objects.filter(closed_at=None).count(),
        "letters": count_letters(),
        "days": days,
        "most": int(max(max(day.submissions, day.counted) for day in days)),
    }


def count_signatures() -> dict[str, int]:
    """Count signatures by status.

    The number of counted signatures is read from the tallies. Only EXCEPTIONAL
    signatures, such as withdrawn signatures, are counted row by row.
    """
    wanted = Q(updates=True)
    many = DayTally.objects.aggregate(
        counted=Sum("change", default=0),
        wanting=Sum("change", filter=wanted, default=0),
    )
    few = Signature.objects.filter(EXCEPTIONAL).aggregate(
        withdrawn=Count("pk", filter=Q(withdrawn_at__isnull=False)),
        in_quarantine=Count(
            "pk", filter=Q(quarantined_at__isnull=False, withdrawn_at=None)
        ),
        invalidated=Count(
            "pk", filter=Q(invalidation__isnull=False, withdrawn_at=None)
        ),
        rejected=Count("pk", filter=Q(rejected_at__isnull=False)),
        bounced=Count("pk", filter=Q(bounced_at__isnull=False)),
        # Counted signatures whose signers want updates, but whose email address
        # bounced. Keep this in sync with READER in voices/letters/updates.py.
        unreached=Count(
            "pk",
            filter=wanted
            & Q(bounced_at__isnull=False, counted_at__isnull=False, withdrawn_at=None),
        ),
    )
    readers = many["wanting"] - few.pop("unreached")
    return few | {"counted": many["counted"], "readers": readers}


def count_tags() -> list[tuple[str, int]]:
    """Return the number of signatures for each tag that has any, largest first.

    The last item is the number of signatures without a tag, even if that is 0.
    """
    counts = DayTally.objects.by_tag()
    none = counts.pop("", 0)
    names = dict(Tag.objects.values_list("slug", "name"))
    known = [(names[slug], count) for slug, count in counts.items()]
    known.sort(key=lambda each: (-each[1], each[0]))
    return [*known, ("No tag", none)]


def count_lanes() -> list[LaneCount]:
    submissions = Submission.objects.unconfirmed().order_by().values_list("lane")
    counts = {
        lane: (count, unmailed)
        for lane, count, unmailed in submissions.annotate(
            count=Count("pk"), unmailed=Count("pk", filter=Q(mailed_at=None))
        )
    }
    return [LaneCount(lane.label, *counts.get(lane.value, (0, 0))) for lane in Lane]


def list_alarms() -> list[AlarmCount]:
    return [
        AlarmCount(
            Limit.Of(row["of"]).label,
            KINDS[Arrival.Kind(row["form"])],
            row["hours"],
            row["latest"],
        )
        for row in Alarm.objects.latest_day()
    ]


def count_voices() -> dict[str, Any]:
    decided = Voice.objects.filter(status__in=[Status.DECLINED, Status.TAKEN_DOWN])
    waiting, since = Voice.objects.waiting().count_and_oldest()
    return {
        "waiting": waiting,
        "waiting_since": since,
        "published": Tally.objects.published().total(),
    } | decided.aggregate(
        declined=Count("pk", filter=Q(status=Status.DECLINED)),
        taken_down=Count("pk", filter=Q(status=Status.TAKEN_DOWN)),
    )


def count_letters() -> dict[str, int]:
    week = timezone.now() - timedelta(days=7)
    return {
        "in_flight": Letter.objects.in_flight().count(),
        "dropped": Letter.objects.filter(dropped_at__gt=week).count(),
    }


def latest_days() -> list[Day]:
    """Return the counts for each of the last DAYS days, today first.

    DAYS must not exceed UNCONFIRMED_KEPT_DAYS. Earlier submissions may have been
    deleted, so the counts of earlier days would be too low.
    """
    today = timezone.localdate()
    dates = [today - timedelta(days=days) for days in range(DAYS)]
    sent = count_submissions(dates)
    counted = DayTally.objects.filter(day__gte=dates[-1]).by_day()
    return [
        Day(day, submissions, counted.get(day, 0))
        for day, submissions in zip(dates, sent, strict=True)
    ]


def count_submissions(dates: list[date]) -> list[int]:
    """Return the number of submissions on each of these days; see Day."""
    since = [midnight(day) for day in dates]
    until = [midnight(day + timedelta(days=1)) for day in dates]
    with connection.cursor() as cursor:
        cursor.execute(SUBMISSIONS, [MAX_COUNTED + 1, since, until])
        return [Many.of(count, MAX_COUNTED) for (count,) in cursor]


def midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))
