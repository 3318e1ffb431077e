"""Advisory locks, for what row locks can't guard.

All of the site's locks are listed here, so that no two share a key by accident. Backups
use one more, in another database (operations/backups/database.py).
"""

from enum import Enum

from django.db import connection


class Lock(Enum):
    """A namespace of keys. The number seeds PostgreSQL's hash of the key."""

    ADDRESS = 0  # One email address, by its keyed hash.
    SENDER = 1  # Form submissions from one network.
    SITE = 2  # Work for one process at a time; the keys are below.
    SEARCH = 3  # One of the few slots for searches, by its number.


CARD_DRAWING = "card"
CONTENT_LOADING = "faq.load"
INVALIDATION = "voices.invalidation"
LETTERS = "voices.letters"
PETITION = "voices.petition"
PREPARATION = "prepare"
REMINDERS = "voices.reminders"
USER_NAMES = "accounts.names"


def lock(what: Lock, key: str) -> None:
    """Wait for this lock, and hold it until the transaction ends."""
    call("pg_advisory_xact_lock", what, key)


def lock_all(what: Lock, keys: list[str]) -> None:
    """Wait for these locks one by one, and hold them until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(key, %s)) "
            "FROM unnest(%s::text[]) AS key",
            [what.value, keys],
        )


def lock_site(name: str) -> None:
    """Wait for the site-wide lock `name`; hold it until the transaction ends."""
    lock(Lock.SITE, name)


def try_lock(what: Lock, key: str) -> bool:
    """Return whether this lock is free; if so, hold it until the transaction ends."""
    return call("pg_try_advisory_xact_lock", what, key) is True


def hold(name: str, *, wait: bool) -> bool:
    """Take a session-level lock; if another session has it, wait or return False.

    The lock lasts until `release` or until the connection closes.
    """
    function = "pg_advisory_lock" if wait else "pg_try_advisory_lock"
    return call(function, Lock.SITE, name) is not False


def release(name: str) -> None:
    call("pg_advisory_unlock", Lock.SITE, name)


def call(function: str, what: Lock, key: str) -> object:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {function}(hashtextextended(%s, %s))", [key, what.value]
        )
        return cursor.fetchone()[0]
