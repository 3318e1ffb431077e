"""What authors were last told about their voices, and whether it still holds.

Letters don't refer to decisions. A letter about a decision is queued right after it, in
the same transaction, while the voice is locked. So it is about the voice's latest
decision of that kind at the time.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import prefetch_related_objects
from django.utils import timezone

from voices.letters.models import Letter
from voices.wall.models import Status, Voice

# The kind of letter that tells the author about each of these kinds of decisions.
LETTERS = {
    "published": Letter.Kind.PUBLISHED,
    "correction-taken": Letter.Kind.PUBLISHED,
    "declined": Letter.Kind.DECLINED,
    "correction-left": Letter.Kind.CORRECTION_DECLINED,
    "changes-asked": Letter.Kind.CHANGES_ASKED,
    "taken-down": Letter.Kind.TAKEN_DOWN,
    "edit-proposed": Letter.Kind.EDIT_PROPOSED,
}
# The decisions of these kinds that need a letter of correction when they are undone. A
# proposed edit needs none: nothing changes unless its author approves it.
CORRECTED = LETTERS.keys() - {"edit-proposed"}
KINDS = {LETTERS[kind] for kind in CORRECTED} | {Letter.Kind.REVERSED}


class Sent(NamedTuple):
    """A letter that was sent, or may have been."""

    kind: str
    queued_at: datetime


def find_reversed(
    voices: Iterable[Voice], *, besides: Letter | None = None, undoing: Any = None
) -> dict[int, Any]:
    """Return the undone decisions that authors should be told about, by voice ID.

    These are the decisions that the authors were last told about, if that isn't so
    anymore and nothing else has taken their place. `besides` is the letter that is
    about to say so. `undoing` is a decision to be treated as undone; the voices must
    then have the fields that undoing it would give them.
    """
    by_id = {voice.pk: voice for voice in voices}
    found = {}
    for voice_id, decision in last_told(by_id.values(), besides=besides).items():
        voice = by_id[voice_id]
        undone = {*undone_at(voice)} | ({undoing.pk} if undoing else set())
        if decision.pk not in undone:
            continue
        # The same decision may have been made again.
        again = any(
            each.kind == decision.kind and each.pk > decision.pk
            for each in voice.decisions.all()
            if each.pk not in undone
        )
        if not again and is_off(decision, voice):
            found[voice_id] = decision
    return found


def last_told(
    voices: Iterable[Voice], *, besides: Letter | None = None
) -> dict[int, Any]:
    """Return the decisions that authors were last told about, by voice ID.

    Takes two queries. A letter of correction also says how things are then, so after
    one, an author knows the latest decision that wasn't undone when it was queued. We
    assume the same of authors whose letters are no longer stored.
    """
    voices = list(voices)
    prefetch_related_objects(voices, "decisions")
    sent = find_sent(voices, besides)
    oldest = timezone.now() - timedelta(days=settings.MAIL_LOG_KEPT_DAYS)
    found = {}
    for voice in voices:
        letter = sent.get(voice.pk, Sent(Letter.Kind.REVERSED, oldest))
        if decision := decision_told(voice, letter):
            found[voice.pk] = decision
    return found


def find_sent(voices: Iterable[Voice], besides: Letter | None) -> dict[int, Sent]:
    """Return the latest letter about a decision to each author, by voice ID."""
    letters = Letter.objects.perhaps_sent().filter(
        signature__voice__in=[voice.pk for voice in voices], kind__in=KINDS
    )
    if besides:
        letters = letters.exclude(pk=besides.pk)
    rows = letters.order_by("pk").values_list("signature__voice", "kind", "queued_at")
    # The latest letter of each voice comes last.
    return {voice_id: Sent(kind, at) for voice_id, kind, at in rows}


def decision_told(voice: Voice, letter: Sent) -> Any:
    """Return the latest decision that this letter is about, or None."""
    undone = undone_at(voice)
    for decision in voice.decisions.all():
        if decision.kind not in CORRECTED or decision.at > letter.queued_at:
            continue
        if letter.kind == LETTERS[decision.kind]:
            return decision
        known = decision.pk not in undone or undone[decision.pk] > letter.queued_at
        if letter.kind == Letter.Kind.REVERSED and known:
            return decision
    return None


def undone_at(voice: Voice) -> dict[int, datetime]:
    """Return when each undone decision of the voice was undone, by its ID."""
    return {each.undoes_id: each.at for each in voice.decisions.all() if each.undoes_id}


def is_off(decision: Any, voice: Voice) -> bool:
    """Return whether a letter may say that this decision has been reversed.

    It may not if something else has happened to the voice since; then the letter would
    be wrong or of no use.
    """
    unpublished = {Status.WAITING, Status.SET_ASIDE, Status.CHANGES_ASKED}
    match decision.kind:
        case "published":
            # A moderator may have declined it since without telling the author.
            return voice.status in unpublished | {Status.DECLINED}
        case "declined":
            return voice.status in unpublished
        case "changes-asked":
            return is_read_again(voice) and not voice.awaits_changes
        case "correction-left":
            return voice.is_published and is_read_again(voice)
        case _:
            return voice.is_published


def is_read_again(voice: Voice) -> bool:
    """Return whether a moderator will read the voice, or a correction of it."""
    return voice.is_in_review or (voice.is_published and voice.corrected_at is not None)
