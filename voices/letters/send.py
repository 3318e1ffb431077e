"""Send the letters that a sender has taken.

Each attempt is committed right before its letter is offered to the mail server. If the
result can't be saved, for example because the sender was killed or the database's disk
is full, the letter is tried only once more, so that nobody is emailed over and over.
"""

import logging
import time
from collections.abc import Callable
from datetime import timedelta

from django.core.mail import EmailMultiAlternatives
from django.db import connection
from django.utils import timezone

from voices.letters.check import check
from voices.letters.finish import finish, finish_failed
from voices.letters.mail_server import MailServer
from voices.letters.models import Attempt, Letter
from voices.letters.take import give_back, take

logger = logging.getLogger(__name__)

UNKNOWN_END_WAIT = timedelta(minutes=15)
# A letter is checked again if its check was more than this many seconds ago.
FRESH = 5

# One statement, which takes one round trip and no transaction block. It skips a
# letter that was deleted, or that another sender may have taken, since the check.
OFFER = """
    WITH offered AS (
        UPDATE voices_letter SET kind = %(kind)s, signature_id = %(signature)s,
            attempts = attempts + 1, send_at = %(again_at)s
        WHERE id = %(id)s AND taken_at = %(taken_at)s AND send_at > %(now)s
            AND address_change_id IS NOT DISTINCT FROM %(address_change)s
            AND sent_at IS NULL AND dropped_at IS NULL
        RETURNING id
    )
    UPDATE voices_attempt SET perhaps_sent = true FROM offered
    WHERE letter_number = offered.id AND at = %(taken_at)s
"""


def send_next(
    is_stopping: Callable[[], bool] = lambda: False, server: MailServer | None = None
) -> int:
    """Send the next letters; return how many were taken, whether or not they were sent.

    No transaction is open during SMTP.
    """
    taken = take()
    left = list(taken.ids)
    own = server or MailServer()
    try:
        while left:
            checked = check(taken, left)
            checked_at = time.monotonic()
            for letter, message in checked:
                if is_stopping():
                    return len(taken.ids)
                if time.monotonic() - checked_at > FRESH:
                    break
                own.make_ready()
                left.remove(letter.pk)
                send_one(own, letter, message)
    finally:
        if server is None:
            own.close()
        if left:
            give_back(taken, left)
    return len(taken.ids)


def send_one(
    server: MailServer, letter: Letter, message: EmailMultiAlternatives
) -> None:
    """Send one letter, and record the result."""
    if not offer(letter):
        return
    try:
        server.send(message)
    except Exception as error:
        # Log only the error's type, because its text may quote the address.
        logger.warning("Letter %s did not leave: %s", letter.pk, type(error).__name__)
        finish_failed(letter, error)
    else:
        finish(letter)


def offer(letter: Letter) -> bool:
    """Record an attempt, right before the letter is sent.

    Return False if, since the check, the letter was dropped or deleted, its lease
    ended, or its address change was deleted.
    """
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(
            OFFER,
            {
                "id": letter.pk,
                "kind": letter.kind,
                "signature": letter.signature_id,
                "address_change": letter.address_change_id,
                "taken_at": letter.taken_at,
                "now": now,
                "again_at": now + UNKNOWN_END_WAIT,
            },
        )
        if cursor.rowcount:
            letter.attempts += 1
            return True
    Attempt.objects.of(letter.pk, letter.taken_at).delete()
    return False
