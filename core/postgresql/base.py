"""Django's PostgreSQL backend, with a connection check that rarely needs a query.

`ENGINE` is "core.postgresql", and Django expects a module named `base` in it.
"""

import select
import time

from django.db.backends.postgresql import base
from psycopg.pq import TransactionStatus

# After this many seconds without a request, query the server anyway, because a firewall
# may have dropped the connection without telling either end.
LONG_IDLE = 60


class DatabaseWrapper(base.DatabaseWrapper):
    checked_at = 0.0

    def is_usable(self) -> bool:
        """Return whether the connection works, in most cases without a query.

        Queries the server only after an error or a long idle time, or if it sent data.
        Between requests, the server sends data only if it closes the connection or has
        something to report. So if there is nothing to read, the connection is open.
        """
        now = time.monotonic()
        idle, self.checked_at = now - self.checked_at, now
        if self.errors_occurred or idle > LONG_IDLE or not self.is_silent():
            return super().is_usable()
        return True

    def is_silent(self) -> bool:
        """Whether the connection is open and idle, with nothing to read."""
        if self.connection is None:
            return False
        # The status of a closed connection is UNKNOWN.
        if self.connection.info.transaction_status != TransactionStatus.IDLE:
            return False
        poll = select.poll()
        poll.register(self.connection.fileno(), select.POLLIN)
        return not poll.poll(0)
