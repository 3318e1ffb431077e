"""Check and compose a few letters at once, right before they are sent.

A check takes one transaction, in which all the letters' addresses are locked. It runs
the same few queries however many letters there are, and a few more only for letters
that are postponed or dropped, for confirmation emails to an address that has already
signed, and for composing. A check doesn't change the rows of letters that may be sent.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import DatabaseError, transaction
from django.db.models import Q, Value
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.functional import cached_property

from core import addresses
from voices.letters.compose import compose
from voices.letters.finish import count_unmade, drop
from voices.letters.models import (
    DAY,
    Attempt,
    Letter,
    RefusedAddress,
    SendingRate,
)
from voices.letters.reminders import may_remind
from voices.letters.repeats import tell_signer
from voices.letters.take import Taken
from voices.signatures.models import Signature

logger = logging.getLogger(__name__)

# After this many attempts with unknown results, a letter is not sent again.
MAX_UNKNOWN_ENDS = 2
# The minimum time that a letter waits for another letter to the same address.
BEHIND_ANOTHER = timedelta(seconds=30)

type Checked = tuple[Letter, EmailMultiAlternatives]


def check(taken: Taken, left: list[int]) -> list[Checked]:
    """Return the letters that may be sent now, each with its composed email.

    `left` has the IDs of the letters to check. This function removes from `left` the
    IDs of letters that may not be sent now. Of several letters to one address, only the
    first is returned; the others stay in `left` for the next check.
    """
    unmade: list[int] = []
    try:
        checked = check_all(taken, left, unmade)
    except DatabaseError:
        # Let all of these letters wait until their lease ends. Otherwise, a letter that
        # breaks the check would be the first to be taken again, over and over.
        left.clear()
        raise
    for letter_id in unmade:
        count_unmade(letter_id, taken.at)
    return checked


@transaction.atomic
def check_all(taken: Taken, left: list[int], unmade: list[int]) -> list[Checked]:
    keys = lock_addresses(left)
    letters = find(taken, left)
    hashes = {
        pk: addresses.keyed_hashes(keys[pk]) if keys[pk] else [letter.address_hash]
        for pk, letter in letters.items()
    }
    known = Known({each for found in hashes.values() for each in found}, keys.values())
    checked: list[Checked] = []
    begun: set[str] = set()
    for pk in list(left):
        if not begun.isdisjoint(hashes.get(pk, [])):
            continue
        try:
            message = pk in letters and make_message(letters[pk], hashes[pk], known)
        except DatabaseError:
            raise
        except Exception as error:
            logger.error("Letter %s can't be composed: %s", pk, type(error).__name__)
            unmade.append(pk)
            left.remove(pk)
            continue
        if message:
            begun.update(hashes[pk])
            checked.append((letters[pk], message))
        else:
            left.remove(pk)
            Attempt.objects.of(pk, taken.at).delete()
    return checked


def make_message(
    letter: Letter, hashes: list[str], known: "Known"
) -> EmailMultiAlternatives | None:
    """Return the letter's email. If the letter can't be sent now, return None.

    In that case, record when to try the letter again, or drop the letter.
    """
    if letter.attempts - letter.failures >= MAX_UNKNOWN_ENDS:
        logger.warning("Letter %s may have been sent twice.", letter.pk)
    elif until := waits_until(letter, hashes, known):
        letter.taken_at, letter.send_at = None, until
        letter.save(update_fields=["taken_at", "send_at"])
        return None
    elif message := may_be_sent(letter, hashes, known) and compose(letter):
        return message
    drop(letter)
    return None


def lock_addresses(letter_ids: list[int]) -> dict[int, str]:
    """Lock the letters' email addresses; return a dict of letter ID to address.

    The addresses are canonical. An unknown address is "".
    """
    key = Coalesce(
        *("submission__email_key", "address_change__email_key"),
        *("signature__email_key", Value("")),
    )
    letters = Letter.objects.filter(pk__in=letter_ids).order_by()
    keys = dict(letters.values_list("pk", key))
    addresses.lock_all({each for each in keys.values() if each})
    return keys


def find(taken: Taken, letter_ids: list[int]) -> dict[int, Letter]:
    """Lock and return the letters that are still leased to this sender.

    Skips letters that another transaction has locked. They wait until their lease ends.
    Waiting for several row locks here could cause a deadlock.
    """
    # Once a letter's lease has ended, another sender may have taken the letter.
    ours = Letter.objects.in_flight().filter(
        pk__in=letter_ids, taken_at=taken.at, send_at__gt=timezone.now()
    )
    about = ours.select_related(
        "submission__petition", "address_change", "update", "signature__voice__reason"
    )
    locked = about.select_for_update(of=("self",), skip_locked=True)
    return {letter.pk: letter for letter in locked.order_by()}


class Known:
    """The data that a check needs about the letters' addresses.

    Each attribute takes one query. `signatures` includes withdrawn ones.
    """

    def __init__(self, hashes: set[str], keys: Iterable[str]):
        self.letters = group_by_address(
            Letter.objects.in_flight()
            .filter(Q(attempts__gt=0) | Q(taken_at__isnull=False))
            .filter(address_hash__in=hashes)
        )
        self.attempts = group_by_address(
            Attempt.objects.counted().filter(address_hash__in=hashes).order_by("-at")
        )
        refused = RefusedAddress.objects.filter(address_hash__in=hashes)
        self.refused = set(refused.values_list("address_hash", flat=True))
        signed = Signature.objects.filter(email_key__in=set(keys) - {""})
        self.signatures = {each.email_key: each for each in signed.order_by()}

    @cached_property
    def has_reminders(self) -> bool:
        return SendingRate.objects.has_reminders()


def group_by_address(rows: Iterable[Any]) -> dict[str, list[Any]]:
    groups: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        groups[row.address_hash].append(row)
    return groups


def waits_until(letter: Letter, hashes: list[str], known: Known) -> datetime | None:
    """Return when to try the letter again, or None if it doesn't have to wait.

    Letters to one address are sent one at a time, and at most MAILS_PER_ADDRESS_PER_DAY
    in 24 hours. Over that limit, a letter about a submission doesn't wait, because
    may_be_sent() rejects it.
    """
    soon = timezone.now() + BEHIND_ANOTHER
    for other in (each for key in hashes for each in known.letters[key]):
        if other.attempts and other.pk != letter.pk:
            # Wait at least BEHIND_ANOTHER, even if the other letter is already due.
            # Otherwise, this letter would be taken again and again before the other
            # letter, because untried letters are taken first. A few such letters would
            # block a whole lane.
            is_waiting = other.attempts == other.failures
            return max(other.send_at, soon) if is_waiting else soon
        if is_ahead(other, letter):
            return soon
    if letter.submission:
        return None
    return full_until(letter, hashes, known)


def is_ahead(other: Letter, letter: Letter) -> bool:
    """Return whether another sender took `other` before `letter` and may be sending it.

    The lock in take() ensures that no two senders take letters at the same time. So if
    two senders have letters to the same address, exactly one of the letters waits.
    """
    if other.taken_at is None or letter.taken_at is None:
        return False
    return other.send_at > timezone.now() and other.taken_at < letter.taken_at


def full_until(letter: Letter, hashes: list[str], known: Known) -> datetime | None:
    """Return when the address may be emailed again; None if it may be emailed now.

    This considers only the daily limit, MAILS_PER_ADDRESS_PER_DAY.
    """
    attempts = [each for key in hashes for each in known.attempts[key]]
    latest = sorted(
        (each.at for each in attempts if each.letter_number != letter.pk), reverse=True
    )
    most = settings.MAILS_PER_ADDRESS_PER_DAY
    return latest[most - 1] + DAY if len(latest) >= most else None


def may_be_sent(letter: Letter, hashes: list[str], known: Known) -> bool:
    """Return whether the letter may be sent; True if it isn't about a submission.

    If the address has signed, this may change the letter's kind: see tell_signer().
    """
    submission = letter.submission
    if submission is None:
        return True
    if not known.refused.isdisjoint(hashes) or full_until(letter, hashes, known):
        return False
    signature = known.signatures.get(submission.email_key)
    if letter.kind == Letter.Kind.REMINDER:
        return signature is None and known.has_reminders and may_remind(submission)
    if signature and signature.withdrawn_at:
        signature = None
    return tell_signer(letter, submission, signature)
