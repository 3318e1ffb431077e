"""Backups of the whole database, each verified by restoring it.

A backup is one tar file. It contains `about.json`, which describes the backup, and
`database.dump`, the output of pg_dump.
"""


class BackupError(Exception):
    """A backup or restore failed; the message says why."""
