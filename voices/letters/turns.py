"""Fair queuing: in a lane, networks take turns, however many letters each has waiting.

This is start-time fair queuing. A letter's turn is one higher than its network's latest
turn, or the turn that the lane has reached, whichever is higher. So if a network has
nothing waiting, its new letter is among the next to be sent. Nobody gets ahead by
sending more, and taking the next letter is one index lookup.
"""

from django.db import connection
from django.db.models import Max

from voices.letters.models import Letter, Turn

# The SELECT finds the turn that the lane has reached: the highest turn of a letter that
# was taken for sending.
NEXT_TURN = """
    INSERT INTO voices_turn AS known (lane, network_hash, turn)
    SELECT %(lane)s::text, %(network_hash)s::text, coalesce(max(turn), 0)
    FROM voices_letter
    WHERE lane = %(lane)s AND taken_at IS NOT NULL
    ON CONFLICT (lane, network_hash)
    DO UPDATE SET turn = greatest(known.turn + 1, excluded.turn)
    RETURNING turn
"""


def next_turn(lane: Letter.Lane, network_hash: str) -> int:
    """Assign a turn to a letter that joins the lane now, and return the turn.

    This function waits for other transactions that queue letters of the same network,
    so call it late in your transaction.
    """
    with connection.cursor() as cursor:
        cursor.execute(NEXT_TURN, {"lane": lane.value, "network_hash": network_hash})
        return cursor.fetchone()[0]


def current_turn(lane: Letter.Lane) -> int:
    """Return the highest turn of a letter taken for sending in this lane; 0 if none."""
    taken = Letter.objects.filter(lane=lane, taken_at__isnull=False)
    return taken.aggregate(turn=Max("turn"))["turn"] or 0


def forget_turns() -> int:
    """Delete the Turn rows that aren't ahead of their lane; return how many."""
    gone = 0
    for lane in Letter.Lane:
        passed = Turn.objects.filter(lane=lane, turn__lte=current_turn(lane))
        gone += passed.delete()[0]
    return gone
