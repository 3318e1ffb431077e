"""Generate references, and parse IDs from requests."""

import json
import secrets
from base64 import urlsafe_b64encode

from django.utils.crypto import salted_hmac

# The largest value of PostgreSQL's type bigint.
BIGGEST_ID = 2**63 - 1


def make_ref() -> str:
    """Return a random reference: 22 URL-safe characters, from 128 random bits."""
    return secrets.token_urlsafe(16)


def derive_ref(salt: str, *parts: object) -> str:
    """Return a reference like make_ref()'s that is always the same for these parts.

    Without SECRET_KEY, it can't be guessed from them. JSON must be able to hold them.
    """
    digest = salted_hmac(salt, json.dumps(parts), algorithm="sha256").digest()
    return urlsafe_b64encode(digest[:16]).decode().rstrip("=")


def read_id(text: str) -> int | None:
    """Parse `text` as a primary key; return None if it can't be one."""
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(BIGGEST_ID))):
        return None
    number = int(text)
    return number if number <= BIGGEST_ID else None
