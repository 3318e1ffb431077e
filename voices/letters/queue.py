"""Queueing a mail, in the transaction of what it is about."""

from datetime import datetime

from django.conf import settings
from django.db import transaction
from procrastinate.contrib.django import app

from voices import addresses
from voices.letters.models import SEND_LETTER, Letter, RefusedAddress
from voices.managing.models import AddressChange
from voices.signing.models import Signature, Submission

ASK_TO_CONFIRM = "voices.ask_to_confirm"

# A person waits for these, and gets them also where the address has bounced; of the
# last, which warns, only a mailbox that takes mail hears.
AWAITED = {
    Letter.Kind.CONFIRM,
    Letter.Kind.MANAGE,
    Letter.Kind.NEW_ADDRESS,
    Letter.Kind.ADDRESS_ASKED,
}
# Go even to an address whose owner once refused our mail: the signer asked for the
# first, and the second warns them that somebody wants to move their signature.
FOR_SIGNERS = {Letter.Kind.MANAGE, Letter.Kind.ADDRESS_ASKED}
# An update can wait for all others.
URGENT, LATER = 10, -10
PRIORITIES = dict.fromkeys(AWAITED, URGENT) | {Letter.Kind.UPDATE: LATER}


def defer_confirmation(submission: Submission) -> None:
    """Let the worker look whether and what to mail for this form.

    All that depends on the address is decided there, so that the page takes as long
    for an address that is known, refused or over its limit as for any other.
    """
    app.configure_task(ASK_TO_CONFIRM, priority=URGENT).defer(
        submission_id=submission.pk
    )


@transaction.atomic
def queue_confirmation(submission_id: int) -> None:
    """Queue the mail that asks to confirm this form, where one may be sent.

    None is sent to an address whose owner refused, nor beyond the limit of a day. While
    one is on its way to the address, this form waits for it to leave.
    """
    submission = Submission.objects.unconfirmed().filter(pk=submission_id).first()
    if submission is None:
        return
    key = submission.email_key
    addresses.lock(key)
    hashes = addresses.fingerprints(key)
    if RefusedAddress.objects.filter(address_hash__in=hashes).exists():
        submission.close(None)
        return
    letters = Letter.objects.filter(address_hash__in=hashes)
    if letters.in_flight().filter(kind=Letter.Kind.CONFIRM).exists():
        return
    if letters.counted().count() >= settings.MAILS_PER_ADDRESS_PER_DAY:
        return
    letter = Letter.objects.create(
        kind=Letter.Kind.CONFIRM, submission=submission, address_hash=hashes[0]
    )
    defer(letter)


@transaction.atomic
def queue_letter(
    kind: Letter.Kind,
    signature: Signature,
    address_change: AddressChange | None = None,
    at: datetime | None = None,
) -> None:
    """Queue a mail to somebody who has signed, to leave at once or at a time.

    Over the limit of a day, it waits.
    """
    key = address_change.email_key if address_change else signature.email_key
    hashes = addresses.fingerprints(key)
    refused = RefusedAddress.objects.filter(address_hash__in=hashes)
    if kind not in FOR_SIGNERS and refused.exists():
        return
    letter = Letter.objects.create(
        kind=kind,
        signature=signature,
        address_change=address_change,
        address_hash=hashes[0],
    )
    defer(letter, at=at)


def letters_lock(address_hash: str) -> str:
    """Return the name under which the jobs for one address take turns."""
    return f"letters to {address_hash}"


def defer(letter: Letter, at=None) -> None:
    """Give the letter to the worker, at once or at a time.

    Those to one address are sent one after the other, so that its limit holds.
    """
    app.configure_task(
        SEND_LETTER,
        priority=PRIORITIES.get(Letter.Kind(letter.kind), 0),
        lock=letters_lock(letter.address_hash),
        schedule_at=at,
    ).defer(letter_id=letter.pk)
