"""Undoing moderators' decisions.

Anybody may undo their own latest decision on a voice; only leads and administrators may
undo those of others.
"""

from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now

from voices.letters.models import Letter
from voices.letters.told import LETTERS
from voices.moderation import decide, reversals
from voices.moderation.decide import CLOSES_REPORTS, after_undo
from voices.moderation.models import Decision
from voices.reports.models import Report
from voices.signatures.models import Signature
from voices.wall.appeals import Appeal
from voices.wall.edits import ProposedEdit
from voices.wall.models import Voice, VoiceQuerySet

Kind = Decision.Kind
# The changes that undo each kind of decision. Undoing TAKEN_DOWN doesn't feature the
# voice again; a moderator has to. Undoing UNFEATURED features the voice again, but not
# at the top of the featured voices.
BEFORE: dict[str, dict[str, Any]] = {
    Kind.PUBLISHED: {"published_at": None, "featured_at": None},
    Kind.DECLINED: {"declined_at": None, "reason": None},
    Kind.CHANGES_ASKED: {"changes_asked_at": None, "changes_asked": ""},
    Kind.TAKEN_DOWN: {"taken_down_at": None, "reason": None},
    # Undoing changes no column here; it reopens the voice's reports.
    Kind.KEPT: {},
    # Undoing changes no column here; `Correction.reopen` restores the words.
    Kind.CORRECTION_TAKEN: {},
    Kind.CORRECTION_DECLINED: {"reason": None},
    # Undoing changes no column here; it deletes the proposed edit.
    Kind.EDIT_PROPOSED: {},
    Kind.FEATURED: {"featured_at": None},
    Kind.UNFEATURED: {"featured_at": F("submitted_at")},
    Kind.RELEASED: {"review_since": None},
    Kind.REJECTED: {"review_since": None},
}
# The changes to the voice's signature that undo these kinds of decisions. Signatures
# are quarantined at the moment of confirmation, so undoing sets `quarantined_at` to
# `confirmed_at`.
SIGNATURE_BEFORE: dict[str, dict[str, Any]] = {
    Kind.RELEASED: {"counted_at": None, "quarantined_at": F("confirmed_at")},
    Kind.REJECTED: {"rejected_at": None, "quarantined_at": F("confirmed_at")},
}


# The values of a reading without a second verdict.
NO_SECOND: dict[str, Any] = {
    "second_by": None,
    "second_verdict": "",
    "second_reason": None,
    "second_text": "",
    "second_seconds": None,
    "second_at": None,
}
# Why there is nothing to undo on a voice.
NOTHING = "There is no such decision to undo."
# `latest_of` searches only this many of the moderator's latest decisions.
LATEST = 500


def undoable() -> Q:
    """Return the condition for decisions that can be undone.

    An edit that its author has answered, or that has ended, is left to the author.
    """
    edits = ProposedEdit.objects.still_open().filter(decision=OuterRef("pk"))
    return Q(kind__in=BEFORE, undone_by=None) & (
        ~Q(kind=Kind.EDIT_PROPOSED) | Q(Exists(edits))
    )


def latest_of(by: User) -> Decision | None:
    """Return this moderator's latest decision of a kind that can be undone, or None."""
    # Without a limit, PostgreSQL might read and sort all the moderator's decisions.
    latest = Decision.objects.filter(by=by).order_by("-pk").values("pk")[:LATEST]
    found = Decision.objects.filter(
        undoable(),
        pk__in=latest,
        voice__isnull=False,
        voice__withdrawn_at=None,
    )
    return found.order_by("-pk").first()


@dataclass
class Undone:
    """What became of the voices, by their IDs."""

    done: list[int] = field(default_factory=list)
    # Those of `done` whose authors get a letter of correction.
    told: list[int] = field(default_factory=list)
    # Why nothing was undone, in sentences for the moderator.
    refused: dict[int, str] = field(default_factory=dict)


def undo(voices: VoiceQuerySet, by: User, *, decision_id: int | None = None) -> int:
    """Undo each voice's latest decision; return how many were undone.

    See `undo_latest`, which also says why others weren't.
    """
    return len(undo_latest(voices, by, decision_id=decision_id).done)


@transaction.atomic
def undo_latest(
    voices: VoiceQuerySet, by: User, *, decision_id: int | None = None
) -> Undone:
    """Undo each voice's latest decision, ignoring edits and undone decisions.

    With `decision_id`, undo only that decision, and only if it is still its voice's
    latest one. Authors who were told about an undone decision get a letter of
    correction after UNDO_MINUTES; an unsent letter about it is dropped.
    """
    undone = Undone()
    for voice in voices.select_for_update(of=["self"]).order_by("pk"):
        if decision_id is None:
            decision = latest_on(voice)
        else:
            decision = voice.decisions.filter(pk=decision_id).first()
        if decision is None or (refusal := why_not_undone(voice, decision, by)):
            undone.refused[voice.pk] = refusal if decision else NOTHING
            continue
        reverse(voice, decision, by)
        undone.done.append(voice.pk)
    undone.told = reversals.queue(undone.done, at=after_undo())
    return undone


def latest_on(voice: Voice) -> Decision | None:
    """Return the voice's latest decision that can be undone, or None."""
    return voice.decisions.filter(undoable()).order_by("-pk").first()


def why_not_undone(voice: Voice, decision: Decision, by: User) -> str:
    """Return why this user can't undo the voice's decision now; "" if they can."""
    if decision.kind == Kind.UNDONE:
        return "An undo can't be undone. Make the decision again instead."
    if decision.kind not in BEFORE:
        return (
            f"A decision of the kind “{decision.get_kind_display()}” can't be undone."
        )
    undone = Decision.objects.filter(undoes=decision).select_related("by").first()
    if undone:
        return f"{undone.by.get_username()} has already undone this decision."
    if voice.withdrawn_at:
        return "The author has withdrawn this voice."
    latest = latest_on(voice)
    if latest and latest.pk > decision.pk:
        kind = latest.get_kind_display()
        return f"There is a later decision, “{kind}”. Undo that one first."
    if latest is None or latest.pk != decision.pk:
        return "The author has answered the edit, or it has ended."
    if decision.by_id != by.pk and not by.has_perm("voices.reverse_decision"):
        return "Only a lead may undo another moderator's decision."
    if decide.own_voices(by).filter(pk=voice.pk).exists():
        return "It is your own voice, so somebody else has to undo decisions on it."
    return why_not_restored(voice, decision, by)


def why_not_restored(voice: Voice, decision: Decision, by: User) -> str:
    """Return why undoing can't restore how things were; "" if it can."""
    about = Appeal.objects.filter(voice=voice)
    if about.filter(decision=decision).exists():
        return "The author has appealed this decision, which has already reversed it."
    if about.filter(answer=decision, decision__by=by).exists():
        return "It answers an appeal against your own decision, so you can't undo it."
    if decision.kind == Kind.CORRECTION_TAKEN:
        correction = voice.corrections.filter(decision=decision).first()
        if not (correction and correction.replaced):
            return "The words from before this correction are no longer stored."
    if decision.kind in SIGNATURE_BEFORE and voice.invalidated_at:
        return "The signature is invalidated, so it can't go back into quarantine."
    return ""


def reverse(voice: Voice, decision: Decision, by: User) -> None:
    """Undo this decision. The caller must lock the voice, and check that it may."""
    Decision.objects.create(voice=voice, kind=Kind.UNDONE, undoes=decision, by=by)
    decided = Voice.objects.filter(pk=voice.pk)
    if decision.kind == Kind.UNFEATURED:
        # Since that decision, the voice may have been taken down or may have lost its
        # statement. Such a voice must not be featured.
        decided = decided.on_the_wall()
    decided.update(**BEFORE[decision.kind])
    Appeal.objects.filter(voice=voice, answer=decision).update(answer=None)
    if correction := voice.corrections.filter(decision=decision).first():
        correction.reopen()
    ProposedEdit.objects.filter(decision=decision).delete()
    if decision.kind in LETTERS:
        # Drop the unsent letter. Otherwise, making the same decision again would email
        # the author twice.
        Letter.objects.in_flight().filter(
            signature__voice=voice,
            kind=LETTERS[decision.kind],
            queued_at__gte=decision.at,
        ).update(dropped_at=Now())
    if decision.kind in CLOSES_REPORTS:
        Report.objects.reopen(voice, decision.pk)
    if decision.kind in SIGNATURE_BEFORE:
        Signature.objects.filter(voice=voice).update(**SIGNATURE_BEFORE[decision.kind])
    reopen_reading(voice, decision)


def reopen_reading(voice: Voice, decision: Decision) -> None:
    """Reopen the reading that led to this decision, for a second reader or a lead.

    A decision of the first reader's, such as a take-down at once, isn't what closed it.
    Call this last: a trigger deletes a voice's open reading when its status changes.
    """
    closed = voice.readings.filter(closed_at__isnull=False, decision=decision)
    closed = closed.exclude(first_by=decision.by_id)
    reopened = {"closed_at": None, "decision": None}
    settled = closed.filter(settled_by__isnull=False)
    if not settled.update(settled_by=None, **reopened):
        closed.update(**NO_SECOND, **reopened)
