"""Make and check the tokens in emailed links, and the six-digit codes.

Tokens and codes are computed from a secret key and the secret `ref` of a database row,
so they don't have to be stored, and a resent email has the same code. After a key
rotation, they stay valid as long as the old key is in SECRET_KEY_FALLBACKS.
"""

from datetime import timedelta

from django.conf import settings
from django.core.signing import SignatureExpired, Signer, TimestampSigner
from django.utils.crypto import constant_time_compare, salted_hmac

CODE_DIGITS = 6

confirming = TimestampSigner(salt="voices.confirm", sep=".")
refusing = TimestampSigner(salt="voices.not-me", sep=".")
managing = TimestampSigner(salt="voices.manage", sep=".")
changing_address = TimestampSigner(salt="voices.new-address", sep=".")
correcting = Signer(salt="voices.correct", sep=".")


def read(signer: TimestampSigner, token: str, days: int) -> tuple[str, bool]:
    """Return the value in `token`, and whether the token is over `days` days old.

    Raises BadSignature for a token that we didn't sign, or signed for another purpose.
    """
    try:
        age = timedelta(days=days)
        return signer.unsign(token, max_age=age), False
    except SignatureExpired:
        return signer.unsign(token), True


def code(ref: str, secret: str | None = None) -> str:
    """Return the six-digit code that confirms the submission with this ref."""
    digest = salted_hmac("voices.code", ref, secret=secret, algorithm="sha256").digest()
    return f"{int.from_bytes(digest) % 10**CODE_DIGITS:0{CODE_DIGITS}}"


def is_code(ref: str, given: str) -> bool:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return any([constant_time_compare(given, code(ref, key)) for key in keys])  # noqa: C419
