"""Measure how long letters wait at the current sending rate.

The worker counts waiting letters once a minute, and stores the wait in the cache that
all processes share. So a page reads one cache entry, however many letters wait. Every
visitor is told the same wait, so it reveals nothing about an address or a network.
"""

import logging
from datetime import datetime
from math import ceil

from django.core.cache import cache
from django.utils import timezone

from core.counts import Many, count_up_to
from voices.letters.models import Letter, LetterQuerySet, SendingRate
from voices.letters.take import KEPT_FREE, SLOW_SHARE

logger = logging.getLogger(__name__)

Lane = Letter.Lane
KEY, ALARM_KEY = "voices.mail-wait", "voices.mail-wait-alarm"
# Visitors are told about a wait of at least TOLD minutes, and staff are alerted to a
# wait of more than ALARMING minutes.
TOLD, ALARMING = 3, 10
# The longest wait that is measured, in minutes. Letters that would wait longer aren't
# counted.
MAX_MINUTES = 12 * 60
# In each lane, staff see the exact number of waiting letters up to this number.
MAX_COUNTED = 10_000
HOUR = 60 * 60


def measure() -> None:
    """Measure and cache the wait that minutes() returns; alert staff if it is long."""
    rate = clean_rate(SendingRate.objects.current())
    waiting = due(timezone.now()).filter(lane=Lane.CLEAN)
    minutes = ceil(waiting[: MAX_MINUTES * rate].count() / rate)
    cache.set(KEY, minutes, timeout=5 * 60)
    if minutes > ALARMING and cache.add(ALARM_KEY, "", timeout=HOUR):
        logger.warning("Letters that people wait for take %s minutes.", minutes)


def minutes() -> int:
    """Return how many minutes a letter in the clean lane will wait; 0 if unknown."""
    return cache.get(KEY, 0)


def in_words(minutes: int) -> str:
    """Return "about 20 minutes" or the like, rounded up; "" for a short wait."""
    if minutes < TOLD:
        return ""
    if minutes > 90:
        return f"about {ceil(minutes / 60)} hours"
    return f"about {minutes if minutes <= 10 else ceil(minutes / 5) * 5} minutes"


def by_lane() -> list[tuple[Lane, int, int]]:
    """Return each lane, its number of due letters, and the minutes to send them.

    The minutes include the wait for lanes that are sent first. If a number of letters
    is Many, so are the minutes that depend on it.
    """
    rate = SendingRate.objects.current()
    letters = due(timezone.now())
    counts = {
        lane: count_up_to(MAX_COUNTED, letters.filter(lane=lane)) for lane in Lane
    }
    rates = dict.fromkeys(Lane, rate - rate / KEPT_FREE)
    rates |= {Lane.CLEAN: clean_rate(rate), Lane.SLOW: rate / SLOW_SHARE}
    found, before, before_is_many = [], 0.0, False
    for lane in Lane:
        own = counts[lane] / rates[lane]
        is_many = isinstance(counts[lane], Many)
        # The slow lane has a share of the rate. The other lanes are sent one after
        # another, so each also waits for the lanes before it.
        if lane != Lane.SLOW:
            own = before = before + own
            is_many = before_is_many = before_is_many or is_many
        found.append((lane, counts[lane], Many(ceil(own)) if is_many else ceil(own)))
    return found


def clean_rate(rate: int) -> int:
    """Return the part of the rate that isn't for the slow lane; at least 1."""
    return max(rate - rate // SLOW_SHARE, 1)


def due(now: datetime) -> LetterQuerySet:
    """Return the letters that are due and have not been tried yet."""
    return Letter.objects.waiting().filter(send_at__lte=now).order_by()
