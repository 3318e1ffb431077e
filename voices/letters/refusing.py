"""Make and look up the value in "this wasn't me" links: a ref and address hashes.

The ref identifies a submission or a change of address. The hashes identify the petition
signature of the same address, even after the submission has been deleted.
"""

from core import addresses
from voices.signatures.models import Signature, Submission
from voices.signatures.requests import AddressChange


def subject(waiting: Submission | AddressChange) -> str:
    """Return the value for the link's token.

    It includes the address's hash under each secret key, because a petition signature
    may still be stored with the hash under an older key.
    """
    return ":".join([waiting.ref, *addresses.keyed_hashes(waiting.email_key)])


def find_waiting(ref: str) -> Submission | AddressChange | None:
    """Return the unconfirmed submission or change of address with this ref, or None."""
    return (
        Submission.objects.unconfirmed().filter(ref=ref).first()
        or AddressChange.objects.filter(ref=ref).first()
    )


def find_signature(ref: str, hashes: list[str]) -> Signature | None:
    """Return the petition signature that the link's ref or address hashes identify.

    It may have been made from another form. A withdrawn signature is returned only if
    the link's own form became it, because others may still wait for the same address.
    Returns None if there is no signature.
    """
    if submission := Submission.objects.filter(
        ref=ref, signature__isnull=False
    ).first():
        return submission.signature
    known = set(hashes)
    if waiting := find_waiting(ref):
        # After a key rotation, the link may lack the hash that the signature has.
        known |= {*addresses.keyed_hashes(waiting.email_key)}
    signatures = Signature.objects.filter(address_hash__in=known, withdrawn_at=None)
    return signatures.first()
