"""Correct the email address of a submission that isn't confirmed yet.

A correction closes the submission and creates a new one with a new ref. So the link and
code that were emailed to the old address stop working. So does the old check-your-email
page, because whoever reads the old mailbox knows the old ref.
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
    """Return a signed ref for the new submission that a correction will create.

    The ref is in a hidden field of the correction form. So if the signer presses the
    button twice, both requests have the same ref, and only one submission is created.
    """
    return tokens.correcting.sign(f"{submission.ref}:{make_ref()}")


def read_next(submission: Submission, signed: object) -> str:
    """Return the new ref in `signed`.

    Return "" if `signed` is forged, or was made for another submission.
    """
    try:
        ref, _, following = tokens.correcting.unsign(str(signed)).partition(":")
    except BadSignature:
        return ""
    return following if ref == submission.ref else ""


@transaction.atomic
def correct(
    request: HttpRequest, submission: Submission, form: CorrectForm
) -> Submission | None:
    """Replace a submission with a new one for the corrected address.

    The rate limits count the correction like a new form. Return the new submission, or
    return None and count nothing if a correction isn't possible (see may_correct).
    """
    receipt = guard.receive(
        request,
        Arrival.Kind.SIGN,
        form,
        email_key=form.email_key,
        text=submission.statement,
    )
    # Confirming takes the same lock. A closed submission has no address anymore, so
    # lock its ref.
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
    # Keep the old submission's suspicions, and add those of the correction.
    found = {*current.suspicions, *receipt.suspicions}
    corrected.suspicions = [name for name in SUSPICIONS if name in found]
    corrected.lane = lane_for(corrected.suspicions)
    was_released = current.lane != Lane.HELD and is_of_a_bot(current.suspicions)
    if was_released and not is_of_a_bot(receipt.suspicions):
        # "Send it again", or staff, moved the old submission out of the held lane, so
        # the new submission isn't held.
        corrected.lane = Lane.SLOW
    if corrected.confirmed_at is None:
        corrected.email = form.cleaned_data["email"]
        corrected.email_key = form.email_key
    corrected.save(force_insert=True)
    queue_confirmation(corrected)
    return corrected


def may_correct(submission: Submission) -> bool:
    """Return whether the submission's address can be corrected.

    Also return True if the submission was closed because another submission for the
    same address was confirmed: a refusal would reveal that the address has signed. In
    that case, the correction creates a closed, empty submission, and no email is sent.
    """
    return (
        submission.corrected_at is None
        and submission.corrections_left > 0
        and not submission.became_signature
    )


def close(submission: Submission) -> bool:
    """Close the submission; delete its emails that no worker has tried to send yet.

    Return False if the submission has already been corrected.
    """
    Letter.objects.waiting().filter(submission=submission).delete()
    # Closes nothing if a concurrent correction came first.
    still_open = Submission.objects.filter(pk=submission.pk, corrected_at=None)
    # Keep `signature`. It is set if another submission for the same address was
    # confirmed, and erasing that signature must find and delete this row.
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
