"""The signed part of the link that ends updates."""

from django.core.signing import Signer

# Never expires: who opens an old mail must still be able to say that it is enough.
unsubscribing = Signer(salt="voices.unsubscribe", sep=".")
