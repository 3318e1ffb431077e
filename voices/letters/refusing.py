"""What a "this wasn't me" link is about: the form's reference and its address's hashes.

The hashes lead to a signature even after the form has been deleted.
"""

from core import addresses
from voices.signatures.models import Signature, Submission
from voices.signatures.requests import AddressChange


def subject(waiting: Submission | AddressChange) -> str:
    """Return what the link signs.

    With the hash under each key, because a signature keeps the one of its own day.
    """
    return ":".join([waiting.ref, *addresses.fingerprints(waiting.email_key)])


def find_waiting(ref: str) -> Submission | AddressChange | None:
    """Return the form or the change of address, if nobody has confirmed it."""
    return (
        Submission.objects.unconfirmed().filter(ref=ref).first()
        or AddressChange.objects.filter(ref=ref).first()
    )


def find_signature(ref: str, hashes: list[str]) -> Signature | None:
    """Return the signature of the link's address, withdrawn or not."""
    if form := Submission.objects.filter(ref=ref, signature__isnull=False).first():
        return form.signature
    known = set(hashes)
    if waiting := find_waiting(ref):
        # After a key rotation the link may know other hashes than the signature.
        known |= {*addresses.fingerprints(waiting.email_key)}
    return Signature.objects.filter(address_hash__in=known).first()
