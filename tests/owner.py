"""What the tests' harness does as the owner of the tables: make, empty, drop.

Everything that is tested runs as the site's role, which can't do these things.
"""

from contextlib import contextmanager
from unittest import mock

from django.conf import settings
from django.db import connection
from django.db.backends.postgresql.operations import DatabaseOperations

from operations.backups import database


@contextmanager
def site_logged_in():
    """Let Django's connection be the site's, where it is the owner's."""
    ours, site = connection.settings_dict, settings.DATABASE_LOGINS["site"]
    connection.close()
    with mock.patch.dict(ours, site):
        yield
        connection.close()


def execute(*statements):
    """Execute SQL as the owner, outside of Django's connection and transaction."""
    with database.connect(connection.settings_dict["NAME"]) as ours:
        for sql in statements:
            ours.execute(sql)


def empties_tables():
    """Let the owner do the TRUNCATE between tests that commit."""
    return mock.patch.object(
        DatabaseOperations,
        "execute_sql_flush",
        lambda operations, statements: execute(*statements),
    )
