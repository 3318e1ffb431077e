"""Undoing moderators' decisions."""

from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now

from voices.letters.models import Letter
from voices.moderation.decide import CLOSES_REPORTS, LETTERS
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


@transaction.atomic
def undo(voices: VoiceQuerySet, by: User) -> int:
    """Undo each voice's latest decision, ignoring edits and undone decisions.

    Skips a voice if that decision can't be undone. Returns the number of decisions that
    this call undid.
    """
    done = 0
    found = voices.filter(withdrawn_at=None)
    for voice in found.select_for_update(of=["self"]).order_by("pk"):
        latest = voice.decisions.filter(undoable()).order_by("-pk").first()
        if latest is None:
            continue
        about = Appeal.objects.filter(voice=voice)
        if about.filter(
            Q(decision=latest) | Q(answer=latest, decision__by=by)
        ).exists():
            # An appeal has already reversed the decline that it is against. The answer
            # to an appeal can't be undone by the moderator who declined.
            continue
        correction = voice.corrections.filter(decision=latest).first()
        if latest.kind == Kind.CORRECTION_TAKEN and not (
            correction and correction.replaced
        ):
            # The earlier words aren't stored anymore, so they can't be restored.
            continue
        if latest.kind in SIGNATURE_BEFORE and voice.invalidated_at:
            # An invalidated signature can't return to quarantine.
            continue
        Decision.objects.create(voice=voice, kind=Kind.UNDONE, undoes=latest, by=by)
        decided = Voice.objects.filter(pk=voice.pk)
        if latest.kind == Kind.UNFEATURED:
            # Since that decision, the voice may have been taken down or may have lost
            # its statement. Such a voice must not be featured.
            decided = decided.on_the_wall()
        decided.update(**BEFORE[latest.kind])
        about.filter(answer=latest).update(answer=None)
        if correction:
            correction.reopen()
        ProposedEdit.objects.filter(decision=latest).delete()
        if latest.kind in LETTERS:
            # Drop the unsent letter. Otherwise, making the same decision again would
            # email the author twice.
            Letter.objects.in_flight().filter(
                signature__voice=voice, kind=LETTERS[latest.kind]
            ).update(dropped_at=Now())
        if latest.kind in CLOSES_REPORTS:
            Report.objects.reopen(voice, latest.pk)
        if latest.kind in SIGNATURE_BEFORE:
            Signature.objects.filter(voice=voice).update(
                **SIGNATURE_BEFORE[latest.kind]
            )
        done += 1
    return done
