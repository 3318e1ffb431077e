"""The readers of updates."""

from django.db.models import Q, QuerySet

from core import addresses
from voices.letters.models import RefusedAddress
from voices.signatures.models import Signature

# Signers who asked for updates, count, and can be reached.
READER = Q(updates=True, counted_at__isnull=False, withdrawn_at=None, bounced_at=None)


def readers() -> QuerySet[Signature]:
    return Signature.objects.filter(READER)


def is_reader(signature: Signature) -> bool:
    """Whether it is still a reader's, and its address is not suppressed."""
    if not readers().filter(pk=signature.pk).exists():
        return False
    hashes = addresses.fingerprints(signature.email_key)
    return not RefusedAddress.objects.filter(address_hash__in=hashes).exists()
