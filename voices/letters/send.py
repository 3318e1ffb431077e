"""Send the letters that a sender has taken.

Each attempt is committed before the letter is offered to the mail server. If its result
can't be saved, because the sender was killed or the database's disk is full, the letter
is tried once more, later, and then given up: nobody is emailed over and over.
"""

import logging
import smtplib
from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, mailers
from django.core.mail.backends.base import BaseEmailBackend
from django.db import DatabaseError, transaction
from django.utils import timezone

from core import addresses
from voices.letters import bounces
from voices.letters.compose import compose
from voices.letters.models import DAY, Attempt, Letter, RefusedAddress
from voices.letters.repeats import tell_signer
from voices.letters.take import Taken, give_back, take
from voices.signatures.models import Submission

logger = logging.getLogger(__name__)

# How often a letter is tried while the mail server refuses it temporarily: for about
# a day.
TRIES = 30
LONGEST_WAIT = timedelta(hours=1)
# After this many attempts with unknown results, a letter is not sent again.
MOST_UNKNOWN_ENDS = 2
UNKNOWN_END_WAIT = timedelta(minutes=15)
# The least time that a letter waits for another one to the same address.
BEHIND_ANOTHER = timedelta(seconds=30)


class MailServerUnreachableError(Exception):
    """No letter was offered to the server, so this counts against none of them."""


def send_next(is_stopping: Callable[[], bool] = lambda: False) -> int:
    """Send the next letters over one connection; return how many were taken.

    No transaction is open during SMTP.
    """
    taken = take()
    left = list(taken.ids)
    mailer = mailers["default"]
    try:
        while left and not is_stopping():
            make_ready(mailer)
            send_one(mailer, taken, left.pop(0))
    finally:
        mailer.close()
        give_back(taken, left)
    return len(taken.ids)


def make_ready(mailer: BaseEmailBackend) -> None:
    """Open a connection, unless one is open and the server still answers on it."""
    try:
        smtp = getattr(mailer, "connection", None)
        if smtp and smtp.noop()[0] != 250:
            mailer.close()
        mailer.open()
    except OSError:
        mailer.close()
        try:
            mailer.open()
        except OSError as error:
            mailer.close()
            raise MailServerUnreachableError(type(error).__name__) from None


def send_one(mailer: BaseEmailBackend, taken: Taken, letter_id: int) -> None:
    """Send one letter, and record the result."""
    try:
        begun = begin(taken, letter_id)
    except DatabaseError:
        # Nothing can be saved, so nothing may be sent.
        raise
    except Exception as error:
        # Log only its type, because its text may quote the address.
        logger.error("Letter %s can't be composed: %s", letter_id, type(error).__name__)
        count_unmade(letter_id, taken.at)
        return
    if begun is None:
        return
    letter, message = begun
    try:
        mailer.send_messages([message])
    except Exception as error:
        mailer.close()
        logger.warning("Letter %s did not leave: %s", letter_id, type(error).__name__)
        finish_failed(letter, error)
    else:
        finish(letter)


@transaction.atomic
def begin(taken: Taken, letter_id: int) -> tuple[Letter, EmailMultiAlternatives] | None:
    """Record an attempt to send the letter; None if it should not be sent now."""
    key = lock_address(letter_id)
    letter = find(taken, letter_id)
    attempt = Attempt.objects.of(letter_id, taken.at)
    if letter is None:
        attempt.delete()
        return None
    hashes = addresses.keyed_hashes(key) if key else [letter.address_hash]
    if letter.attempts - letter.failures >= MOST_UNKNOWN_ENDS:
        logger.warning("Letter %s may have been sent twice.", letter_id)
        drop(letter)
    elif until := waits_until(letter, hashes):
        letter.taken_at, letter.send_at = None, until
        letter.save(update_fields=["taken_at", "send_at"])
    elif message := may_be_sent(letter, hashes) and compose(letter):
        letter.attempts += 1
        letter.send_at = timezone.now() + UNKNOWN_END_WAIT
        letter.save(update_fields=["kind", "signature", "attempts", "send_at"])
        attempt.update(perhaps_sent=True)
        return letter, message
    else:
        drop(letter)
    attempt.delete()
    return None


def lock_address(letter_id: int) -> str:
    """Lock the letter's address; return its email key."""
    found = Letter.objects.select_related("submission", "address_change", "signature")
    letter = found.filter(pk=letter_id).first()
    about = letter and (letter.submission or letter.address_change or letter.signature)
    key = about.email_key if about else ""
    if key:
        addresses.lock(key)
    return key


def find(taken: Taken, letter_id: int) -> Letter | None:
    """Return the letter, locked, if it is still this sender's to send."""
    # Other senders take it as soon as the lease ends.
    ours = Letter.objects.in_flight().filter(
        pk=letter_id, taken_at=taken.at, send_at__gt=timezone.now()
    )
    about = ours.select_related(
        "submission", "address_change", "update", "signature__voice__reason"
    )
    return about.select_for_update(of=("self",)).first()


def waits_until(letter: Letter, hashes: list[str]) -> datetime | None:
    """Return when to try the letter again, if its address can't get it now.

    Letters to one address are sent one at a time, and only so many per day.
    """
    letters = Letter.objects.filter(address_hash__in=hashes).exclude(pk=letter.pk)
    other = letters.in_flight().filter(attempts__gt=0).first()
    if other:
        # Not at once, even if the other is due: it failed before, so this one would be
        # taken ahead of it, over and over, and a few such letters would block a whole
        # lane.
        soon = timezone.now() + BEHIND_ANOTHER
        is_waiting = other.attempts == other.failures
        return max(other.send_at, soon) if is_waiting else soon
    if letter.submission:
        return None
    return full_until(letter, hashes)


def full_until(letter: Letter, hashes: list[str]) -> datetime | None:
    """Return when the address may be mailed again, if it is at its daily limit."""
    others = Attempt.objects.filter(address_hash__in=hashes)
    latest = others.exclude(letter_number=letter.pk).counted().order_by("-at")
    limiting = latest[settings.MAILS_PER_ADDRESS_PER_DAY - 1 :].first()
    return limiting.at + DAY if limiting else None


def may_be_sent(letter: Letter, hashes: list[str]) -> bool:
    """Whether a letter about a submission may be sent; any other may."""
    submission = letter.submission
    if submission is None:
        return True
    if RefusedAddress.objects.filter(address_hash__in=hashes).exists():
        if not submission.confirmed_at:
            submission.close(None)
        return False
    return not full_until(letter, hashes) and tell_signer(letter, submission)


@transaction.atomic
def finish(letter: Letter) -> None:
    """Record that the letter was sent, and update the submission that it was about."""
    lock_address(letter.pk)
    now = timezone.now()
    if not Letter.objects.in_flight().filter(pk=letter.pk).update(sent_at=now):
        return
    submission = Submission.objects.unconfirmed().filter(letter=letter).first()
    if submission is None:
        return
    if letter.kind == Letter.Kind.ALREADY_SIGNED:
        submission.close(letter.signature)
    else:
        # The validity of its link begins.
        submission.mailed_at = now
        submission.save(update_fields=["mailed_at"])


def finish_failed(letter: Letter, error: Exception) -> None:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        answers = list(error.recipients.values())
        if all(500 <= code < 600 for code, _ in answers):
            finish_refused(letter, *answers)
            return
    if is_end_known(error):
        count_failure(letter)


def is_end_known(error: Exception) -> bool:
    """Whether the letter is known not to have been sent.

    A server that takes the letter but never confirms it may have delivered it.
    """
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return False
    if isinstance(error, smtplib.SMTPException | ConnectionRefusedError):
        return True
    return not isinstance(error, OSError)


@transaction.atomic
def count_unmade(letter_id: int, at: datetime) -> None:
    """Retry a letter later that was never offered to the mail server."""
    Attempt.objects.of(letter_id, at).delete()
    if letter := lock_in_flight(letter_id):
        letter.attempts += 1
        wait_longer(letter)


@transaction.atomic
def count_failure(sent: Letter) -> None:
    """Retry the letter with growing delays, or give it up."""
    Attempt.objects.of(sent.pk, sent.taken_at).update(perhaps_sent=False)
    if letter := lock_in_flight(sent.pk):
        wait_longer(letter)


def lock_in_flight(letter_id: int) -> Letter | None:
    return Letter.objects.in_flight().select_for_update().filter(pk=letter_id).first()


def wait_longer(letter: Letter) -> None:
    letter.failures += 1
    wait = timedelta(seconds=3 ** min(letter.failures, 8))
    letter.send_at = timezone.now() + min(wait, LONGEST_WAIT)
    if letter.failures >= TRIES:
        letter.dropped_at = timezone.now()
    letter.save(update_fields=["attempts", "failures", "send_at", "dropped_at"])


@transaction.atomic
def finish_refused(letter: Letter, answer: tuple[int, bytes]) -> None:
    """Give up on the letter; record a bounce unless the refusal is about us."""
    letter.failures += 1
    Attempt.objects.of(letter.pk, letter.taken_at).update(perhaps_sent=False)
    drop(letter)
    text = answer[1].decode("ascii", "replace")
    if bounces.is_for_good(text):
        bounces.record(letter)


def drop(letter: Letter) -> None:
    """Give up on the letter; delete it if it is an untried confirmation."""
    if letter.submission and not letter.attempts:
        letter.delete()
        return
    gone = Letter.objects.in_flight().filter(pk=letter.pk)
    gone.update(dropped_at=timezone.now(), failures=letter.failures)
