"""Backups of the whole database, each proved by restoring it.

A backup is one file: a tar of `about.json`, which says what is in it, and of
`database.dump`, which pg_dump wrote.
"""


class BackupError(Exception):
    """Why a backup could not be made or restored, in a sentence."""
