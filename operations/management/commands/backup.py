"""Make a backup of the database, and verify it by restoring it."""

from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from operations.backups import BackupError, archive, make


class Command(BaseCommand):
    help = "Write a backup to BACKUP_FOLDER, verified by restoring it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--folder", type=Path, default=settings.BACKUP_FOLDER)

    def handle(self, folder: Path, **options: object) -> None:
        try:
            path = make.make(folder)
        except (BackupError, OSError) as error:
            raise CommandError(f"The backup failed. {error}") from error
        rows = archive.read(path).rows
        self.stdout.write(
            f"{path}: {sum(rows.values())} rows in {len(rows)} tables, verified."
        )
