"""Record the result of sending a letter."""

import smtplib
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone

from voices.letters import bounces
from voices.letters.models import Attempt, Letter

# We give up on a letter after this many failures. With the waits between the attempts,
# that takes about a day.
TRIES = 30
LONGEST_WAIT = timedelta(hours=1)

# One statement, which takes one round trip and no transaction block. It locks the
# letter before its submission, in the same order as when both are deleted.
FINISH = """
    WITH sent AS (
        UPDATE voices_letter SET sent_at = %(now)s
        WHERE id = %(id)s AND sent_at IS NULL AND dropped_at IS NULL
        RETURNING submission_id, kind
    )
    UPDATE voices_submission SET mailed_at = %(now)s FROM sent
    WHERE id = submission_id AND kind = 'confirm' AND confirmed_at IS NULL
"""


def finish(letter: Letter) -> None:
    """Record that the letter was sent.

    If its kind is CONFIRM, also set the submission's `mailed_at`. Each letter is
    recorded as soon as it is sent. So if a sender is killed, at most one letter was
    sent without a record, and only that letter can be sent again.
    """
    with connection.cursor() as cursor:
        # Setting `mailed_at` also starts the validity period of the submission's code,
        # and prolongs how long the submission is kept. A reminder must not do that.
        cursor.execute(FINISH, {"id": letter.pk, "now": timezone.now()})


def finish_failed(letter: Letter, error: Exception) -> None:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        answers = list(error.recipients.values())
        if all(500 <= code < 600 for code, _ in answers):
            finish_refused(letter, *answers)
            return
    if is_known_unsent(error):
        count_failure(letter)


def is_known_unsent(error: Exception) -> bool:
    """Return whether the error proves that the letter wasn't sent.

    If the connection fails, the server may have accepted the letter without saying so.
    """
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return False
    if isinstance(error, smtplib.SMTPException | ConnectionRefusedError):
        return True
    return not isinstance(error, OSError)


@transaction.atomic
def count_unmade(letter_id: int, at: datetime) -> None:
    """Schedule a retry of a letter that couldn't be composed, or give up on it."""
    Attempt.objects.of(letter_id, at).delete()
    if letter := lock_in_flight(letter_id):
        letter.attempts += 1
        wait_longer(letter)


@transaction.atomic
def count_failure(sent: Letter) -> None:
    """Schedule a retry, with a delay that grows each time, or give up on the letter."""
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
    """Give up on the letter; if the address was refused for good, record a bounce."""
    letter.failures += 1
    Attempt.objects.of(letter.pk, letter.taken_at).update(perhaps_sent=False)
    drop(letter)
    text = answer[1].decode("ascii", "replace")
    if bounces.is_for_good(text):
        bounces.record(letter)


def drop(letter: Letter) -> None:
    """Mark the letter as dropped.

    If it is about a submission and was never tried, delete the letter instead.
    """
    if letter.submission and not letter.attempts:
        letter.delete()
        return
    gone = Letter.objects.in_flight().filter(pk=letter.pk)
    gone.update(dropped_at=timezone.now(), failures=letter.failures)
