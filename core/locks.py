"""PostgreSQL advisory locks, for cases in which row locks don't help.

All of the site's advisory locks are listed here, so that no two share a key by
accident. Backups use one more, in another database (operations/backups/database.py).
"""

from enum import Enum

from django.db import connection


class Lock(Enum):
    """A namespace for lock keys. The number is the seed with which keys are hashed."""

    ADDRESS = 0  # The key is an email address's keyed hash.
    SENDER = 1  # The key is the hash of a network or address that submits forms.
    SITE = 2  # For work that only one process may do at a time. The keys are below.
    SEARCH = 3  # The key is the number of a slot for searches.


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
    """Wait for these locks in this order; hold them until the transaction ends."""
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
    """Like `lock`, but if the lock isn't free, return False instead of waiting."""
    return call("pg_try_advisory_xact_lock", what, key) is True


def hold(name: str, *, wait: bool) -> bool:
    """Take this site-wide lock until `release` is called or the connection closes.

    If another session has the lock: with `wait`, wait for it, else return False.
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
