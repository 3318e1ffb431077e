"""Simulate readers that wrk can't: HEAD, conditional requests, and unique searches."""

import http.client
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager

from tools import site
from tools.bench import people, stats, wrk
from tools.bench.rig import Browser, Rig
from tools.bench.wrk import Target

SEARCHERS = 10
HOME = "/"


def measure_conditional(rig: Rig) -> list[stats.Line]:
    """Compare a HEAD and a 304 of the warm home page with its 200, on one connection.

    wrk waits for the body of a HEAD's response, which never comes.
    """
    whole = stats.Line("home, 200", 1)
    head = stats.Line("home, HEAD", 1, reference=whole)
    unchanged = stats.Line("home, 304", 1, reference=whole)
    etag = Browser(rig.site).ask(HOME)[1]["ETag"]
    for _ in range(rig.scale.rounds):
        whole.rounds.append(ask_often(rig, "GET", 200))
        head.rounds.append(ask_often(rig, "HEAD", 200))
        unchanged.rounds.append(ask_often(rig, "GET", 304, {"If-None-Match": etag}))
    return [whole, head, unchanged]


def ask_often(
    rig: Rig, method: str, expected: int, extra: dict[str, str] | None = None
) -> stats.Round:
    web, times = rig.site, []
    headers = {
        "Host": f"localhost:{web.port}",
        "X-Forwarded-For": people.network(0),
        "Accept-Encoding": "gzip",
    } | (extra or {})
    cpu, rows = web.cpu(), rig.database.cpu()
    begun = ended = time.monotonic()
    with closing(http.client.HTTPConnection(site.HOST, web.port)) as connection:
        while ended - begun < rig.scale.of(1):
            connection.request(method, HOME, headers=headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status != expected:
                raise wrk.WrkError(f"{method} {HOME} returned {answer.status}.")
            times.append(time.monotonic() - ended)
            ended = time.monotonic()
    latencies = [1000 * each for each in times]
    return stats.Round(
        requests=len(times),
        seconds=ended - begun,
        p50=stats.percentile(latencies, 50),
        p95=stats.percentile(latencies, 95),
        p99=stats.percentile(latencies, 99),
        web_cpu=(web.cpu() - cpu) / len(times) * 1000,
        database_cpu=(rig.database.cpu() - rows) / len(times) * 1000,
    )


def measure_beside_searches(rig: Rig) -> tuple[stats.Spread, stats.Spread]:
    """Return the p99 of the warm home page alone, and beside SEARCHERS searches, in ms.

    Each search contradicts itself, so that PostgreSQL reads all the statements with
    its word and finds nothing.
    """
    target = Target(rig.site, HOME)
    alone, beside = stats.Spread([]), stats.Spread([])
    for number in range(rig.scale.rounds):
        found = wrk.load(target, 1, rig.scale.seconds)
        alone.values.append(found["p99"])
        with searching(rig, number):
            found = wrk.load(target, 1, rig.scale.seconds)
        beside.values.append(found["p99"])
    return alone, beside


@contextmanager
def searching(rig: Rig, first: int) -> Iterator[None]:
    """Search from SEARCHERS connections at once while in the context."""
    stopped = threading.Event()
    statuses: Counter[int] = Counter()

    def search(searcher: int) -> None:
        number = 1_000_000 * (first * SEARCHERS + searcher)
        while not stopped.is_set():
            # The last word makes each page a new one, so that none is warm.
            number += 1
            query = f"court+-court+or+{people.word(number)}"
            status, _, _ = Browser(rig.site, searcher).ask(f"/voices/?q={query}")
            statuses[status] += 1

    threads = [
        threading.Thread(target=search, args=[searcher])
        for searcher in range(SEARCHERS)
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stopped.set()
        for thread in threads:
            thread.join()
    # Most get a 503, because only a few searches may run at once. With many rows, a
    # search can take too long, which is a 404.
    if not statuses[200] + statuses[404] or statuses.keys() - {200, 404, 503}:
        raise site.SiteError(f"Searching returned {dict(statuses)}.")
