"""Django's PostgreSQL backend, with a connection check that rarely needs a query.

`ENGINE` is "core.postgresql", and Django expects a module named `base` in it.
"""

import select
import time

from django.db.backends.postgresql import base
from psycopg.pq import TransactionStatus

# If a connection wasn't checked for this many seconds, query the server in any case: a
# firewall may have dropped the connection without telling the site or the server.
LONG_IDLE = 60


class DatabaseWrapper(base.DatabaseWrapper):
    checked_at = 0.0

    def is_usable(self) -> bool:
        """Return whether the connection works, in most cases without a query.

        Queries the server at the first check, after an error, after a long idle time,
        and if the connection is closed, in a transaction, or has data to read. Between
        requests, the server sends data only when it closes the connection or has
        something to report. So if there is nothing to read, the connection is open.
        """
        now = time.monotonic()
        idle, self.checked_at = now - self.checked_at, now
        if self.errors_occurred or idle > LONG_IDLE or not self.is_silent():
            return super().is_usable()
        return True

    def is_silent(self) -> bool:
        """Return whether the connection is open and idle, with nothing to read."""
        if self.connection is None:
            return False
        # A closed connection isn't IDLE either: its status is UNKNOWN.
        if self.connection.info.transaction_status != TransactionStatus.IDLE:
            return False
        poll = select.poll()
        poll.register(self.connection.fileno(), select.POLLIN)
        return not poll.poll(0)
