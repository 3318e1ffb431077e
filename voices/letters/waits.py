"""How long letters wait at the current rate.

The worker counts once a minute and stores the result in the cache that all processes
share, so a page reads one row, however many letters wait. Every visitor is shown the
same figure, so it reveals nothing about an address or a network.
"""

import logging
from datetime import datetime
from math import ceil

from django.core.cache import cache
from django.db.models import Count
from django.utils import timezone

from voices.letters.models import Letter, LetterQuerySet, SendingRate
from voices.letters.take import KEPT_FREE, SLOW_SHARE

logger = logging.getLogger(__name__)

Lane = Letter.Lane
KEY, ALARM_KEY = "voices.mail-wait", "voices.mail-wait-alarm"
# Waits in minutes: visitors are told from the first on, staff are alerted above the
# second.
TOLD, ALARMING = 3, 10
# The longest wait that is measured, in minutes; letters beyond it are not counted.
MOST = 12 * 60
HOUR = 60 * 60


def measure() -> None:
    """Cache the wait for `minutes`; alert staff to a long one at most once an hour."""
    rate = clean_rate(SendingRate.objects.current())
    waiting = due(timezone.now()).filter(lane=Lane.CLEAN)
    minutes = ceil(waiting[: MOST * rate].count() / rate)
    cache.set(KEY, minutes, timeout=5 * 60)
    if minutes > ALARMING and cache.add(ALARM_KEY, "", timeout=HOUR):
        logger.warning("Letters that people wait for take %s minutes.", minutes)


def minutes() -> int:
    """Return how long a confirmation waits, as of the last minute."""
    return cache.get(KEY, 0)


def in_words(minutes: int) -> str:
    """Return "about 20 minutes", rounded up, or "" if the wait is a short one."""
    if minutes < TOLD:
        return ""
    if minutes > 90:
        return f"about {ceil(minutes / 60)} hours"
    return f"about {minutes if minutes <= 10 else ceil(minutes / 5) * 5} minutes"


def by_lane() -> list[tuple[Lane, int, int]]:
    """Return each lane's due letters, and the minutes until all are sent."""
    rate = SendingRate.objects.current()
    counted = due(timezone.now()).values_list("lane").annotate(count=Count("pk"))
    counts = dict.fromkeys(Lane.values, 0) | dict(counted)
    rates = dict.fromkeys(Lane, rate - rate / KEPT_FREE)
    rates |= {Lane.CLEAN: clean_rate(rate), Lane.SLOW: rate / SLOW_SHARE}
    found, before = [], 0.0
    for lane in Lane:
        own = counts[lane] / rates[lane]
        # The other lanes are sent one after another; the slow lane has its own share.
        if lane != Lane.SLOW:
            own = before = before + own
        found.append((lane, counts[lane], ceil(own)))
    return found


def clean_rate(rate: int) -> int:
    """Return the rate that is left for other lanes while the slow lane is in use."""
    return max(rate - rate // SLOW_SHARE, 1)


def due(now: datetime) -> LetterQuerySet:
    """Return the letters that are due and have not been tried yet."""
    return Letter.objects.waiting().filter(send_at__lte=now).order_by()
