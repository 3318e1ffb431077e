"""Bulk decisions: a moderator's verdict on many selected voices, as one batch.

The moderator first sees the number of voices, a sample, and what will happen to them.
The verdict is given only if the selection is still the same by then. Any number of
voices takes the same number of statements, in one transaction. undo_batch.py undoes a
batch.
"""

from collections.abc import Collection
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import CharField, Func, Q, StringAgg, TextField, Value
from django.db.models.functions import MD5, Cast

from voices.moderation import decide, verdicts
from voices.moderation.batches import Batch
from voices.moderation.readings import Verdict
from voices.moderation.verdicts import Outcome, Wish
from voices.wall.appeals import Appeal
from voices.wall.models import Voice, VoiceQuerySet

# One transaction locks all of the voices, and has to be done before the HTTP cache
# gives up on the request.
MOST = 10_000
SAMPLE = 10


class ChangedError(Exception):
    """The voices aren't those that the moderator saw; nothing was decided."""


@dataclass
class Preview:
    """What a verdict on many voices would do."""

    count: int
    # The checksum of the voices.
    seen: str
    # The number of voices that the verdict takes effect on, and of those that need a
    # second reader.
    done: int
    to_second: int
    # The numbers of those that are left out, by reason.
    left_out: dict[str, int]
    # The ID of a voice that the verdict applies to, or None.
    example: int | None


def pick(voices: VoiceQuerySet) -> list[int]:
    """Return the voices' IDs; if there are more than MOST, return MOST + 1 of them."""
    # Without an order, because PostgreSQL might sort all of the rows first.
    return list(voices.order_by().values_list("pk", flat=True)[: MOST + 1])


def preview(ids: Collection[int], by: User, verdict: Verdict) -> Preview:
    alone = one_at_a_time(ids)
    rest = set(ids).difference(*alone.values())
    planned = verdicts.plan(rest, by, verdict)
    groups = {
        **alone,
        "Read by someone else now, or on hold": planned.busy,
        "For another moderator: your own statement, an appeal against your decision, "
        "or a statement that you read first": planned.barred,
    }
    left_out = {reason: len(some) for reason, some in groups.items() if some}
    done, to_second = len(planned.alone), len(planned.first)
    if others := len(ids) - sum(left_out.values()) - done - to_second:
        left_out["The decision doesn’t apply to them"] = others
    example = min(planned.alone | planned.first, default=None)
    return Preview(len(ids), checksum(ids), done, to_second, left_out, example)


def one_at_a_time(ids: Collection[int]) -> dict[str, set[int]]:
    """Return the IDs of voices that are left out of bulk decisions, by reason."""
    own_page = Q(corrected_at__isnull=False) | Q(first_read_at__isnull=False)
    found = Voice.objects.filter(own_page, pk__in=ids).order_by()
    dates = list(found.values_list("pk", "corrected_at", "first_read_at"))
    appeals = Appeal.objects.still_open().filter(voice__in=ids).order_by()
    appealed = set(appeals.values_list("voice", flat=True))
    corrected = {pk for pk, corrected_at, _ in dates if corrected_at} - appealed
    read = {pk for pk, _, read_at in dates if read_at} - appealed - corrected
    return {
        "With an open appeal; decide one at a time": appealed,
        "With a pending correction; decide one at a time": corrected,
        "Waiting for a second reader or a lead; decide one at a time": read,
    }


def sample(ids: Collection[int]) -> list[Voice]:
    """Return up to SAMPLE voices, in a pseudorandom order that stays the same."""
    spread = Voice.objects.filter(pk__in=ids).order_by(MD5(Cast("pk", CharField())))
    return list(spread[:SAMPLE])


def checksum(ids: Collection[int]) -> str:
    """Return a checksum of voices' IDs, and of what moderators and authors change."""
    state = Func(
        Value(" "),
        *("pk", "status", "review_since"),
        *("reported_at", "corrected_at", "first_read_at"),
        function="concat_ws",
        output_field=TextField(),
    )
    states = StringAgg(state, Value(","), order_by="pk")
    found = Voice.objects.filter(pk__in=ids).order_by().aggregate(all=MD5(states))
    return f"{len(ids)}-{found['all'] or ''}"


@dataclass
class Done:
    """What a bulk decision did; `batch` is None if no voice got the verdict."""

    batch: Batch | None
    outcome: Outcome
    # The number of voices that have to be decided one at a time.
    left_out: int


@transaction.atomic
def give(voices: VoiceQuerySet, seen: str, by: User, wish: Wish) -> Done:
    """Give a verdict on these voices, if they are the ones that the moderator saw.

    `seen` is the checksum of what the moderator saw. Raises ChangedError if it is
    different now.
    """
    ids = pick(voices)
    if not ids or len(ids) > MOST:
        raise ChangedError
    decide.lock(Voice.objects.filter(pk__in=ids))
    if checksum(ids) != seen:
        raise ChangedError
    rest = set(ids).difference(*one_at_a_time(ids).values())
    batch = Batch.objects.create(kind=wish.verdict, reason=wish.reason, by=by)
    outcome = verdicts.give(Voice.objects.filter(pk__in=rest), by, wish, batch=batch)
    done = Done(batch, outcome, len(ids) - len(rest))
    batch.count, batch.to_second = len(outcome.done), len(outcome.to_second)
    if batch.count or batch.to_second:
        batch.save(update_fields=["count", "to_second"])
    else:
        batch.delete()
        done.batch = None
    return done
