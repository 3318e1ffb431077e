"""Restore a backup into a new database, which then replaces the site's database."""

from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from psycopg import Connection
from psycopg.sql import SQL, Identifier

from operations.backups import BackupError, archive, database
from operations.backups.archive import About
from operations.backups.make import compare, load, place_for_dump


def check(path: Path) -> About:
    """Return a backup's description.

    Raises BackupError if the description can't be read, or if a newer release made
    the backup.
    """
    about = archive.read(path)
    known = set(MigrationLoader(None).graph.nodes)
    unknown = [tuple(key) for key in about.migrations if tuple(key) not in known]
    ours = {app for app, _ in known}
    newer = [f"{app}.{name}" for app, name in unknown if app in ours]
    if newer:
        raise BackupError(
            f"{path} was made by a newer release than this one, with {newer[-1]}. "
            "Upgrade the site before you restore it."
        )
    return about


def rows_now() -> dict[str, int]:
    """Return the site database's row counts by table; {} if there is no database."""
    name = database.site_database()
    with database.connect(database.MAINTENANCE) as server:
        if not database.exists(server, name):
            return {}
    with database.connect(name) as site:
        return database.count_rows(site)


def restore(path: Path, about: About, finish: Callable[[], None]) -> None:
    """Replace the site's database with the backup.

    The backup is loaded into a new database. Before the swap, `finish` is called, with
    Django connected to the new database. Until the swap, this changes nothing in the
    site's database. The swap renames both databases; then the replaced one is dropped.
    """
    name = database.site_database()
    draft, replaced = f"{name}_restoring", f"{name}_replaced"
    with (
        database.maintenance() as server,
        place_for_dump(settings.BACKUP_FOLDER) as dump,
    ):
        major = server.info.server_version // 10000
        if about.postgres // 10000 > major:
            raise BackupError(
                f"{path} was made with PostgreSQL {about.postgres // 10000}, and this "
                f"server is version {major}. Upgrade the server first."
            )
        archive.extract(path, about, dump)
        database.create(server, draft)
        try:
            load(dump, draft)
            with database.connect(draft) as restored:
                compare(about.rows, database.count_rows(restored))
            with database.as_the_site(draft):
                finish()
            database.drop(server, replaced)
            swap(server, draft, name, replaced)
        except BaseException:
            database.drop(server, draft)
            raise
        database.drop(server, replaced)


def swap(server: Connection, draft: str, name: str, replaced: str) -> None:
    """Rename the database `name` to `replaced`, and `draft` to `name`, atomically.

    If `name` doesn't exist, only rename `draft`.
    """
    connection.close()
    there = database.exists(server, name)
    if there:
        # A database with open connections can't be renamed.
        server.execute(
            SQL("ALTER DATABASE {} WITH ALLOW_CONNECTIONS false").format(
                Identifier(name)
            )
        )
        server.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            # No need to end autovacuum workers: ALTER DATABASE … RENAME does it.
            "WHERE datname = %s AND backend_type = 'client backend'",
            [name],
        )
    rename = SQL("ALTER DATABASE {} RENAME TO {}")
    try:
        with server.transaction():
            if there:
                server.execute(rename.format(Identifier(name), Identifier(replaced)))
            server.execute(rename.format(Identifier(draft), Identifier(name)))
    except BaseException:
        if there:
            server.execute(
                SQL("ALTER DATABASE {} WITH ALLOW_CONNECTIONS true").format(
                    Identifier(name)
                )
            )
        raise
