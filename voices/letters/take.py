"""Choose the next letters to send; all lanes, senders, and workers share one rate.

When a sender takes a letter, other senders leave the letter alone for LEASE. If the
first sender dies before trying to send it, another sender takes it when the lease ends.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone

from core.locks import LETTERS, lock_site
from voices.letters.models import Attempt, Letter, LetterQuerySet, SendingRate

Lane = Letter.Lane
MINUTE = timedelta(minutes=1)
# The rate per minute also applies, in proportion, to this shorter time. Otherwise, one
# burst could use up the rate for a whole minute, and later letters would have to wait.
PACE = timedelta(seconds=10)
# The slow lane gets at most one in this many of the letters that the rate allows,
# however many wait there.
SLOW_SHARE = 10
# One in this many of the letters that the rate allows is reserved for the clean lane,
# because people are waiting for these letters.
KEPT_FREE = 4
# The most letters that one sender takes at once, to leave some to other senders.
BATCH = 10
LEASE = timedelta(minutes=1)


class Taken(NamedTuple):
    """IDs of the letters that a sender took at once, and when the sender took them."""

    ids: list[int]
    at: datetime


@transaction.atomic
def take() -> Taken:
    """Take the next letters that may be sent now."""
    # Only one sender at a time chooses letters, so that the rate is exact.
    lock_site(LETTERS)
    now = timezone.now()
    ids = choose(now)
    claim(ids, now)
    return Taken(ids, now)


def choose(now: datetime) -> list[int]:
    """Return the IDs of the letters that may be sent now, in the order to send them."""
    rate = SendingRate.objects.current()
    room, room_for_notices = find_room(rate, now)
    # Skip rows that another transaction, such as an erasure, has locked.
    letters = Letter.objects.in_flight().select_for_update(skip_locked=True)
    due = letters.filter(send_at__lte=now)
    slow = pick(due, Lane.SLOW, min(room, 1)) if is_slow_lane_due(rate, now) else []
    room, room_for_notices = room - len(slow), room_for_notices - len(slow)
    ids: list[int] = []
    # Outside the slow lane, retries come after all untried letters, whatever their
    # lanes. Otherwise, retries to dead addresses would delay everybody else's letters.
    for group in (due.filter(attempts=0), due.filter(attempts__gt=0)):
        ids += pick(group, Lane.CLEAN, room - len(ids))
        for lane in (Lane.NOTICE, Lane.UPDATE):
            ids += pick(group, lane, min(room, room_for_notices) - len(ids))
    return ids + slow


def claim(ids: list[int], now: datetime) -> None:
    """Lease these letters to this sender, and count them toward the rate."""
    letters = Letter.objects.filter(pk__in=ids)
    Attempt.objects.bulk_create(
        Attempt(letter_number=pk, address_hash=address_hash, lane=lane, at=now)
        for pk, address_hash, lane in letters.values_list("pk", "address_hash", "lane")
    )
    letters.update(taken_at=now, send_at=now + LEASE)


def find_room(rate: int, now: datetime) -> tuple[int, int]:
    """Return how many letters may be taken now, and a limit on those not from CLEAN.

    The limit may be higher than the first number. Either number may be negative.
    """
    pace = max(rate * PACE // MINUTE, 1)
    taken = Attempt.objects.filter(at__gt=now - MINUTE).aggregate(
        minute=Count("pk"), lately=Count("pk", filter=Q(at__gt=now - PACE))
    )
    room = min(rate - taken["minute"], pace - taken["lately"], BATCH)
    return room, max(rate - rate // KEPT_FREE, 1) - taken["minute"]


def is_slow_lane_due(rate: int, now: datetime) -> bool:
    latest = Attempt.objects.filter(
        lane=Lane.SLOW, at__gt=now - MINUTE * SLOW_SHARE / rate
    )
    return not latest.exists()


def pick(letters: LetterQuerySet, lane: Letter.Lane, most: int) -> list[int]:
    if most <= 0:
        return []
    first = letters.filter(lane=lane).order_by("attempts", "turn", "pk")
    return list(first.values_list("pk", flat=True)[:most])


@transaction.atomic
def give_back(taken: Taken, ids: list[int]) -> None:
    """End the lease on letters that this sender took but hasn't tried to send."""
    untouched = Letter.objects.in_flight().filter(pk__in=ids, taken_at=taken.at)
    untouched.update(taken_at=None, send_at=taken.at)
    Attempt.objects.filter(letter_number__in=ids, at=taken.at).delete()
