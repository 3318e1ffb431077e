"""Correct the address of a form that is not confirmed yet.

The form continues as a new submission with a new ref, so the link and code that were
mailed to the old address stop working, and so does its check page: whoever reads that
mailbox knows the old ref.
"""

from django.core.signing import BadSignature
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from core import addresses
from core.ids import make_ref
from voices.abuse import guard
from voices.abuse.models import Arrival
from voices.abuse.suspicion import SUSPICIONS, is_of_a_bot
from voices.letters.models import Letter
from voices.letters.queue import queue_confirmation
from voices.signatures import tokens
from voices.signatures.models import AbstractSignature, Lane, Submission, lane_for
from voices.signing.forms import CorrectForm


def make_next(submission: Submission) -> str:
    """Return a signed ref for the submission that a correction makes.

    It is part of the page, so pressing the button twice makes one submission.
    """
    return tokens.correcting.sign(f"{submission.ref}:{make_ref()}")


def read_next(submission: Submission, signed: object) -> str:
    """Return the ref that `signed` holds, or "" if it isn't for this submission."""
    try:
        ref, _, following = tokens.correcting.unsign(str(signed)).partition(":")
    except BadSignature:
        return ""
    return following if ref == submission.ref else ""


@transaction.atomic
def correct(
    request: HttpRequest, submission: Submission, form: CorrectForm
) -> Submission | None:
    """Continue the form with a new address, counted like a new form.

    Return the new submission. Return None, and count nothing, if the form was confirmed
    or corrected since, or too often.
    """
    receipt = guard.receive(
        request,
        Arrival.Kind.SIGN,
        form,
        email_key=form.email_key,
        text=submission.statement,
    )
    # Confirming takes the same lock. A closed submission has no address anymore.
    addresses.lock(submission.email_key or submission.ref)
    submissions = Submission.objects.filter(pk=submission.pk)
    current = submissions.select_related("signature").first()
    if current is None or not may_correct(current) or not close(current):
        transaction.set_rollback(True)
        return None
    corrected = copy(current)
    corrected.ref = read_next(current, form.data.get("next")) or make_ref()
    corrected.email_masked = addresses.masked(form.cleaned_data["email"])
    corrected.network_hash = receipt.network_hash
    corrected.wide_network_hash = receipt.wide_network_hash
    # A correction doesn't remove what was suspicious about the form.
    found = {*current.suspicions, *receipt.suspicions}
    corrected.suspicions = [name for name in SUSPICIONS if name in found]
    corrected.lane = lane_for(corrected.suspicions)
    was_released = current.lane != Lane.HELD and is_of_a_bot(current.suspicions)
    if was_released and not is_of_a_bot(receipt.suspicions):
        # "Send it again", or staff, moved it out of the held lane.
        corrected.lane = Lane.SLOW
    if corrected.confirmed_at is None:
        corrected.email = form.cleaned_data["email"]
        corrected.email_key = form.email_key
    corrected.save(force_insert=True)
    queue_confirmation(corrected)
    return corrected


def may_correct(submission: Submission) -> bool:
    """Return whether the address can be corrected.

    It can, as far as anybody can tell, if another form closed this one. A refusal would
    reveal that the address has signed. The copy of an emptied submission is empty, and
    gets no letter.
    """
    return (
        submission.corrected_at is None
        and submission.corrections_left > 0
        and not became_signature(submission)
    )


def became_signature(submission: Submission) -> bool:
    """Return whether this very form was confirmed, even if it was withdrawn since."""
    signature = submission.signature
    return signature is not None and signature.ref == submission.ref


def close(submission: Submission) -> bool:
    """Close the submission, and stop the letters that no sender has tried."""
    Letter.objects.waiting().filter(submission=submission).delete()
    # Returns 0 if a concurrent correction was first.
    still_open = Submission.objects.filter(pk=submission.pk, corrected_at=None)
    # Keep the signature of the form that closed this one: erasing finds the row by it.
    return bool(still_open.close(submission.signature, corrected_at=timezone.now()))


def copy(submission: Submission) -> Submission:
    fields = [field.attname for field in AbstractSignature._meta.concrete_fields]
    return Submission(
        **{name: getattr(submission, name) for name in fields},
        statement=submission.statement,
        corrections=submission.corrections + 1,
        confirmed_at=submission.confirmed_at,
        reminder_at=submission.reminder_at,
    )
