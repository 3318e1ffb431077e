"""Make a backup every day, and delete old ones."""

import logging
import time
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand

from operations.backups import BackupError, archive, make

logger = logging.getLogger("operations.backups")

EVERY = 24 * 60 * 60  # Seconds
AGAIN = 15 * 60  # Seconds to wait after a failure


class Command(BaseCommand):
    help = "Make a backup once a day until stopped."

    def handle(self, *args: object, **options: object) -> None:
        folder = Path(settings.BACKUP_FOLDER)
        while True:
            time.sleep(max(0, due(folder) - time.time()))
            try:
                back_up(folder)
            except Exception as error:
                # Log the message only of a BackupError: other exceptions' messages may
                # quote data from rows.
                why = error if isinstance(error, BackupError) else type(error).__name__
                logger.error("The backup failed: %s", why)
                time.sleep(AGAIN)


def due(folder: Path) -> float:
    """Return the Unix time when the next backup is due; 0 if there is none yet."""
    backups = make.stored(folder)
    return backups[-1].stat().st_mtime + EVERY if backups else 0


def back_up(folder: Path) -> None:
    before = make.stored(folder)
    path = make.make(folder)
    about = archive.read(path)
    logger.info("Verified %s with %s rows.", path.name, sum(about.rows.values()))
    if before and make.has_shrunk(archive.read(before[-1]), about):
        logger.error(
            "More than half of the rows are gone since %s. Old backups are kept.",
            before[-1].name,
        )
        return
    for old in make.prune(folder, settings.BACKUP_KEPT_DAYS):
        logger.info("Deleted the old backup %s.", old.name)
