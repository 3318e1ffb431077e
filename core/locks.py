"""Advisory locks: one at a time does what a row lock can't guard.

Every lock of the site is listed here, so no two share a key by accident. Backups have
one more, on another database (operations/backups/database.py).
"""

from enum import Enum

from django.db import connection


class Lock(Enum):
    """What a key belongs to. The number is the seed of PostgreSQL's hash of the key."""

    ADDRESS = 0  # One email address, by its fingerprint.
    SENDER = 1  # Forms from one network.
    SITE = 2  # Something that exists once, by one of the names below.


CARD_DRAWING = "card"
CONTENT_LOADING = "faq.load"
INVALIDATION = "voices.invalidation"
LETTERS = "voices.letters"
PREPARATION = "prepare"
USER_NAMES = "accounts.names"


def lock(what: Lock, key: str) -> None:
    """Wait for this lock, and hold it until the transaction ends."""
    call("pg_advisory_xact_lock", what, key)


def take_turns(name: str) -> None:
    """Let one transaction at a time do what `name` stands for, until it ends."""
    lock(Lock.SITE, name)


def hold(name: str, *, wait: bool) -> bool:
    """Take a lock that outlives transactions; False if it is taken and `wait` is False.

    It ends with `release` or with the connection.
    """
    function = "pg_advisory_lock" if wait else "pg_try_advisory_lock"
    return call(function, Lock.SITE, name) is not False


def release(name: str) -> None:
    call("pg_advisory_unlock", Lock.SITE, name)


def call(function: str, what: Lock, key: str):
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {function}(hashtextextended(%s, %s))", [key, what.value]
        )
        return cursor.fetchone()[0]
