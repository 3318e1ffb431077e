"""A moderator's verdict on voices: it takes effect, or it waits for a second reader.

Everything that moderators decide goes through `give`. In one transaction, it leaves out
the voices that this moderator may not decide on, hands those that need two readers to
the second one, and decides on the rest (decide.py).
"""

from collections.abc import Collection
from dataclasses import dataclass, field

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import OuterRef, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.crypto import salted_hmac

from voices.moderation import decide, undoing
from voices.moderation.batches import Batch
from voices.moderation.claims import Claim
from voices.moderation.decide import own_voices
from voices.moderation.holds import Hold
from voices.moderation.models import Decision, Reason, ReviewRule
from voices.moderation.readings import Reading, Verdict
from voices.reports.models import Report
from voices.wall.models import UNFLAGGED, Status, Voice, VoiceQuerySet

Kind = Decision.Kind


@dataclass(frozen=True)
class Wish:
    """What a moderator wants done, with what the author is told.

    `reason` goes with DECLINE and TAKE_DOWN, `text` with CHANGES. If `tell` is false, a
    decline sends no email. `seconds` is how long the moderator had the voice open.
    """

    verdict: Verdict
    reason: Reason | None = None
    text: str = ""
    tell: bool = True
    seconds: int | None = None


@dataclass
class Outcome:
    """What became of the voices, by their IDs."""

    # The wish took effect.
    done: list[int] = field(default_factory=list)
    # It was the first verdict, and a second reader is needed.
    to_second: list[int] = field(default_factory=list)
    # It was the second verdict, and differs from the first: a lead decides.
    disputed: list[int] = field(default_factory=list)
    # Somebody else is reading the voice, or it is on hold.
    busy: list[int] = field(default_factory=list)
    # This moderator may not decide: it is their own statement, an appeal against their
    # own decision, or they gave the first verdict.
    barred: list[int] = field(default_factory=list)


@dataclass
class Plan:
    """What a verdict would do to voices; see Outcome."""

    busy: set[int]
    barred: set[int]
    # It would take effect, because one reader is enough.
    alone: set[int]
    # It would be the first verdict of two.
    first: set[int]
    # It would be the second verdict, or a lead's decision.
    second: list[Reading]
    lead: list[Reading]


@transaction.atomic
def give(
    voices: VoiceQuerySet, by: User, wish: Wish, *, batch: Batch | None = None
) -> Outcome:
    """Give a verdict on these voices.

    Voices that the verdict doesn't apply to, such as a published one to PUBLISH, are
    left alone. The number of statements doesn't depend on the number of voices, except
    that each pending correction takes two, and undoing what a first reader took down
    takes some for each voice.
    """
    ids = set(decide.lock(voices))
    planned = plan(ids, by, wish.verdict)
    apply(wish, planned.alone, by, batch)
    read_first(wish, planned.first, by, batch)
    agreed, disputed = read_second(wish, planned.second, by, batch)
    settled = settle(wish, planned.lead, by, batch)
    outcome = Outcome(
        done=sorted([*planned.alone, *agreed, *settled]),
        to_second=sorted(planned.first),
        disputed=disputed,
        busy=sorted(planned.busy),
        barred=sorted(planned.barred),
    )
    Claim.objects.drop(ids - planned.busy, by)
    decided = [*outcome.done, *outcome.to_second, *outcome.disputed]
    Hold.objects.filter(voice__in=decided).delete()
    return outcome


def plan(ids: Collection[int], by: User, verdict: Verdict) -> Plan:
    """Return what would happen to these voices if this moderator gave this verdict."""
    found = Plan(busy(ids, by), set(), set(), set(), [], [])
    free = set(ids) - found.busy
    found.barred = barred(free, by)
    free -= found.barred
    readings = {
        each.voice_id: each
        for each in Reading.objects.still_open().filter(voice__in=free)
    }
    applies = applicable(verdict, free)
    new = applies - readings.keys()
    applies |= {
        each.voice_id
        for each in readings.values()
        if each.decision_id and verdict in {Verdict.KEEP, Verdict.TAKE_DOWN}
    }
    for reading in readings.values():
        if reading.second_at is None and may_read_second(by, reading):
            readers = found.second
        elif reading.second_at is not None and by.has_perm("voices.settle_reading"):
            readers = found.lead
        else:
            found.barred.add(reading.voice_id)
            continue
        if reading.voice_id in applies:
            readers.append(reading)
    found.first = needing_two(new)
    found.alone = new - found.first
    return found


def busy(ids: Collection[int], by: User) -> set[int]:
    """Return the IDs of voices that somebody else is reading, or that are on hold."""
    claimed = Claim.objects.of_others(by).filter(voice__in=ids).order_by()
    held = Hold.objects.in_effect().filter(voice__in=ids).order_by()
    return {*claimed.values_list("voice", flat=True)} | {
        *held.values_list("voice", flat=True)
    }


def barred(ids: Collection[int], by: User) -> set[int]:
    """Return the IDs of this moderator's own voices, and of appeals against them."""
    own = own_voices(by).filter(pk__in=ids).order_by()
    appeals = decide.own_appeals(by).filter(voice__in=ids).order_by()
    return {*own.values_list("pk", flat=True)} | {
        *appeals.values_list("voice", flat=True)
    }


def may_read_second(by: User, reading: Reading) -> bool:
    return reading.first_by_id != by.pk and by.has_perm("voices.second_read")


def applicable(verdict: Verdict, ids: Collection[int]) -> set[int]:
    """Return the IDs of the voices to which the verdict applies now."""
    applies = {
        Verdict.PUBLISH: Q(status__in=[Status.WAITING, Status.CHANGES_ASKED]),
        Verdict.DECLINE: Q(status__in=[Status.WAITING, Status.CHANGES_ASKED]),
        Verdict.CHANGES: Q(status=Status.WAITING),
        Verdict.KEEP: Q(reported_at__isnull=False)
        | Q(pk__in=Report.objects.still_open().filter(voice__in=ids).values("voice")),
        Verdict.TAKE_DOWN: Q(status=Status.PUBLISHED),
    }[verdict]
    if verdict in {Verdict.PUBLISH, Verdict.DECLINE, Verdict.CHANGES}:
        applies |= Q(status=Status.PUBLISHED, corrected_at__isnull=False)
    found = Voice.objects.filter(applies, pk__in=ids)
    return set(found.values_list("pk", flat=True))


def needing_two(ids: Collection[int]) -> set[int]:
    """Return the IDs of voices that need two readers.

    These are all that are flagged, edited, or reported, and a percentage of the others.
    """
    if not ids:
        return set()
    plain = Voice.objects.filter(UNFLAGGED, edited="", reported_at=None, pk__in=ids)
    rest = set(plain.values_list("pk", flat=True))
    percentage = ReviewRule.objects.percentage()
    return set(ids) - {pk for pk in rest if draw(pk) >= percentage}


def draw(voice_id: int) -> int:
    """Return this voice's number from 0 to 99, which nobody can predict or repeat."""
    key = "voices.second-reading"
    digest = salted_hmac(key, str(voice_id), algorithm="sha256").digest()
    return int.from_bytes(digest[:4]) % 100


def apply(
    wish: Wish, ids: Collection[int], by: User, batch: Batch | None = None
) -> None:
    """Let the wish take effect on these voices, to which it applies."""
    if not ids:
        return
    voices = Voice.objects.filter(pk__in=ids)
    log = {"seconds": wish.seconds, "batch": batch}
    match wish.verdict:
        case Verdict.PUBLISH:
            decide.publish(voices, by, **log)
        case Verdict.DECLINE:
            decide.decline(voices, by, reason_of(wish), tell=wish.tell, **log)
        case Verdict.CHANGES:
            decide.ask_changes(voices, by, wish.text, **log)
        case Verdict.KEEP:
            decide.keep(voices, by, **log)
        case Verdict.TAKE_DOWN:
            decide.take_down(voices, by, reason_of(wish), **log)


def reason_of(wish: Wish) -> Reason:
    if wish.reason is None:
        raise ValueError(f"{wish.verdict} needs a reason.")
    return wish.reason


def read_first(
    wish: Wish, ids: Collection[int], by: User, batch: Batch | None = None
) -> None:
    """Store the first verdict on these voices.

    A verdict to take down takes effect at once, because the words may harm somebody.
    """
    if not ids:
        return
    taken = {}
    if wish.verdict == Verdict.TAKE_DOWN:
        apply(wish, ids, by, batch)
        made = Decision.objects.filter(kind=Kind.TAKEN_DOWN, undone_by=None)
        taken = dict(made.filter(voice__in=ids).values_list("voice_id", "pk"))
    now = timezone.now()
    Reading.objects.bulk_create(
        Reading(
            voice=voice,
            urgency=urgency(voice),
            since=voice.review_since or now,
            first_by=by,
            first_verdict=wish.verdict,
            first_reason=wish.reason,
            first_text=wish.text,
            first_seconds=wish.seconds,
            batch=batch,
            decision_id=taken.get(voice.pk),
        )
        for voice in Voice.objects.filter(pk__in=ids).order_by("pk")
    )


def urgency(voice: Voice) -> int:
    """Return the voice's place in REVIEW_ORDER: reported, corrected, or any other."""
    if voice.reported_at or voice.status == Status.TAKEN_DOWN:
        return 0
    return 1 if voice.corrected_at else 2


def read_second(
    wish: Wish, readings: Collection[Reading], by: User, batch: Batch | None = None
) -> tuple[list[int], list[int]]:
    """Store the second verdict; if it agrees with the first one, let it take effect.

    Returns the IDs of the voices that were decided on, and of the disputed ones.
    """
    agreed = [each for each in readings if each.first_verdict == wish.verdict]
    disputed = [each for each in readings if each.first_verdict != wish.verdict]
    verdict = {
        "second_by": by,
        "second_verdict": wish.verdict,
        "second_reason": wish.reason,
        "second_seconds": wish.seconds,
        "second_at": Now(),
    }
    close(agreed, **verdict)
    stored = Reading.objects.filter(pk__in=[each.pk for each in disputed])
    stored.update(second_text=wish.text, **verdict)
    # A voice that the first reader took down is down already.
    apply(wish, [each.voice_id for each in agreed if not each.decision_id], by, batch)
    link(agreed, by)
    return [each.voice_id for each in agreed], [each.voice_id for each in disputed]


def settle(
    wish: Wish, readings: Collection[Reading], by: User, batch: Batch | None = None
) -> list[int]:
    """Let a lead's verdict take effect where two readers disagreed.

    Returns the IDs of the voices.
    """
    close(readings, settled_by=by)
    taken = [each.voice_id for each in readings if each.decision_id]
    if taken and wish.verdict != Verdict.TAKE_DOWN:
        # The first reader took the voice down at once.
        undoing.undo(Voice.objects.filter(pk__in=taken), by)
        apply(wish, taken, by, batch)
    apply(wish, [each.voice_id for each in readings if not each.decision_id], by, batch)
    link(readings, by)
    return [each.voice_id for each in readings]


def close(readings: Collection[Reading], **fields: object) -> None:
    """Close these readings; forget the messages to the author."""
    found = Reading.objects.filter(pk__in=[each.pk for each in readings])
    found.update(first_text="", second_text="", closed_at=Now(), **fields)


def link(readings: Collection[Reading], by: User) -> None:
    """Store which decision these readings led to, for undoing it."""
    if not readings:
        return
    made = Decision.objects.filter(voice=OuterRef("voice"), by=by).order_by("-pk")
    found = Reading.objects.filter(pk__in=[each.pk for each in readings])
    found.filter(decision=None).update(decision=made.values("pk")[:1])


@transaction.atomic
def take_back(voice_id: int, by: User) -> bool:
    """Take back this moderator's verdict while a second reader or a lead has to decide.

    Returns False if there is no such verdict.
    """
    decide.lock(Voice.objects.filter(pk=voice_id))
    reading = Reading.objects.still_open().filter(voice=voice_id).first()
    if reading is None:
        return False
    if reading.second_by_id == by.pk:
        Reading.objects.filter(pk=reading.pk).update(**undoing.NO_SECOND)
        return True
    if reading.first_by_id != by.pk or reading.second_at:
        return False
    reading.delete()
    if reading.decision_id:
        undoing.undo(Voice.objects.filter(pk=voice_id), by)
    return True


def latest_reading_of(by: User) -> Reading | None:
    """Return the reading with this moderator's latest open verdict, or None."""
    mine = Q(first_by=by, second_at=None) | Q(second_by=by)
    found = Reading.objects.still_open().filter(mine)
    return max(found, key=lambda each: each.given_at(by), default=None)
