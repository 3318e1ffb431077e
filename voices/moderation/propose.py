"""Moderators' edits of a voice's words, which its author approves or rejects."""

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models.functions import Now

from core import addresses
from voices.letters.models import Letter, RefusedAddress
from voices.letters.queue import queue_letter
from voices.moderation.decide import after_undo
from voices.moderation.models import Decision
from voices.signatures.models import Signature
from voices.wall.edits import APPROVED_WORDS, ProposedEdit
from voices.wall.models import WORDS, Status, Voice

Kind = Decision.Kind


@transaction.atomic
def edit(voice: Voice, by: User) -> ProposedEdit | None:
    """Propose a moderator's edit of the fields in WORDS to the voice's author.

    The author gets an email, and nothing changes until they approve the edit. Only the
    group of a profession changes at once, and so does a founding voice, whose author
    has no link and asks staff for a correction. Returns the proposed edit, if any.
    Raises PermissionDenied if the voice is withdrawn, or if its author can't be asked.
    """
    rows = Voice.objects.select_for_update().filter(withdrawn_at=None)
    current = rows.filter(pk=voice.pk).first()
    if current is None:
        raise PermissionDenied("The author has withdrawn or erased this voice.")
    new = {field: getattr(voice, field) for field in WORDS}
    words = {
        field: text for field, text in new.items() if text != getattr(current, field)
    }
    asked = set() if current.founding_number else words.keys() & {*APPROVED_WORDS}
    at_once = words.keys() - asked
    if at_once:
        for field in at_once:
            setattr(current, field, words[field])
        Decision.objects.create(voice=current, kind=Kind.EDITED, by=by)
        current.save(update_fields=WORDS)
    if not asked:
        return None
    return propose(current, {field: words[field] for field in asked}, by)


def propose(voice: Voice, words: dict[str, str], by: User) -> ProposedEdit:
    if refusal := why_not_edited(voice):
        raise PermissionDenied(refusal)
    # A constraint would refuse a second edit until the hourly task deletes the first.
    voice.proposed_edits.old().delete()
    decision = Decision.objects.create(voice=voice, kind=Kind.EDIT_PROPOSED, by=by)
    edit = voice.proposed_edits.create(
        decision=decision,
        words=words,
        replaced={field: getattr(voice, field) for field in words},
    )
    kind = Letter.Kind.EDIT_PROPOSED
    # Drop the unsent letter about an edit that has ended, so that only one is sent.
    unsent = Letter.objects.in_flight().filter(signature=voice.signature, kind=kind)
    unsent.update(dropped_at=Now())
    queue_letter(kind, voice.signature, at=after_undo())
    return edit


def why_not_edited(voice: Voice) -> str:
    """Return why no edit can be proposed to the voice's author now; "" if it can."""
    if voice.status not in {Status.PUBLISHED, Status.WAITING}:
        return "Only a voice that is published or waiting for review can be edited."
    if voice.corrected_at:
        return "The author's own correction is waiting. Decide on it first."
    if voice.proposed_edits.still_open().exists():
        return (
            "An edit already waits for the author's answer. To propose another, undo "
            "that one first."
        )
    signature = Signature.objects.filter(voice=voice).first()
    if signature is None:
        return "This voice has no author to ask."
    hashes = addresses.keyed_hashes(signature.email_key)
    refused = RefusedAddress.objects.filter(address_hash__in=hashes)
    if signature.bounced_at or refused.exists():
        return "The author's address refuses our email, so nobody can approve an edit."
    return ""
