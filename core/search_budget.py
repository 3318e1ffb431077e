"""Limit searches: each query has a time limit; only a few public ones run at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.db import OperationalError, connection, transaction
from psycopg.errors import QueryCanceled

from core.locks import Lock, try_lock

# The time limit of each query.
LONGEST_SEARCH_MS = 800
# How many searches may run at the same time in all processes together. Any further
# search gets a 503, because waiting would tie up threads that serve cached pages.
SEARCHES_AT_ONCE = 2
# Whether this thread is already in a search.
searching = ContextVar("searching", default=False)


class TooManySearches(Exception):
    """All search slots are in use; the visitor can try again in a few seconds."""


class SearchTooLong(Exception):
    """A query took too long; the visitor may try fewer or rarer words."""


@contextmanager
def time_limit(milliseconds: int) -> Iterator[None]:
    """Raise SearchTooLong if a query in the `with` block exceeds the time limit.

    The block is a transaction.
    """
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = {milliseconds}")
            yield
            cursor.execute("SET LOCAL statement_timeout TO DEFAULT")
    except OperationalError as error:
        if not isinstance(error.__cause__, QueryCanceled):
            raise
        raise SearchTooLong from error


@contextmanager
def one_search() -> Iterator[None]:
    """Limit the queries in a `with` block; nested blocks belong to the same search.

    The outermost block raises TooManySearches if too many searches are running, or
    SearchTooLong if a query exceeds its time limit.
    """
    if searching.get():
        yield
        return
    token = searching.set(True)
    try:
        with time_limit(LONGEST_SEARCH_MS):
            if not any(try_lock(Lock.SEARCH, str(n)) for n in range(SEARCHES_AT_ONCE)):
                raise TooManySearches
            yield
    finally:
        searching.reset(token)
