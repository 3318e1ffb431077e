"""The budget that all anonymous searches share: only a few at once, each cut short."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError, connection, transaction
from psycopg.errors import QueryCanceled

from core.locks import Lock, try_lock

# The time limit of each query.
LONGEST_SEARCH_MS = 800
# How many searches may run at the same time across all processes. Requests beyond that
# get a 503, because waiting would tie up threads that serve cached pages.
SEARCHES_AT_ONCE = 2


class TooManySearches(Exception):
    """All search slots are in use; the reader can try again in a few seconds."""


class SearchTooLong(Exception):
    """A query took too long; the reader may try fewer or rarer words."""


@contextmanager
def one_search() -> Iterator[None]:
    """Run the block's queries as one search.

    Raises TooManySearches or SearchTooLong. A search inside another can use the same
    slot, because a session can take its own lock again.
    """
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            if not any(try_lock(Lock.SEARCH, str(n)) for n in range(SEARCHES_AT_ONCE)):
                raise TooManySearches
            cursor.execute(f"SET LOCAL statement_timeout = {LONGEST_SEARCH_MS}")
            yield
            cursor.execute("SET LOCAL statement_timeout TO DEFAULT")
    except OperationalError as error:
        if not isinstance(error.__cause__, QueryCanceled):
            raise
        raise SearchTooLong from error
