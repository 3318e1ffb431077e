"""The benchmark's own PostgreSQL server, with the settings in docker-compose.yml."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from tools import postgres
from tools.bench import cpu, guard
from tools.development import ROOT

# Replacements for values in docker-compose.yml, because the embedded server is built
# without lz4.
INSTEAD = {("wal_compression", "lz4"): "pglz"}
# Start each log line with the role, to distinguish the site's statements from the
# benchmark's.
LOG = {"log_line_prefix": "%u "}
STATEMENT = re.compile(
    rf"^{postgres.SITE} LOG:  (?:statement|execute [^:]+): (.*)", re.MULTILINE
)
IGNORED = re.compile(r"BEGIN|COMMIT|ROLLBACK", re.IGNORECASE)


def compose_settings() -> dict[str, str]:
    """Return the settings that docker-compose.yml passes to PostgreSQL."""
    text = (ROOT / "docker-compose.yml").read_text()
    service = re.search(r"^  db:\n(.*?)^  \S", text, re.MULTILINE | re.DOTALL)
    found = (
        re.findall(r"^ +- --(\w+)=(\S+)$", service[1], re.MULTILINE) if service else []
    )
    if not found:
        raise postgres.PostgresError("docker-compose.yml has no PostgreSQL settings.")
    return {name: INSTEAD.get((name, value), value) for name, value in found}


class Database:
    """The benchmark's running database server."""

    def __init__(self, server: postgres.Server):
        self.server = server
        self.urls = {
            "DATABASE_URL": server.url(postgres.SITE),
            "DATABASE_OWNER_URL": server.url(postgres.OWNER),
        }

    def connect(self, role: str = postgres.SUPERUSER) -> psycopg.Connection:
        return psycopg.connect(self.server.url(role), autocommit=True)

    def execute(self, query: str, *params: object) -> list[tuple]:
        """Run a statement as the superuser; return the rows, if any."""
        with self.connect() as connection:
            cursor = connection.execute(query.encode(), params or None)
            return cursor.fetchall() if cursor.description else []

    def cpu(self) -> float:
        """Return the CPU seconds of all PostgreSQL processes so far."""
        pid = (self.server.data / "postmaster.pid").read_text().split()[0]
        return cpu.tree_seconds(int(pid))

    def empty(self) -> None:
        """Drop all tables; raises RefusedError if they contain real email addresses."""
        with self.connect(postgres.OWNER) as connection:
            guard.check_rows(connection)
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")

    def count_statements(self, act: Callable[[], object]) -> int:
        """Call `act`; return how many statements the site's role ran during the call.

        BEGIN, COMMIT, and ROLLBACK aren't counted. PostgreSQL logs all statements of
        the call. This slows the call down, so don't measure its time.
        """
        self.log_statements("all")
        begin = self.server.log.stat().st_size
        try:
            act()
        finally:
            self.log_statements("none")
        text = self.server.log.read_bytes()[begin:].decode(errors="replace")
        return sum(not IGNORED.match(found) for found in STATEMENT.findall(text))

    def log_statements(self, which: str) -> None:
        with self.connect() as connection:
            connection.execute(
                sql.SQL("ALTER SYSTEM SET log_statement = {}").format(which)
            )
            connection.execute("SELECT pg_reload_conf()")
            # Give other sessions time to load the new setting.
            connection.execute("SELECT pg_sleep(0.2)")


@contextmanager
def running(folder: Path) -> Iterator[Database]:
    with postgres.started(folder, compose_settings() | LOG) as server:
        database = Database(server)
        # If an earlier run was killed, statement logging may still be on.
        database.log_statements("none")
        yield database
