"""Backups of the whole database, each verified by restoring it.

A backup is one tar file with `about.json`, which describes it, and `database.dump`,
from pg_dump.
"""


class BackupError(Exception):
    """A backup or restore failed; the message says why in one sentence."""
