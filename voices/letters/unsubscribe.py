"""The link that ends updates: its signer and its header (RFC 8058)."""

from email.policy import Policy

from django.core.signing import Signer

# Never expires: a reader who opens an old email must still be able to unsubscribe.
unsubscribing = Signer(salt="voices.unsubscribe", sep=".")


class ListUnsubscribe(str):
    """The URL that unsubscribes from updates, in < and >, on one line.

    Python folds a URL that is longer than a line into encoded words, which no mail
    program decodes in this header.
    """

    name = "List-Unsubscribe"

    def fold(self, *, policy: Policy) -> str:
        return f"{self.name}: {self}{policy.linesep}"
