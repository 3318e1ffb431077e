"""Letters of correction, which tell authors that a decision has been reversed.

An author gets one if the decision that they were last told about is undone
(voices/letters/told.py). It waits UNDO_MINUTES, like every letter about a decision. A
decision that is made before it is sent takes its place.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db.models.functions import Now

from voices.letters.models import Letter, LetterQuerySet
from voices.letters.queue import queue_letters
from voices.letters.told import CORRECTED, find_reversed, last_told
from voices.moderation.models import Decision, Reason
from voices.signatures.models import Signature
from voices.wall.models import Voice


def unsent(voice_ids: Collection[int]) -> LetterQuerySet:
    """Return the letters of correction to these voices' authors that are in flight."""
    letters = Letter.objects.in_flight().filter(kind=Letter.Kind.REVERSED)
    return letters.filter(signature__voice__in=voice_ids)


def queue(voice_ids: Collection[int], at: datetime) -> list[int]:
    """Queue letters of correction to these voices' authors, as far as they need any.

    Call this after undoing. The letters take the place of earlier ones that are still
    in flight. Returns the IDs of the voices whose authors get a letter.
    """
    if not voice_ids:
        return []
    unsent(voice_ids).update(dropped_at=Now())
    found = find_reversed(Voice.objects.filter(pk__in=voice_ids))
    reachable = Signature.objects.filter(voice__in=found, bounced_at=None)
    queue_letters(Letter.Kind.REVERSED, reachable, at=at)
    # Letters to addresses on the suppression list aren't queued.
    return list(unsent(voice_ids).values_list("signature__voice", flat=True))


def drop(
    voice_ids: Collection[int], kind: str, reason: Reason | None, *, tell: bool
) -> set[int]:
    """Drop the letters of correction that a new decision makes pointless.

    Call this before the decision is made. Returns the IDs of the voices whose authors
    must not be told of it, because they were told the same before and don't know that
    it was undone.
    """
    if kind not in CORRECTED:
        return set()
    # Lock the letters first: a letter that a sender starts to send after this is not
    # sent, and one that it started to send before counts as sent.
    letters = unsent(voice_ids).order_by("pk").select_for_update(of=("self",))
    waiting = dict(letters.values_list("signature__voice", "pk"))
    if not waiting:
        return set()
    voices = Voice.objects.filter(pk__in=waiting).in_bulk()
    known = {
        pk
        for pk, decision in last_told(voices.values()).items()
        if is_same(decision, voices[pk], kind, reason)
    }
    over = waiting.keys() if tell else known
    dropped = Letter.objects.filter(pk__in=[waiting[pk] for pk in over])
    dropped.update(dropped_at=Now())
    return known


def is_same(decision: Any, voice: Voice, kind: str, reason: Reason | None) -> bool:
    """Return whether a letter about a new decision would repeat the one about this.

    A request for changes is never the same, because its words aren't stored once it is
    undone.
    """
    return (
        decision.kind == kind != Decision.Kind.CHANGES_ASKED
        and decision.reason_id == (reason and reason.pk)
        # The author hasn't sent other words since.
        and (voice.review_since is None or voice.review_since <= decision.at)
    )
