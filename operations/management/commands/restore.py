"""Replace the site's database with a backup."""

import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from operations.backups import BackupError, archive, database, restore, taken_back
from operations.backups.taken_back import Snapshot
from operations.database_roles import as_owner

WIDTH = 40
OPEN_FILES = "/proc/self/fd"
NOT_KNOWN = (
    "Signatures and voices that were withdrawn, erased, or taken down since the backup "
    "may be public again, because the replaced database doesn't have a record of all "
    "of them. See “Restore” in docs/operations.md."
)


@contextmanager
def given(file: str) -> Iterator[Path]:
    """Yield the path of the backup file.

    If `file` is "-", copy standard input to a temporary file, and yield its path.
    """
    if file != "-":
        yield Path(file)
        return
    folder = settings.BACKUP_FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    # The copy has no name, so a crash leaves no private data on the disk.
    with tempfile.TemporaryFile(dir=folder) as copy:
        shutil.copyfileobj(sys.stdin.buffer, copy)
        copy.flush()
        yield Path(OPEN_FILES, str(copy.fileno()))


class Command(BaseCommand):
    help = "Restore a backup. Replaces an existing database only with --replace."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="the backup file, or - for standard input")
        parser.add_argument(
            "--replace",
            action="store_true",
            help="replace the existing database once the backup is loaded and verified",
        )
        parser.add_argument(
            "--as-it-was",
            action="store_true",
            help="also restore what was withdrawn, erased, or taken down after the "
            "backup was made",
        )

    @as_owner()
    def handle(
        self, file: str, replace: bool, as_it_was: bool, **options: object
    ) -> None:
        try:
            with given(file) as path:
                about = self.restore(path, replace, as_it_was)
        except (BackupError, OSError) as error:
            why = re.sub(rf"{OPEN_FILES}/\d+", "standard input", str(error))
            raise CommandError(f"Nothing was restored. {why}") from error
        name = "standard input" if file == "-" else file
        self.stdout.write(
            f"Restored and verified {name}: {sum(about.rows.values())} rows."
        )

    def restore(self, path: Path, replace: bool, as_it_was: bool) -> archive.About:
        about = restore.check(path)
        before = restore.rows_now()
        self.say(about, before)
        if before and not replace:
            raise CommandError(
                "The database already exists, and nothing was changed. To replace it, "
                "add --replace; make a backup of it first if you may still need it."
            )
        finish = self.prepare
        if not as_it_was:
            finish = partial(self.follow, self.last_snapshot(before))
        restore.restore(path, about, finish)
        return about

    def last_snapshot(self, before: dict[str, int]) -> Snapshot | None:
        """Return a snapshot of the site's database.

        Returns None if there is no database, or if reading it fails.
        """
        if not before:
            return None
        try:
            with database.as_the_site(database.site_database()):
                return taken_back.take_snapshot()
        except DatabaseError:
            return None

    def prepare(self) -> None:
        # A backup made by an earlier release lacks later migrations and content.
        call_command("prepare", stdout=self.stdout, stderr=self.stderr)

    def follow(self, last: Snapshot | None) -> None:
        self.prepare()
        done, is_all = taken_back.take_back(last) if last else ({}, False)
        if done:
            self.stdout.write("Repeated what was done since the backup:")
        for what, times in sorted(done.items()):
            self.stdout.write(f"{what:{WIDTH}} {times:>10}")
        if not is_all:
            self.stdout.write(self.style.WARNING(NOT_KNOWN))

    def say(self, about: archive.About, before: dict[str, int]) -> None:
        self.stdout.write(f"The backup was made at {about.made_at}.")
        self.stdout.write(f"{'rows of':{WIDTH}} {'now':>10} {'backup':>10}")
        for table in sorted({*before, *about.rows}):
            now, then = before.get(table, 0), about.rows.get(table, 0)
            if now or then:
                self.stdout.write(f"{table:{WIDTH}} {now:>10} {then:>10}")
