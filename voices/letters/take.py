"""Choose the next letters to send; all lanes, senders, and workers share one rate.

When a sender takes a letter, other senders leave the letter alone for LEASE. If the
first sender dies before trying to send it, another sender takes it when the lease ends.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import connection, transaction
from django.db.models import Count, Q
from django.utils import timezone

from core.locks import LETTERS, lock_site
from voices.letters.models import Attempt, Letter, SendingRate

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
# The lanes besides the slow lane, in the order in which their letters are sent.
LANES = (Lane.CLEAN, Lane.NOTICE, Lane.UPDATE)

# The first letters due in each lane, in one round trip and with one index range for
# each lane. It skips rows that another transaction, such as an erasure, has locked.
FIRST = """
    SELECT id, first.lane, attempts > 0 FROM unnest(%(lanes)s::text[]) AS lanes (name)
    CROSS JOIN LATERAL (
        SELECT id, lane, attempts, turn FROM voices_letter
        WHERE sent_at IS NULL AND dropped_at IS NULL
            AND lane = lanes.name AND send_at <= %(now)s
        ORDER BY attempts, turn, id
        LIMIT %(most)s
        FOR UPDATE SKIP LOCKED
    ) AS first
    ORDER BY attempts, turn, id
"""
CLAIM = """
    WITH taken AS (
        UPDATE voices_letter SET taken_at = %(now)s, send_at = %(lease_end)s
        WHERE id = ANY(%(ids)s) RETURNING id, address_hash, lane
    )
    INSERT INTO voices_attempt (letter_number, address_hash, lane, at, perhaps_sent)
    SELECT id, address_hash, lane, %(now)s, false FROM taken
"""


class Taken(NamedTuple):
    """IDs of the letters that a sender took at once, and when the sender took them."""

    ids: list[int]
    at: datetime


class Due(NamedTuple):
    """A letter that is due, with its lane, and whether it was tried before."""

    pk: int
    lane: Lane
    is_retry: bool

    @property
    def place(self) -> tuple[bool, int]:
        return self.is_retry, LANES.index(self.lane)


def take() -> Taken:
    """Take the next letters that may be sent now."""
    now = timezone.now()
    # Most polls find nothing, so look before starting a transaction.
    if not Letter.objects.in_flight().filter(send_at__lte=now).exists():
        return Taken([], now)
    return take_due()


@transaction.atomic
def take_due() -> Taken:
    # Only one sender at a time chooses letters, so that the rate is exact.
    lock_site(LETTERS)
    now = timezone.now()
    ids = choose(now)
    if ids:
        claim(ids, now)
    return Taken(ids, now)


def choose(now: datetime) -> list[int]:
    """Return the IDs of the letters that may be sent now, in the order to send them."""
    rate = SendingRate.objects.current()
    room, room_for_notices = find_room(rate, now)
    if room <= 0:
        return []
    letters = find_first(now, room)
    slow = [letter.pk for letter in letters if letter.lane == Lane.SLOW][:1]
    slow = slow if slow and is_slow_lane_due(rate, now) else []
    room, room_for_notices = room - len(slow), room_for_notices - len(slow)
    ids: list[int] = []
    # Outside the slow lane, retries come after all untried letters, whatever their
    # lanes. Otherwise, retries to dead addresses would delay everybody else's letters.
    others = [letter for letter in letters if letter.lane in LANES]
    for letter in sorted(others, key=lambda letter: letter.place):
        most = room if letter.lane == Lane.CLEAN else min(room, room_for_notices)
        if len(ids) < most:
            ids.append(letter.pk)
    return ids + slow


def find_first(now: datetime, most: int) -> list[Due]:
    """Lock and return the letters that are due, the first `most` of each lane."""
    with connection.cursor() as cursor:
        cursor.execute(FIRST, {"lanes": Lane.values, "now": now, "most": most})
        return [Due(*row) for row in cursor.fetchall()]


def claim(ids: list[int], now: datetime) -> None:
    """Lease these letters to this sender, and count them toward the rate."""
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, {"ids": ids, "now": now, "lease_end": now + LEASE})


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


@transaction.atomic
def give_back(taken: Taken, ids: list[int]) -> None:
    """End the lease on letters that this sender took but hasn't tried to send."""
    untouched = Letter.objects.in_flight().filter(pk__in=ids, taken_at=taken.at)
    untouched.update(taken_at=None, send_at=taken.at)
    Attempt.objects.filter(letter_number__in=ids, at=taken.at).delete()
