"""The link that ends updates: its signed part, and its header (RFC 8058)."""

from django.core.signing import Signer

# Never expires: who opens an old mail must still be able to say that it is enough.
unsubscribing = Signer(salt="voices.unsubscribe", sep=".")


class ListUnsubscribe(str):
    """The address that ends a list of mails, in < and >, written on one line.

    Python breaks an address that is longer than a line into encoded words, which no
    mail program decodes here.
    """

    name = "List-Unsubscribe"

    def fold(self, *, policy) -> str:
        return f"{self.name}: {self}{policy.linesep}"
