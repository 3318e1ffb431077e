"""Grant privileges to the site's database role, and connect as the tables' owner.

Migrations and backups run as the owner. The site's role, if it is a different one, can
read and write rows. It can't truncate or alter tables, disable triggers, or change rows
of append-only logs.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.apps import apps
from django.conf import settings
from django.db import connection, transaction
from psycopg.sql import SQL, Composed, Identifier

from core.triggers import AppendOnly

# The site's role gets these privileges on each new table or sequence of the owner.
BY_DEFAULT = """
    ALTER DEFAULT PRIVILEGES IN SCHEMA public
        GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {site};
    ALTER DEFAULT PRIVILEGES IN SCHEMA public
        GRANT USAGE, SELECT ON SEQUENCES TO {site};
"""
# Reset the privileges on existing tables. Tables restored from a backup were created
# before the default privileges were set, and an earlier release may have granted more.
ON_WHAT_IS_THERE = """
    GRANT USAGE ON SCHEMA public TO {site};
    REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC;
    REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {site};
    REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {site};
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {site};
    GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {site};
"""
ON_A_LOG = "REVOKE UPDATE, DELETE ON {log} FROM {site};"


def separate() -> bool:
    """Whether the site's role differs from the role that owns the tables."""
    return settings.DATABASE_LOGINS["owner"] != settings.DATABASE_LOGINS["site"]


def logs() -> list[str]:
    """Return the names of the tables with an append-only trigger."""
    return [
        model._meta.db_table
        for model in apps.get_models()
        if any(
            isinstance(trigger, AppendOnly)
            for trigger in getattr(model._meta, "triggers", [])
        )
    ]


@contextmanager
def as_owner() -> Iterator[None]:
    """Connect Django as the tables' owner while in the context.

    Don't use this in a transaction, because it closes the connection.
    """
    ours, owner = connection.settings_dict, settings.DATABASE_LOGINS["owner"]
    usual = {key: ours[key] for key in owner}
    if usual == owner:
        # Keep the connection open: it is the owner's already, and may hold a lock.
        yield
        return
    connection.close()
    ours.update(owner)
    try:
        yield
    finally:
        connection.close()
        ours.update(usual)


@transaction.atomic
def give_rights() -> None:
    """Grant the site's role its privileges; Django must be connected as the owner."""
    if not separate():
        return
    here = connection.introspection.table_names()
    with connection.cursor() as cursor:
        cursor.execute(statement(BY_DEFAULT + ON_WHAT_IS_THERE))
        for log in logs():
            # The table may not exist yet, or a reversed migration may have dropped it.
            if log in here:
                cursor.execute(statement(ON_A_LOG, log=log))


def statement(sql: str, **names: str) -> Composed:
    names["site"] = settings.DATABASE_LOGINS["site"]["USER"]
    names["database"] = connection.settings_dict["NAME"]
    return SQL(sql).format(**{key: Identifier(name) for key, name in names.items()})
