"""Queueing a mail, in the transaction of what it is about."""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from procrastinate.contrib.django import app

from voices import addresses
from voices.letters.models import Letter, RefusedAddress
from voices.signing.models import Signature, Submission


@transaction.atomic
def queue_confirmation(submission: Submission) -> None:
    """Queue the mail that asks to confirm this form, where one may be sent.

    None is sent to an address whose owner refused, nor beyond the limit of a day.
    While one is on its way to the address, that one is made to carry this form.
    """
    key = submission.email_key
    if not key or not submission.can_be_mailed:
        return
    addresses.lock(key)
    hashes = addresses.fingerprints(key)
    if RefusedAddress.objects.filter(address_hash__in=hashes).exists():
        return
    on_its_way = Letter.objects.in_flight().filter(
        kind=Letter.Kind.CONFIRM, address_hash__in=hashes
    )
    if on_its_way.update(submission=submission):
        return
    if Letter.objects.recent(hashes).count() >= settings.MAILS_PER_ADDRESS_PER_DAY:
        return
    defer(
        Letter.objects.create(
            kind=Letter.Kind.CONFIRM, submission=submission, address_hash=hashes[0]
        )
    )


@transaction.atomic
def queue_letter(kind: Letter.Kind, signature: Signature) -> None:
    """Queue a mail to somebody who has signed; over the limit of a day, it waits."""
    addresses.lock(signature.email_key)
    hashes = addresses.fingerprints(signature.email_key)
    if RefusedAddress.objects.filter(address_hash__in=hashes).exists():
        return
    counted = Letter.objects.recent(hashes).order_by("-queued_at")
    limiting = counted[settings.MAILS_PER_ADDRESS_PER_DAY - 1 :].first()
    letter = Letter.objects.create(
        kind=kind, signature=signature, address_hash=hashes[0]
    )
    at = limiting.queued_at + timedelta(days=1) if limiting else None
    defer(letter, at=at)


def defer(letter: Letter, at=None) -> None:
    """Give the letter to the worker, at once or at a time."""
    # A person waits for the mail to confirm; nobody waits for the others.
    app.configure_task(
        "voices.send_letter",
        priority=10 if letter.kind == Letter.Kind.CONFIRM else 0,
        schedule_at=at,
    ).defer(letter_id=letter.pk)
