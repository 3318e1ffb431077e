"""Handle notifications about our letters: record bounces and spam complaints.

Anybody who knows the address for bounces can forge a notification. A forgery can only
record a bounce or unsubscribe a signer from updates, and only if it contains the
Message-ID of a letter to that signer. Message-IDs are random, so only somebody who has
seen the letter knows its Message-ID.
"""

import logging
import mailbox
from collections import Counter
from enum import StrEnum

from django.db import transaction
from django.utils import timezone

from core import addresses
from voices.letters import notifications
from voices.letters.models import Letter
from voices.letters.notifications import is_for_good
from voices.signatures.models import Signature

logger = logging.getLogger(__name__)

# Larger messages are not parsed, but left in the folder. Notifications about our
# letters are far smaller, even if they quote the whole letter.
MAX_BYTES = 1_000_000


class Outcome(StrEnum):
    """How a message was handled."""

    BOUNCED = "Permanently refused, and recorded"
    COMPLAINED = "Reported as spam by its reader, whose updates were ended"
    # A delay, a success, or a refusal that is temporary or not about the address.
    PASSING = "No bounce to record"
    # The letter has been deleted, has no signature (such as a confirmation email), or
    # went to an address that isn't the signer's current one.
    NOBODY = "Not about the address of a signature"
    LEFT = "Left in the folder, because they are not about our letters"


@transaction.atomic
def record(letter: Letter) -> bool:
    """Record that email to the signer's address bounces.

    Return False, and do nothing, if the letter wasn't sent to the current address of a
    signature.
    """
    signature = letter.signature
    if signature is None:
        return False
    if not is_to(letter, [signature.email_key]):
        return False
    same = Signature.objects.filter(pk=signature.pk, email_key=signature.email_key)
    same.filter(bounced_at=None).update(bounced_at=timezone.now())
    return True


@transaction.atomic
def complain(letter: Letter) -> bool:
    """Stop email updates to the signer who reported this letter as spam.

    Return False, and do nothing, if the letter wasn't sent to the current address of a
    signature.
    """
    signature = letter.signature
    if signature is None or not is_to(letter, [signature.email_key]):
        return False
    Signature.objects.filter(pk=signature.pk).update(updates=False)
    return True


def is_to(letter: Letter, addressed: list[str]) -> bool:
    """Return whether the letter went to one of these addresses."""
    for address in addressed:
        try:
            hashes = addresses.keyed_hashes(addresses.canonical(address))
        except ValueError:
            continue
        if letter.address_hash in hashes:
            return True
    return False


def read_maildir(path: str) -> Counter[Outcome]:
    """Handle and delete each notification in a mail folder; return counts by outcome.

    All other messages stay in the folder, for a person to read. Raises OSError or
    mailbox.Error if the folder can't be read.
    """
    folder = mailbox.Maildir(path, create=False)
    counts: Counter[Outcome] = Counter()
    for key in folder.keys():  # noqa: SIM118
        outcome = handle(folder, key)
        # By now, the changes that the message caused are committed.
        if outcome != Outcome.LEFT:
            folder.discard(key)
        counts[outcome] += 1
    return counts


def handle(folder: mailbox.Maildir, key: str) -> Outcome:
    try:
        notification = read_notification(folder, key)
    # A malformed message must not keep later messages from being read.
    except Exception as error:
        logger.debug("A message is not a delivery report: %s.", type(error).__name__)
        return Outcome.LEFT
    letters = Letter.objects.select_related("signature")
    letter = letters.filter(message_id=notification.message_id).first()
    if notification.complaint:
        done = letter is not None and complain(letter)
        return Outcome.COMPLAINED if done else Outcome.NOBODY
    refused = [names for names, said in notification.failures if is_for_good(said)]
    if not refused:
        return Outcome.PASSING
    if letter is None or letter.signature is None:
        return Outcome.NOBODY
    # If the letter was forwarded, another address may have refused it. That says
    # nothing about the signer's address.
    if not any(not names or is_to(letter, names) for names in refused):
        return Outcome.PASSING
    return Outcome.BOUNCED if record(letter) else Outcome.NOBODY


def read_notification(folder: mailbox.Maildir, key: str) -> notifications.Notification:
    """Parse a notification in the folder.

    For any other message, raises ValueError or whatever Python's parser raises.
    """
    with folder.get_file(key) as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise ValueError("The message is too large.")
    return notifications.read(content)
