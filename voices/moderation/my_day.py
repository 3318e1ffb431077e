"""What a moderator has done today, for their own page in the admin."""

from datetime import datetime, time
from statistics import median
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Count, F, Q
from django.utils import timezone

from core.counts import count_up_to
from voices.moderation.claims import Skip
from voices.moderation.holds import Hold
from voices.moderation.models import Decision
from voices.moderation.readings import Reading

# Only this many of the moderator's latest decisions and readings are looked at.
LATEST = 10_000
# Skips and holds are counted up to this number.
MOST = 1000


def my_day(by: User) -> dict[str, Any]:
    """Return the counts that the page shows, of the day in the site's time zone.

    A fixed number of queries, each of which reads a limited number of rows.
    """
    today = timezone.make_aware(datetime.combine(timezone.localdate(), time()))
    # Without a limit, PostgreSQL might read all the moderator's decisions.
    latest = Decision.objects.filter(by=by).order_by("-pk").values("pk")[:LATEST]
    decisions = Decision.objects.filter(pk__in=latest, at__gte=today).order_by()
    counts = dict(decisions.values_list("kind").annotate(count=Count("pk")))
    undone = counts.pop(Decision.Kind.UNDONE, 0)
    first = Reading.objects.filter(first_by=by, first_at__gte=today).order_by()
    second = Reading.objects.filter(second_by=by, second_at__gte=today).order_by()
    # If the second reader's verdict made a decision, the decision has its seconds too.
    alone = second.filter(
        ~Q(second_verdict=F("first_verdict")) | Q(decision__by=F("first_by"))
    )
    times = decisions.values_list("seconds").union(
        first.filter(decision=None).values_list("first_seconds")[:LATEST],
        alone.values_list("second_seconds")[:LATEST],
        all=True,
    )
    # A union would have the model's order, by a column that it lacks.
    times = times.order_by()
    seconds = [each for (each,) in times if each is not None]
    return {
        "day": timezone.localdate(),
        "decided": [
            (kind.label, counts[kind]) for kind in Decision.Kind if kind in counts
        ],
        "total": sum(counts.values()),
        "undone": undone,
        "to_second": count_up_to(LATEST, first),
        "as_second": count_up_to(LATEST, second),
        "median": round(median(seconds)) if seconds else None,
        "timed": len(seconds),
        "skipped": count_up_to(MOST, Skip.objects.of(by)),
        "held": count_up_to(MOST, Hold.objects.in_effect().filter(by=by)),
        "latest": LATEST,
        "is_cut": sum(counts.values()) + undone >= LATEST,
    }
