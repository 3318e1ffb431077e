"""Check with squawk, an SQL linter, that migrations don't block the running site.

Initial migrations aren't checked: no running code uses the tables that they create.
"""

import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import django
from django.db import connection
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState

from tools import site

SQUAWK = Path(sys.executable).with_name("squawk")
# The squawk rules to skip. The other rules find long locks and table rewrites.
EXCLUDED = [
    # Style.
    *("ban-char-field", "identifier-too-long", "prefer-bigint-over-int"),
    *("prefer-bigint-over-smallint", "prefer-identity", "prefer-robust-stmts"),
    *("prefer-text-field", "prefer-timestamp-tz"),
    # `migrate` sets lock_timeout; a statement_timeout could abort a CREATE INDEX.
    *("require-lock-timeout", "require-statement-timeout"),
    # squawk can't know whether the previous release still uses the column or table, or
    # relies on the constraint.
    *("ban-drop-column", "ban-drop-constraint", "ban-drop-not-null", "ban-drop-table"),
]
OPTIONS = [f"--exclude={','.join(EXCLUDED)}", "--pg-version=18.0", "--reporter=gcc"]


def sql_of(migration: Migration, state: ProjectState) -> str:
    """Return the SQL that applies a migration to `state`.

    The SQL includes BEGIN and COMMIT if the migration is atomic.
    """
    with connection.schema_editor(
        collect_sql=True, atomic=migration.atomic
    ) as schema_editor:
        migration.apply(state, schema_editor, collect_sql=True)
    lines = schema_editor.collected_sql
    return "\n".join(["BEGIN;", *lines, "COMMIT;"] if migration.atomic else lines)


def lint(scripts: Mapping[str, str]) -> tuple[bool, str]:
    """Run squawk on SQL scripts; return whether all passed, and squawk's report."""
    with tempfile.TemporaryDirectory() as folder:
        for name, sql in scripts.items():
            Path(folder, f"{name}.sql").write_text(sql)
        done = subprocess.run(  # noqa: S603
            [SQUAWK, *OPTIONS, *sorted(f"{name}.sql" for name in scripts)],
            cwd=folder,
            check=False,
            capture_output=True,
            text=True,
        )
    return done.returncode == 0, done.stdout + done.stderr


def check(loader: MigrationLoader) -> int:
    """Return 0; if a migration would block the site, print a report and return 1."""
    scripts = {
        f"{app}.{name}": sql_of(
            migration, loader.project_state((app, name), at_end=False)
        )
        for (app, name), migration in loader.disk_migrations.items()
        if app in site.CODE and not migration.initial
    }
    online, report = lint(scripts)
    if not online:
        sys.stderr.write(report)
    return 0 if online else 1


if __name__ == "__main__":
    django.setup()
    sys.exit(check(MigrationLoader(connection)))
