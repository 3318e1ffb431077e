"""Run Django's `migrate` as the owner of the tables."""

from collections.abc import Callable

from django.core.management.commands import migrate
from django.db import connection

from operations.database_roles import as_owner, give_rights

# While a migration waits for a lock on a table, other queries wait behind it.
LONGEST_WAIT = "5s"


class Command(migrate.Command):
    @as_owner()
    def handle(self, *args: object, **options: object) -> None:
        # Set privileges before migrating, so that new tables get the default ones, and
        # again afterward, to restrict new log tables.
        give_rights()
        wait_for_locks(LONGEST_WAIT)
        try:
            with connection.execute_wrapper(wait_for_others):
                super().handle(*args, **options)
        finally:
            wait_for_locks("0")
        give_rights()


def wait_for_locks(longest: str) -> None:
    """Set how long each statement waits for a lock; "0" disables the limit."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, false)", [longest])


def wait_for_others(
    execute: Callable, sql: object, params: object, many: bool, context: dict
) -> object:
    """Let a CONCURRENTLY statement wait for old transactions without a limit.

    Such a statement blocks nobody, and would leave an invalid index if it gave up.
    """
    if "CONCURRENTLY" not in str(sql):
        return execute(sql, params, many, context)
    wait_for_locks("0")
    try:
        return execute(sql, params, many, context)
    finally:
        wait_for_locks(LONGEST_WAIT)
