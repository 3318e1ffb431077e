"""Put load on a page or form with wrk, and measure the CPU time of the server."""

import json
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from tools import site
from tools.bench import stats
from tools.bench.database import Database
from tools.bench.servers import Web

LONGEST_DRAIN = 15
# A server that uses no CPU time (at 10 ms precision) for this many seconds is idle.
QUIET = 0.15
SCRIPT = Path(__file__).with_name("wrk.lua")


class WrkError(Exception):
    """wrk failed, or the server returned errors."""


@dataclass
class Target:
    """What to request. With a body, each request is a different person's sign-up."""

    web: Web
    path: str
    headers: tuple[str, ...] = ()
    body: str = ""


def load(target: Target, connections: int, seconds: float, first: int = 0) -> dict:
    """Run wrk; return the number of requests, the seconds, and latencies in ms.

    If no response arrives, for example on a busy machine, run wrk again for longer.
    """
    for times in (1, 4, 16):
        result = run(target, connections, seconds * times, first)
        if result["failed"] or result["status"]:
            raise WrkError(f"{target.web.name}{target.path}: {result}")
        drain(target.web)
        if result["requests"]:
            return result
    raise WrkError(f"{target.web.name}{target.path} never answered.")


def run(target: Target, connections: int, seconds: float, first: int) -> dict:
    command = [
        *("wrk", "--threads=1", f"--connections={connections}"),
        *(f"--duration={max(round(seconds), 1)}s", "--timeout=30s"),
        f"--script={SCRIPT}",
        f"--header=Host: localhost:{target.web.port}",
        *(f"--header={line}" for line in target.headers),
        f"{target.web.url.replace('localhost', site.HOST)}{target.path}",
    ]
    if target.body:
        command += ["--", str(first), target.body]
    child = subprocess.Popen(  # noqa: S603
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        process_group=0,
        preexec_fn=site.end_with_parent,
    )
    try:
        output, _ = child.communicate(timeout=seconds + 60)
    finally:
        site.end(child)
    _, mark, found = output.partition("JSON{")
    if child.returncode or not mark:
        raise WrkError(f"wrk failed:\n{output}")
    return json.loads("{" + found)


def drain(web: Web) -> None:
    """Wait until the server is idle, because requests may be open when wrk exits."""
    deadline = time.monotonic() + LONGEST_DRAIN
    cpu = -1.0
    while time.monotonic() < deadline and cpu != (cpu := web.cpu()):
        time.sleep(QUIET)


def measure(
    target: Target,
    database: Database,
    connections: int,
    seconds: float,
    first: int = 0,
) -> stats.Round:
    """Run one round; return its latencies and its CPU time per request."""
    workers, web, rows = target.web.worker_cpu(), target.web.cpu(), database.cpu()
    result = load(target, connections, seconds, first)
    shares = [
        now - then for now, then in zip(target.web.worker_cpu(), workers, strict=True)
    ]
    # When wrk exits, each connection has one open request. The server handles these
    # requests, too, and `drain` has waited for them.
    handled = result["requests"] + connections
    return stats.Round(
        requests=result["requests"],
        seconds=result["seconds"],
        p50=result["p50"],
        p95=result["p95"],
        p99=result["p99"],
        web_cpu=(target.web.cpu() - web) / handled * 1000,
        database_cpu=(database.cpu() - rows) / handled * 1000,
        lopsided=stats.is_lopsided(shares, connections),
    )
