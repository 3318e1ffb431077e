"""Start the processes that a measurement needs, and simulate a single visitor."""

import http.client
import os
import re
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

from tools import postgres, site
from tools.bench import database, guard, people, seed, servers
from tools.bench.database import Database
from tools.bench.servers import Sink, Web, Worker

# How many visitor numbers to reserve at a time. A single round never uses this many.
BLOCK = 50_000
HIDDEN = re.compile(r'<input type="hidden" name="(\w+)"(?: value="([^"]*)")?')


@dataclass(frozen=True)
class Scale:
    """The number and length of rounds, the connections, and the time limit."""

    rounds: int = 3
    seconds: float = 2
    connections: tuple[int, ...] = (1, 32)
    # On a slow machine, later rounds are skipped to finish within this time.
    minutes: float = 13

    def of(self, connections: int) -> float:
        """Return the length of a round in seconds.

        A round with one connection needs no ramp-up, so it is half as long.
        """
        return self.seconds if connections > 1 else self.seconds / 2


class Browser:
    """A visitor that keeps cookies; each request opens a new connection."""

    def __init__(self, web: Web, number: int = 0):
        self.web, self.number = web, number
        self.cookies: dict[str, str] = {}

    def ask(
        self, path: str, fields: dict[str, str] | None = None
    ) -> tuple[int, http.client.HTTPMessage, str]:
        """Send a GET, or a POST of `fields`; return the status, headers, and text."""
        headers = {
            "Host": f"localhost:{self.web.port}",
            "Origin": self.web.url,
            "X-Forwarded-For": people.network(self.number),
            "Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items()),
        }
        body = None
        if fields is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            body = people.encode(fields)
        connection = http.client.HTTPConnection(site.HOST, self.web.port, timeout=120)
        with closing(connection):
            method = "GET" if fields is None else "POST"
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            text = answer.read().decode(errors="replace")
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer.status, answer.headers, text

    def get(self, path: str) -> str:
        status, _, text = self.ask(path)
        if status != 200:
            raise site.SiteError(f"{self.web.name}{path} returned {status}.")
        return text

    def hidden(self, path: str) -> dict[str, str]:
        """Request a page with a form; return the form's hidden fields."""
        found = HIDDEN.findall(self.get(path))
        return {name: unescape(value) for name, value in found}

    def headers(self) -> tuple[str, ...]:
        """Return the Cookie and Origin headers as lines, for wrk or the driver."""
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return (f"Cookie: {cookie}", f"Origin: {self.web.url}")


@dataclass
class Rig:
    folder: Path
    scale: Scale
    database: Database
    environment: dict[str, str]
    sink: Sink
    site: Web
    cold: Web
    bare: Web
    staff_password: str
    worker: Worker | None = None
    # The first visitor number of the latest block that was reserved.
    number: int = 0
    begun: float = field(default_factory=time.monotonic)
    # Facts to write to the JSON report besides the rows of the results table
    # (stats.Line), such as the mail sink's CPU time per letter.
    facts: dict[str, object] = field(default_factory=dict)

    def take_numbers(self) -> int:
        """Reserve BLOCK unused visitor numbers; return the first."""
        self.number += BLOCK
        return self.number

    def is_late(self, share: float) -> bool:
        """Whether more than `share` of the time limit is used up."""
        return time.monotonic() - self.begun > self.scale.minutes * 60 * share

    def start_worker(self) -> Worker:
        """Start the worker if it isn't running, and wait for its first heartbeat."""
        if self.worker is None:
            began = datetime.now(UTC)
            self.worker = Worker(self.site.url, self.environment, self.folder)
            deadline = time.monotonic() + site.PATIENCE
            while not self.is_registered(began) and time.monotonic() < deadline:
                self.worker.check()
                time.sleep(0.1)
        return self.worker

    def is_registered(self, began: datetime) -> bool:
        query = "SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > %s"
        return self.database.execute(query, began)[0][0] > 0

    def stop_worker(self) -> None:
        if self.worker:
            self.worker.end()
            self.worker = None

    def processes(self) -> dict[str, Callable[[], float]]:
        """Return, by process name, a function that reads its CPU seconds so far."""
        return {
            "web": self.site.cpu,
            "worker": self.worker.cpu if self.worker else float,
            "database": self.database.cpu,
            "mail sink": self.sink.cpu,
        }


def say(line: str = "") -> None:
    site.say(line)


@contextmanager
def running(
    folder: Path, rows: int, scale: Scale, *, keep: bool = False
) -> Iterator[Rig]:
    """Run the servers in the context, with `rows` signatures in the database.

    The worker isn't started; `Rig.start_worker` does that. If `keep` is true and the
    database has enough rows from an earlier run, reuse these rows.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with ExitStack() as stack:
        db = stack.enter_context(database.running(folder))
        environment = dict(os.environ) | db.urls | {"LOCAL_DIR": str(folder)}
        password = postgres.write_once(
            folder / "staff-password", secrets.token_urlsafe(12)
        )
        prepare(db, environment, password, rows, keep=keep)
        sink = Sink(folder)
        stack.callback(sink.end)
        environment = servers.environment_of_site(environment, sink.port)
        rig = Rig(
            folder,
            scale,
            db,
            environment,
            sink,
            serve(stack, servers.serve_site(environment, folder)),
            serve(stack, servers.serve_cold_site(environment, folder)),
            serve(stack, servers.serve_bare(environment, folder)),
            password,
        )
        stack.callback(rig.stop_worker)
        sink.wait()
        for web in (rig.site, rig.cold, rig.bare):
            web.wait()
        yield rig


def serve(stack: ExitStack, web: Web) -> Web:
    """Register the server to be stopped when the stack exits, and return the server."""
    stack.callback(web.end)
    return web


def prepare(
    db: Database, environment: dict[str, str], password: str, rows: int, *, keep: bool
) -> None:
    """Migrate and seed the database, unless the rows of an earlier run are reused."""
    if keep and count(db) >= rows:
        with db.connect(postgres.OWNER) as connection:
            guard.check_rows(connection)
        say(f"Using the {count(db):,} signatures of an earlier run.")
    else:
        db.empty()
        run_steps(environment, password)
        seed.add_references(db)
        begun = time.monotonic()
        seed.fill(db, rows, keyed_hash)
        say(f"Seeded {rows:,} signatures in {time.monotonic() - begun:.0f} s.")
    signers = seed.check_totals(db)
    say(f"The totals match the rows: {signers:,} signers.")


def count(db: Database) -> int:
    if db.execute("SELECT to_regclass('voices_signature')") == [(None,)]:
        return 0
    return db.execute("SELECT count(*) FROM voices_signature")[0][0]


def run_steps(environment: dict[str, str], password: str) -> None:
    staff = {"STAFF_USERNAME": site.STAFF, "STAFF_PASSWORD": password}
    for step in site.STEPS:
        site.prepare(step, environment | staff)


def keyed_hash(email: str) -> str:
    from core import addresses

    return addresses.keyed_hash(email)
