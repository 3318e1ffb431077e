"""Tell a signer that somebody filled in the form with their address again.

Anyone can do that any number of times, so a signer is notified at most weekly, and
never again after they use the link that stops these emails.
"""

from datetime import timedelta

from django.core.signing import Signer
from django.utils import timezone

from voices.letters.models import Letter
from voices.signatures.models import Signature, Submission

WEEK = timedelta(days=7)

# Never expires, so that the link in an old email still stops these emails.
stopping = Signer(salt="voices.stop-repeats", sep=".")


def tell_signer(
    letter: Letter, submission: Submission, signature: Signature | None
) -> bool:
    """Turn the letter into an "already signed" email if its address has signed.

    `signature` is the address's signature, or None if there is none or it is withdrawn.
    Return whether to send the letter. Nothing is saved here; `offer` in send.py saves
    the letter. The submission isn't changed, so that whoever submitted it can correct a
    mistyped address (voices/signing/correct.py).
    """
    if submission.confirmed_at:
        return False
    if signature is None:
        letter.kind, letter.signature = Letter.Kind.CONFIRM, None
        return True
    if signature.repeats_stopped_at or was_told_lately(signature, letter):
        return False
    letter.kind, letter.signature = Letter.Kind.ALREADY_SIGNED, signature
    return True


def was_told_lately(signature: Signature, letter: Letter) -> bool:
    told = Letter.objects.perhaps_sent().filter(
        kind=Letter.Kind.ALREADY_SIGNED,
        signature=signature,
        taken_at__gt=timezone.now() - WEEK,
    )
    return told.exclude(pk=letter.pk).exists()
