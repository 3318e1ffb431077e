"""Sending a letter: at least once, and safe to be asked for twice."""

import logging
import smtplib
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from voices import addresses
from voices.letters import bounces
from voices.letters.compose import compose
from voices.letters.models import Letter
from voices.letters.queue import defer, queue_confirmation
from voices.letters.rate import turn_of
from voices.signing.models import Signature, Submission

logger = logging.getLogger(__name__)


def send_letter(letter_id: int) -> None:
    """Send the letter unless it has left already or has lost its point.

    No transaction is open while the mail server is talked to. Raises what the mail
    server raised if it may help to try again.
    """
    letter = (
        Letter.objects.in_flight()
        .select_related(
            "submission", "address_change", "update", "signature__voice__reason"
        )
        .filter(pk=letter_id)
        .first()
    )
    if letter is None:
        return
    if at := full_until(letter) or turn_of(letter):
        defer(letter, at=at)
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
        settle_refusal(letter, *error.recipients.values())
        return
    settle(letter)


def full_until(letter: Letter) -> datetime | None:
    """Return when the address may be mailed again, if it has had its mails of a day."""
    day = timedelta(days=1)
    sent = Letter.objects.filter(
        address_hash=letter.address_hash, sent_at__gt=timezone.now() - day
    )
    counting = sent.order_by("-sent_at")[settings.MAILS_PER_ADDRESS_PER_DAY - 1 :]
    limiting = counting.first()
    return limiting.sent_at + day if limiting else None  # type: ignore[operator,return-value]


@transaction.atomic
def settle(letter: Letter) -> None:
    """Note that the letter left, and what follows for the form it was about."""
    key = lock_address(letter)
    now = timezone.now()
    if not Letter.objects.in_flight().filter(pk=letter.pk).update(sent_at=now):
        return
    if letter.submission:
        settle_form(letter.submission.pk, now)
        queue_next(key)


def lock_address(letter: Letter) -> str:
    """Let the forms of its address wait; return the address's key, if it is known."""
    key = letter.submission.email_key if letter.submission else ""
    if key:
        addresses.lock(key)
    return key


def queue_next(key: str, later_than: int = 0) -> None:
    """Queue the letter of the latest form of the address that waited for another."""
    unmailed = Submission.objects.unconfirmed().filter(email_key=key, mailed_at=None)
    if waiting := unmailed.filter(pk__gt=later_than).order_by("-pk").first():
        queue_confirmation(waiting.pk)


def settle_form(form_id: int, now) -> None:
    """Start the days of the form's link, or close it where its address has signed."""
    form = Submission.objects.unconfirmed().filter(pk=form_id).first()
    if form is None:
        return
    standing = Signature.objects.standing()
    signature = standing.filter(email_key=form.email_key).first()
    if signature:
        form.close(signature)
    else:
        form.mailed_at = now
        form.save(update_fields=["mailed_at"])


@transaction.atomic
def settle_refusal(letter: Letter, answer: tuple[int, bytes]) -> None:
    """Give the letter up, and mark its address unless the refusal is about us."""
    drop_letter(letter.pk)
    text = answer[1].decode("ascii", "replace")
    if bounces.is_for_good(text):
        bounces.mark(letter)


@transaction.atomic
def drop_letter(letter_id: int) -> None:
    """Give the letter up, so that the next one to its address is not held back."""
    letter = Letter.objects.select_related("submission").filter(pk=letter_id).first()
    if letter is None:
        return
    key = lock_address(letter)
    gone = Letter.objects.in_flight().filter(pk=letter_id)
    if gone.update(dropped_at=timezone.now()) and letter.submission:
        # Only a later form, or two that are refused would take turns for ever.
        queue_next(key, later_than=letter.submission.pk)
