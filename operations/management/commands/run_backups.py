"""Make a backup every day, and delete those that are too old to be kept."""

import logging
import time
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand

from operations.backups import BackupError, archive, make

logger = logging.getLogger("operations.backups")

EVERY = 24 * 60 * 60  # Seconds
AGAIN = 15 * 60  # Seconds after a failure


class Command(BaseCommand):
    help = "Back up once a day until stopped."

    def handle(self, *args, **options):
        folder = Path(settings.BACKUP_FOLDER)
        while True:
            time.sleep(max(0, due(folder) - time.time()))
            try:
                back_up(folder)
            except Exception as error:
                # Its text only where it is ours, for another's may quote a row.
                why = error if isinstance(error, BackupError) else type(error).__name__
                logger.error("No backup was made: %s", why)
                time.sleep(AGAIN)


def due(folder: Path) -> float:
    """Return when the next backup is to be made, in seconds since 1970."""
    backups = make.kept(folder)
    return backups[-1].stat().st_mtime + EVERY if backups else 0


def back_up(folder: Path) -> None:
    before = make.kept(folder)
    path = make.make(folder)
    about = archive.read(path)
    logger.info("%s is good, with %s rows.", path.name, sum(about.rows.values()))
    if before and make.has_shrunk(archive.read(before[-1]), about):
        logger.error(
            "More than half of the rows are gone since %s; no backup is deleted.",
            before[-1].name,
        )
        return
    for old in make.prune(folder, settings.BACKUP_KEPT_DAYS):
        logger.info("%s was old and is deleted.", old.name)
