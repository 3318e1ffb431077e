"""Select the readers of updates, and build their unsubscribe header (RFC 8058)."""

from email.policy import Policy

from django.core.signing import Signer
from django.db.models import Q, QuerySet

from core import addresses
from voices.letters.models import RefusedAddress
from voices.signatures.models import Signature

# Selects counted signatures whose signers want updates, and whose email addresses
# haven't bounced.
READER = Q(updates=True, counted_at__isnull=False, withdrawn_at=None, bounced_at=None)
# Never expires: a reader who opens an old email must still be able to unsubscribe.
unsubscribing = Signer(salt="voices.unsubscribe", sep=".")


def readers() -> QuerySet[Signature]:
    return Signature.objects.filter(READER)


def is_reader(signature: Signature) -> bool:
    """Return whether the signer gets updates; False if the address is suppressed."""
    if not readers().filter(pk=signature.pk).exists():
        return False
    hashes = addresses.keyed_hashes(signature.email_key)
    return not RefusedAddress.objects.filter(address_hash__in=hashes).exists()


class ListUnsubscribe(str):
    """The List-Unsubscribe header: a URL in angle brackets, kept on one line.

    Otherwise, Python would fold a long URL into encoded words (RFC 2047), which no mail
    program decodes in this header.
    """

    name = "List-Unsubscribe"

    def fold(self, *, policy: Policy) -> str:
        return f"{self.name}: {self}{policy.linesep}"
