"""Queue letters, each in the same transaction as the event that causes it."""

from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet, Value
from django.db.models.functions import Coalesce, NullIf
from django.utils import timezone

from core import addresses
from voices.letters.models import Letter, RefusedAddress
from voices.letters.turns import NEXT_TURN, next_turn
from voices.signatures.models import Lane, Signature, Submission
from voices.signatures.requests import AddressChange

# Kinds of letters that must not wait long: somebody is waiting for the first three, and
# ADDRESS_ASKED is a warning. queue_letter() puts them into the clean lane. Except for
# ADDRESS_ASKED, they are sent even to an address that has bounced.
AWAITED = {
    Letter.Kind.CONFIRM,
    Letter.Kind.MANAGE,
    Letter.Kind.NEW_ADDRESS,
    Letter.Kind.ADDRESS_ASKED,
}
# Kinds of letters that are sent even to an address on the suppression list: MANAGE was
# requested, usually by the signer, and ADDRESS_ASKED warns the signer that somebody
# wants to change their signature's address.
FOR_SIGNERS = {Letter.Kind.MANAGE, Letter.Kind.ADDRESS_ASKED}

# One statement assigns a turn and queues the letter. If a letter about the submission
# is already in flight, the turn goes unused, which does no harm.
CONFIRMATION = f"""
    WITH next AS ({NEXT_TURN})
    INSERT INTO voices_letter
        (kind, submission_id, address_hash, message_id, lane, turn)
    SELECT 'confirm', %(submission_id)s::bigint, %(address_hash)s::text,
        gen_random_uuid(), %(lane)s::text, turn
    FROM next
    ON CONFLICT (submission_id)
    WHERE sent_at IS NULL AND dropped_at IS NULL AND NOT kind = 'reminder'
    DO NOTHING
"""  # noqa: S608 - made of constants


def queue_confirmation(submission: Submission) -> None:
    """Queue the confirmation email, unless one is in flight or the submission is held.

    The address is checked only when the letter is sent, so that the page's response
    time doesn't reveal whether the address is known, suppressed, or over its limit.
    """
    if submission.lane == Lane.HELD:
        return
    address_hash = addresses.keyed_hash(submission.email_key)
    with connection.cursor() as cursor:
        cursor.execute(
            CONFIRMATION,
            {
                "submission_id": submission.pk,
                "address_hash": address_hash,
                "lane": submission.lane,
                "network_hash": turn_taker(submission),
            },
        )


def lock_for_letters(ids: list[int]) -> None:
    """Lock the addresses of these submissions, then their letters in flight.

    When an address is refused, erased, or changed, its submissions are deleted under
    the address's lock. So no letter is queued for a submission that is being deleted.
    The caller locks the submissions after this, because the statement that finishes a
    letter also locks the letter before its submission.
    """
    # A closed submission has no address anymore, but its signature, if any, has one.
    key = Coalesce(NullIf("email_key", Value("")), "signature__email_key", "ref")
    submissions = Submission.objects.filter(pk__in=ids).order_by()
    addresses.lock_all(set(submissions.values_list(key, flat=True)))
    letters = Letter.objects.in_flight().filter(submission__in=ids).order_by("pk")
    list(letters.select_for_update().values_list("pk", flat=True))


@transaction.atomic
def send_again(submission_id: int) -> Submission | None:
    """Queue a submission's email again, and return the submission.

    Return None if the submission is gone, or if its email was requested too recently or
    too often (see `again_at`). The response time reveals nothing about the address,
    because this function locks the address whether it has signed or not. A held
    submission moves into the slow lane.
    """
    lock_for_letters([submission_id])
    submissions = Submission.objects.select_for_update()
    submission = submissions.filter(pk=submission_id).first()
    now = timezone.now()
    if submission is None or submission.again_at is None or submission.again_at > now:
        return None
    submission.asked_again += 1
    submission.asked_again_at = now
    if submission.lane == Lane.HELD:
        submission.lane = Lane.SLOW
    submission.save(update_fields=["asked_again", "asked_again_at", "lane"])
    queue_confirmation(submission)
    return submission


@transaction.atomic
def release(submissions: QuerySet[Submission]) -> int:
    """Move held submissions to the slow lane, and queue an email for each.

    Return the number of submissions.
    """
    found = submissions.filter(lane=Lane.HELD, confirmed_at=None).order_by("pk")
    lock_for_letters(list(found.values_list("pk", flat=True)))
    held = list(found.select_for_update())
    # In order of hash, so that all transactions lock the Turn rows in the same order,
    # and can't deadlock.
    for submission in sorted(held, key=turn_taker):
        submission.lane = Lane.SLOW
        submission.save(update_fields=["lane"])
        queue_confirmation(submission)
    return len(held)


def turn_taker(submission: Submission) -> str:
    """Return the hash for the submission's row in Turn.

    This is the hash of the submission's network or, if no network is known, of its
    email address.
    """
    return submission.wide_network_hash or addresses.keyed_hash(submission.email_key)


# One statement for any number of letters.
NOTICES = """
    INSERT INTO voices_letter
        (kind, signature_id, address_hash, message_id, lane, send_at)
    SELECT %(kind)s::text, signature_id, address_hash, gen_random_uuid(),
        %(lane)s::text, %(send_at)s::timestamptz
    FROM unnest(%(signatures)s::bigint[], %(hashes)s::text[])
        AS told (signature_id, address_hash)
"""


@transaction.atomic
def queue_letters(
    kind: Letter.Kind, signatures: QuerySet[Signature], at: datetime | None = None
) -> int:
    """Queue an email to each of these signers, to be sent now or at a given time.

    Does the same as queue_letter() for each, with three statements for any number of
    signers. Only for kinds of letters that aren't in AWAITED. Returns the number of
    letters.
    """
    if kind in AWAITED:
        raise ValueError(f"Somebody awaits the letter {kind}, so it needs a turn.")
    keys = signatures.order_by("pk").values_list("pk", "email_key")
    hashes = {pk: addresses.keyed_hashes(key) for pk, key in keys}
    known = RefusedAddress.objects.filter(
        address_hash__in={each for some in hashes.values() for each in some}
    )
    refused = set(known.values_list("address_hash", flat=True))
    told = {pk: some[0] for pk, some in hashes.items() if refused.isdisjoint(some)}
    if told:
        values: dict[str, Any] = {
            "kind": kind.value,
            "lane": Letter.Lane.NOTICE.value,
            "signatures": [*told],
            "hashes": [*told.values()],
            "send_at": at or timezone.now(),
        }
        with connection.cursor() as cursor:
            cursor.execute(NOTICES, values)
    return len(told)


@transaction.atomic
def queue_letter(
    kind: Letter.Kind,
    signature: Signature,
    address_change: AddressChange | None = None,
    at: datetime | None = None,
    network_hash: str = "",
) -> None:
    """Queue an email to a signer, to be sent now or at a given time.

    Queues nothing for an address on the suppression list, unless `kind` is in
    FOR_SIGNERS. If somebody requested the email, `network_hash` identifies their
    network.
    """
    key = address_change.email_key if address_change else signature.email_key
    hashes = addresses.keyed_hashes(key)
    refused = RefusedAddress.objects.filter(address_hash__in=hashes)
    if kind not in FOR_SIGNERS and refused.exists():
        return
    lane, turn = Letter.Lane.NOTICE, 0
    if kind in AWAITED:
        lane = Letter.Lane.CLEAN
        turn = next_turn(lane, network_hash or signature.address_hash)
    Letter.objects.create(
        kind=kind,
        signature=signature,
        address_change=address_change,
        address_hash=hashes[0],
        lane=lane,
        turn=turn,
        send_at=at or timezone.now(),
    )
