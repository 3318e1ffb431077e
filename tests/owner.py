"""What the test harness does as the tables' owner: create, empty, and drop them.

The code under test runs as the site's role, which can't do any of this.
"""

from contextlib import contextmanager
from unittest import mock

from django.conf import settings
from django.db import connection
from django.db.backends.postgresql.operations import DatabaseOperations

from operations.backups import database


@contextmanager
def site_logged_in():
    """Switch Django's connection from the owner to the site's role."""
    ours, site = connection.settings_dict, settings.DATABASE_LOGINS["site"]
    connection.close()
    with mock.patch.dict(ours, site):
        yield
        connection.close()


def execute(*statements):
    """Execute SQL as the owner, outside Django's connection and transaction."""
    with database.connect(connection.settings_dict["NAME"]) as ours:
        for sql in statements:
            ours.execute(sql)


def empties_tables():
    """Have the owner run the TRUNCATE between tests that commit."""
    return mock.patch.object(DatabaseOperations, "execute_sql_flush", flush)


def flush(operations, statements):
    """Empty the tables, except for the petition, of which there always is a version."""
    execute(
        "CREATE TEMPORARY TABLE kept AS "
        "SELECT * FROM voices_petition ORDER BY id LIMIT 1",
        *statements,
        "INSERT INTO voices_petition SELECT * FROM kept",
    )
