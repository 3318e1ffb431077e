"""Run Django's `migrate` as the owner of the tables."""

from collections.abc import Callable

from django.core.management.commands import migrate
from django.db import connection

from operations.database_roles import as_owner, give_rights

# While a migration waits for a lock on a table, later queries on that table wait, too.
LONGEST_WAIT = "5s"


class Command(migrate.Command):
    @as_owner()
    def handle(self, *args: object, **options: object) -> None:
        # Before migrating, set the default privileges, which new tables get. Afterward,
        # restrict the privileges on new log tables.
        give_rights()
        wait_for_locks(LONGEST_WAIT)
        try:
            with connection.execute_wrapper(wait_for_others):
                super().handle(*args, **options)
        finally:
            wait_for_locks("0")
        give_rights()


def wait_for_locks(longest: str) -> None:
    """Set how long a statement may wait for a lock; "0" removes the limit."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, false)", [longest])


def wait_for_others(
    execute: Callable, sql: object, params: object, many: bool, context: dict
) -> object:
    """Let a statement with CONCURRENTLY wait for other transactions without a limit.

    It blocks no reads or writes while it waits. If it timed out, it would leave behind
    an invalid index.
    """
    if "CONCURRENTLY" not in str(sql):
        return execute(sql, params, many, context)
    wait_for_locks("0")
    try:
        return execute(sql, params, many, context)
    finally:
        wait_for_locks(LONGEST_WAIT)
