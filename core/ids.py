"""Generate random references, and parse IDs from requests."""

import secrets

# The maximum of PostgreSQL's bigint.
BIGGEST_ID = 2**63 - 1


def make_ref() -> str:
    """Return 22 URL-safe characters with 128 bits of randomness."""
    return secrets.token_urlsafe(16)


def read_id(text: str) -> int | None:
    """Parse `text` as a primary key; return None if no row can have it."""
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(BIGGEST_ID))):
        return None
    number = int(text)
    return number if number <= BIGGEST_ID else None
