"""What follows from reports about our letters: addresses marked, updates ended.

Anybody who knows where reports go can forge one. All that a forged one can do is mark
an address or end its updates, and only with the Message-ID of a letter that was sent
there, which is random and known to its reader alone.
"""

import logging
import mailbox
from collections import Counter
from enum import StrEnum

from django.db import transaction
from django.utils import timezone

from core import addresses
from voices.letters import reports
from voices.letters.models import Letter
from voices.letters.reports import is_for_good
from voices.signatures.models import Signature

logger = logging.getLogger(__name__)

# A report on a letter of ours is far smaller, also with the letter in it.
MOST_BYTES = 1_000_000


class Outcome(StrEnum):
    """What came of a message."""

    MARKED = "Refused for good, and marked"
    COMPLAINED = "Called spam by its reader, whose updates were ended"
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
    if not is_to(letter, [signature.email_key]):
        return False
    same = Signature.objects.filter(pk=signature.pk, email_key=signature.email_key)
    same.filter(bounced_at=None).update(bounced_at=timezone.now())
    return True


@transaction.atomic
def complain(letter: Letter) -> bool:
    """End the updates of the reader who called one of our mails spam."""
    signature = letter.signature
    if signature is None or not is_to(letter, [signature.email_key]):
        return False
    Signature.objects.filter(pk=signature.pk).update(updates=False)
    return True


def is_to(letter: Letter, addressed: list[str]) -> bool:
    """Whether the letter went to one of these addresses."""
    for address in addressed:
        try:
            hashes = addresses.fingerprints(addresses.canonical(address))
        except ValueError:
            continue
        if letter.address_hash in hashes:
            return True
    return False


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
        report = read_report(folder, key)
    # Whatever strangers send must not keep what lies behind it from being read.
    except Exception as error:
        logger.debug("A message is no delivery report: %s.", type(error).__name__)
        return Outcome.LEFT
    letters = Letter.objects.select_related("signature")
    letter = letters.filter(message_id=report.message_id).first()
    if report.complaint:
        done = letter is not None and complain(letter)
        return Outcome.COMPLAINED if done else Outcome.NOBODY
    refused = [names for names, said in report.failures if is_for_good(said)]
    if not refused:
        return Outcome.PASSING
    if letter is None or letter.signature is None:
        return Outcome.NOBODY
    # The letter may have been passed on, and another address refused it.
    if not any(not names or is_to(letter, names) for names in refused):
        return Outcome.PASSING
    return Outcome.MARKED if mark(letter) else Outcome.NOBODY


def read_report(folder: mailbox.Maildir, key: str) -> reports.Report:
    """Return what a message of the folder reports.

    Raises ValueError, or what Python's parser fails with, for any other message.
    """
    with folder.get_file(key) as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ValueError("It is too large.")
    return reports.read(content)
