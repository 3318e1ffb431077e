"""Put a backup in the place of the site's database."""

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
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from operations.backups import BackupError, archive, database, restore, taken_back
from operations.backups.taken_back import Standing
from operations.database_roles import as_owner

WIDTH = 40
OPEN_FILES = "/proc/self/fd"
NOT_KNOWN = (
    "What was withdrawn, erased or taken down since the backup may be back, for no "
    "database could tell all of it: docs/operations.md, “Restore”."
)


@contextmanager
def given(file: str) -> Iterator[Path]:
    """Yield the path of the backup; what comes by standard input is stored first."""
    if file != "-":
        yield Path(file)
        return
    folder = settings.BACKUP_FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    # It has no name, so nothing private is left over by a crash.
    with tempfile.TemporaryFile(dir=folder) as copy:
        shutil.copyfileobj(sys.stdin.buffer, copy)
        copy.flush()
        yield Path(OPEN_FILES, str(copy.fileno()))


class Command(BaseCommand):
    help = "Restore a backup. What is there is only replaced with --replace."

    def add_arguments(self, parser):
        parser.add_argument(
            "file", help="a backup, or - for one that comes by standard input"
        )
        parser.add_argument(
            "--replace",
            action="store_true",
            help="delete the database that is there, once the backup stands beside it",
        )
        parser.add_argument(
            "--as-it-was",
            action="store_true",
            help="also bring back what was withdrawn, erased or taken down since",
        )

    @as_owner()
    def handle(self, file, replace, as_it_was, **options):
        try:
            with given(file) as path:
                about = self.restore(path, replace, as_it_was)
        except (BackupError, OSError) as error:
            why = re.sub(rf"{OPEN_FILES}/\d+", "standard input", str(error))
            raise CommandError(f"Nothing was restored. {why}") from error
        name = "standard input" if file == "-" else file
        self.stdout.write(
            f"Restored {name}: {sum(about.rows.values())} rows, as many as were backed "
            "up."
        )

    def restore(self, path: Path, replace: bool, as_it_was: bool) -> archive.About:
        about = restore.check(path)
        before = restore.rows_now()
        self.say(about, before)
        if before and not replace:
            raise CommandError(
                "There is a database already, and nothing was changed. Make a "
                "backup of it if it may still be wanted, then add --replace."
            )
        finish = self.prepare
        if not as_it_was:
            finish = partial(self.follow, self.last_standing(before))
        restore.restore(path, about, finish)
        return about

    def last_standing(self, before: dict[str, int]) -> Standing | None:
        """Look at the database that is replaced, if it is there and can be read."""
        if not before:
            return None
        try:
            with database.as_the_site(database.site_database()):
                return taken_back.standing()
        except DatabaseError:
            return None

    def prepare(self) -> None:
        # A backup of an earlier release lacks what has been added since.
        call_command("prepare", stdout=self.stdout, stderr=self.stderr)

    def follow(self, last: Standing | None) -> None:
        self.prepare()
        done, is_all = taken_back.take_back(last) if last else ({}, False)
        if done:
            self.stdout.write("Taken back again, as was done since the backup:")
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
