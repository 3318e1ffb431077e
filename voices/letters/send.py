"""Sending a letter: at least once, and safe to be asked for twice."""

import logging
import smtplib

from django.db import transaction
from django.utils import timezone

from voices import addresses
from voices.letters.compose import compose
from voices.letters.models import Letter
from voices.letters.queue import queue_confirmation
from voices.signing.models import Signature, Submission

logger = logging.getLogger(__name__)


def send_letter(letter_id: int) -> None:
    """Send the letter unless it has left already or has lost its point.

    No transaction is open while the mail server is talked to. Raises what the mail
    server raised if it may help to try again.
    """
    letter = (
        Letter.objects.in_flight()
        .select_related("submission", "signature__voice__reason")
        .filter(pk=letter_id)
        .first()
    )
    if letter is None:
        return
    message = compose(letter)
    if message is None:
        drop_letter(letter_id)
        return
    try:
        message.send()
    except smtplib.SMTPRecipientsRefused as error:
        if not all(500 <= code < 600 for code, _ in error.recipients.values()):
            raise
        logger.warning("Letter %s was refused for good.", letter_id)
        drop_letter(letter_id)
        return
    settle(letter)


@transaction.atomic
def settle(letter: Letter) -> None:
    """Note that the letter left, and what follows for the form it was about."""
    sent_form = letter.submission
    if sent_form:
        addresses.lock(sent_form.email_key)
    now = timezone.now()
    current = Letter.objects.in_flight().filter(pk=letter.pk).first()
    if current is None:
        return
    current.sent_at = now
    current.save(update_fields=["sent_at"])
    if sent_form:
        settle_form(sent_form.pk, now)
    if current.submission and current.submission != sent_form:
        # Another form came in for the address while this letter was being sent.
        queue_confirmation(current.submission)


def settle_form(form_id: int, now) -> None:
    """Start the days of the form's link, or close it where its address has signed."""
    form = Submission.objects.unconfirmed().filter(pk=form_id).first()
    if form is None:
        return
    signature = Signature.objects.filter(email_key=form.email_key).first()
    if signature:
        form.close(signature)
    else:
        form.mailed_at = now
        form.save(update_fields=["mailed_at"])


def drop_letter(letter_id: int) -> None:
    """Give the letter up, so that the next one to its address is not held back."""
    Letter.objects.in_flight().filter(pk=letter_id).update(dropped_at=timezone.now())
