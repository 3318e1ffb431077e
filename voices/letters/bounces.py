"""Addresses that mail servers refuse, as they say in delivery reports (RFC 3464).

Anybody who knows where reports go can forge one. All that a forged one can do is mark
an address, and only with the Message-ID of a letter that was sent there, which is
random and known to its reader alone.
"""

import logging
import mailbox
import re
from collections import Counter
from email import message_from_bytes
from email.message import Message
from enum import StrEnum

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from voices import addresses
from voices.letters.models import Letter
from voices.signing.models import Signature

logger = logging.getLogger(__name__)

# A report on a letter of ours is far smaller, also with the letter in it.
MOST_BYTES = 1_000_000


class Outcome(StrEnum):
    """What came of a message."""

    MARKED = "Refused for good, and marked"
    # A delay, a success, or a refusal that is not for good or not about the address.
    PASSING = "Passing"
    # To a form, to somebody who left or has another address now, or long ago.
    NOBODY = "About no address that has signed"
    LEFT = "Left in the folder, for they are no reports on a letter"


@transaction.atomic
def mark(letter: Letter) -> bool:
    """Note that its signature's address refuses mail; False if it went elsewhere."""
    signature = letter.signature
    if signature is None:
        return False
    if letter.address_hash not in addresses.fingerprints(signature.email_key):
        return False
    same = Signature.objects.filter(pk=signature.pk, email_key=signature.email_key)
    same.filter(bounced_at=None).update(bounced_at=timezone.now())
    return True


def is_for_good(status: str) -> bool:
    """Whether an enhanced status code (RFC 3463) says that an address is no good.

    5.7 is a matter of policy, about the sender: one day on somebody's list of spammers
    must not cost us every address there.
    """
    return bool(re.match(r"5\.(?!7\.)\d{1,3}\.\d{1,3}", status))


def read_maildir(path: str) -> Counter[Outcome]:
    """Take each delivery report out of the folder, and count what they say.

    Whatever is no report on a letter of ours stays there for a person to read. Raises
    OSError or mailbox.Error for a folder that cannot be read.
    """
    folder = mailbox.Maildir(path, create=False)
    counts: Counter[Outcome] = Counter()
    for key in folder.keys():  # noqa: SIM118
        outcome = settle(folder, key)
        # By now what it marked is committed.
        if outcome != Outcome.LEFT:
            folder.discard(key)
        counts[outcome] += 1
    return counts


def settle(folder: mailbox.Maildir, key: str) -> Outcome:
    try:
        message_id, statuses = read_report(folder, key)
    # Whatever strangers send must not keep what lies behind it from being read.
    except Exception as error:
        logger.debug("A message is no delivery report: %s.", type(error).__name__)
        return Outcome.LEFT
    if not any(is_for_good(status) for status in statuses):
        return Outcome.PASSING
    letter = (
        Letter.objects.select_related("signature").filter(message_id=message_id).first()
    )
    return Outcome.MARKED if letter and mark(letter) else Outcome.NOBODY


def read_report(folder: mailbox.Maildir, key: str) -> tuple[str, list[str]]:
    """Return which letter a report is about, and the status of each failed recipient.

    Raises ValueError, or what Python's parser fails with, for any other message.
    """
    with folder.get_file(key) as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ValueError("It is too large.")
    return find_message_id(content), find_failures(message_from_bytes(content))


def find_message_id(content: bytes) -> str:
    """Return the unique part of the Message-ID of the letter that came back."""
    host = re.escape(settings.SITE_HOST).encode()
    unique = rb"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
    found = re.search(rb"(?im)^message-id:\s*<%b@%b>" % (unique, host), content)
    if found is None:
        raise ValueError("It returns no letter of ours.")
    return found[1].decode()


def find_failures(report: Message) -> list[str]:
    for part in report.walk():
        if part.get_content_type() == "message/delivery-status":
            recipients = [group for group in part.walk() if group["Action"]]
            if recipients:
                return [
                    str(group["Status"]).strip()
                    for group in recipients
                    if str(group["Action"]).strip().lower() == "failed"
                ]
    raise ValueError("It tells of no recipient.")
