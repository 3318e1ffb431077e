"""The subject of "this wasn't me" links: a submission's ref and its address's hashes.

The hashes identify a signature even after the submission has been deleted.
"""

from core import addresses
from voices.signatures.models import Signature, Submission
from voices.signatures.requests import AddressChange


def subject(waiting: Submission | AddressChange) -> str:
    """Return the string that the link signs.

    It has the hash under each key, because a signature keeps its original hash.
    """
    return ":".join([waiting.ref, *addresses.keyed_hashes(waiting.email_key)])


def find_waiting(ref: str) -> Submission | AddressChange | None:
    """Return the unconfirmed submission or change of address, if there is one."""
    return (
        Submission.objects.unconfirmed().filter(ref=ref).first()
        or AddressChange.objects.filter(ref=ref).first()
    )


def find_signature(ref: str, hashes: list[str]) -> Signature | None:
    """Return the signature of the link's address, withdrawn or not."""
    if submission := Submission.objects.filter(
        ref=ref, signature__isnull=False
    ).first():
        return submission.signature
    known = set(hashes)
    if waiting := find_waiting(ref):
        # After a key rotation, the link may hold other hashes than the signature.
        known |= {*addresses.keyed_hashes(waiting.email_key)}
    return Signature.objects.filter(address_hash__in=known).first()
