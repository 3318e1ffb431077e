"""Generate random references, and parse IDs from requests."""

import secrets

# The largest value of PostgreSQL's type bigint.
BIGGEST_ID = 2**63 - 1


def make_ref() -> str:
    """Return a random reference: 22 URL-safe characters, from 128 random bits."""
    return secrets.token_urlsafe(16)


def read_id(text: str) -> int | None:
    """Parse `text` as a primary key; return None if it can't be one."""
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(BIGGEST_ID))):
        return None
    number = int(text)
    return number if number <= BIGGEST_ID else None
