"""Make backups, and verify each one before saving it.

To verify a dump, `make` restores it into a scratch database and compares row counts.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from psycopg import Connection

from operations.backups import BackupError, archive, database
from operations.backups.archive import About


def make(folder: Path) -> Path:
    """Write a backup of the site's database into `folder` and return its path.

    The rows are counted in the database, in the same snapshot as the dump, and again
    in the restored dump. If the counts differ, this writes no backup and raises
    BackupError.
    """
    now = datetime.now(UTC)
    with database.maintenance() as server, place_for_dump(folder) as dump:
        about = write_dump(dump, now)
        prove(server, dump, about.rows)
        target = folder / archive.name_of(now)
        archive.write(about, dump, target)
    return target


@contextmanager
def place_for_dump(folder: Path) -> Iterator[Path]:
    """Yield the path of a temporary file for the dump; delete the file on exit.

    The file is in `folder`, because /tmp may be in memory and too small for the dump.
    The caller must hold the maintenance lock.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    # The caller holds the lock, so no other backup or restore is using these files.
    tidy(folder)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".", suffix=".d") as scratch:
        yield Path(scratch, archive.DUMP)


def tidy(folder: Path) -> None:
    """Delete files with private data that interrupted backups and restores left."""
    for draft in folder.glob(".*.part"):
        draft.unlink()
    for scratch in folder.glob(".*.d"):
        shutil.rmtree(scratch)


def write_dump(dump: Path, now: datetime) -> About:
    with database.connect(database.site_database()) as source:
        # This transaction is idle while pg_dump runs, which can take hours.
        source.execute("SET idle_in_transaction_session_timeout = 0")
        source.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        snapshot = source.execute("SELECT pg_export_snapshot()").fetchone()[0]  # type: ignore[index]
        database.run(
            "pg_dump",
            *("--format=custom", "--no-owner", "--no-privileges"),
            f"--snapshot={snapshot}",
            f"--file={dump}",
            database.site_database(),
        )
        return About(
            made_at=now.isoformat(timespec="seconds"),
            postgres=source.info.server_version,
            migrations=database.applied_migrations(source),
            rows=database.count_rows(source),
            sha256=archive.digest(dump),
        )


def prove(server: Connection, dump: Path, rows: dict[str, int]) -> None:
    """Restore a dump into a scratch database, and compare its row counts with `rows`.

    Raises BackupError if the restore fails or the counts differ.
    """
    name = f"{database.site_database()}_check"
    database.create(server, name)
    try:
        load(dump, name)
        with database.connect(name) as restored:
            compare(rows, database.count_rows(restored))
    finally:
        database.drop(server, name)


def load(dump: Path, name: str) -> None:
    database.run(
        "pg_restore",
        *("--exit-on-error", "--no-owner", "--no-privileges"),
        f"--dbname={name}",
        str(dump),
    )


def compare(expected: dict[str, int], found: dict[str, int]) -> None:
    wrong = [
        f"{table} has {found.get(table)} rows instead of {rows}"
        for table, rows in expected.items()
        if found.get(table) != rows
    ]
    if wrong:
        raise BackupError(f"The restored database differs from the dump: {wrong[0]}.")


def stored(folder: Path) -> list[Path]:
    """Return the paths of the backups in `folder`, oldest first."""
    return sorted(folder.glob(f"*{archive.SUFFIX}"))


def prune(folder: Path, days: int) -> list[Path]:
    """Delete backups older than `days` days, and return their paths.

    Keeps the newest backup in any case.
    """
    oldest = datetime.now(UTC) - timedelta(days=days)
    old = [path for path in stored(folder)[:-1] if path.name < archive.name_of(oldest)]
    for path in old:
        path.unlink()
    return old


def has_shrunk(earlier: About, later: About) -> bool:
    """Whether `later` has less than half of the rows of `earlier`."""
    return 2 * sum(later.rows.values()) < sum(earlier.rows.values())
