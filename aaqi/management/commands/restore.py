"""Put a backup in the place of the site's database."""

from pathlib import Path

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from aaqi.backups import BackupError, archive, restore

WIDTH = 40


class Command(BaseCommand):
    help = "Restore a backup. What is there is only replaced with --replace."

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--replace",
            action="store_true",
            help="delete the database that is there, once the backup stands beside it",
        )

    def handle(self, file, replace, **options):
        try:
            about = restore.check(file)
            before = restore.rows_now()
            self.say(about, before)
            if before and not replace:
                raise CommandError(
                    "There is a database already, and nothing was changed. Make a "
                    "backup of it if it may still be wanted, then add --replace."
                )
            restore.restore(file, about)
        except (BackupError, OSError) as error:
            raise CommandError(f"Nothing was restored. {error}") from error
        # A backup of an earlier release lacks what has been added since.
        call_command("prepare", stdout=self.stdout, stderr=self.stderr)
        self.stdout.write(
            f"Restored {file}: {sum(about.rows.values())} rows, as many as were backed "
            "up."
        )

    def say(self, about: archive.About, before: dict[str, int]) -> None:
        self.stdout.write(f"The backup was made at {about.made_at}.")
        self.stdout.write(f"{'rows of':{WIDTH}} {'now':>10} {'backup':>10}")
        for table in sorted({*before, *about.rows}):
            now, then = before.get(table, 0), about.rows.get(table, 0)
            if now or then:
                self.stdout.write(f"{table:{WIDTH}} {now:>10} {then:>10}")
