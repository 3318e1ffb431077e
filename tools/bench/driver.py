"""The open-loop driver: simulates page views and signatures at fixed rates.

`python -m tools.bench.driver` reads a `Plan` from standard input, and prints the
results, both as JSON. The driver is a separate process, so that its CPU time can be
measured separately.

Visitors arrive at times in a fixed schedule, however slow the server is. The latency of
a visitor's first request counts from the scheduled time, so the latency includes any
delay of the driver itself. The results show that delay as `lateness`. If the delay is
more than a few milliseconds, the machine had no CPU to spare for the driver.

We wrote our own driver because locust and most others are closed-loop (a user waits for
the response before the next request), k6 is a separate Go program that isn't in Debian
or on PyPI, and wrk can't wait for mail. We only need a schedule, a socket, and a queue.
"""

import asyncio
import gc
import json
import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Coroutine
from dataclasses import asdict, dataclass, field
from html import unescape
from itertools import cycle
from typing import Any
from urllib.parse import urlsplit

from tools.bench import people
from tools.bench.http import Answer, BrokenError, Client
from tools.bench.stats import percentile

HIDDEN = re.compile(r'<input type="hidden" name="(\w+)"(?: value="([^"]*)")?')
HOST = "127.0.0.1"
MAX_SAMPLES = 5


@dataclass
class Plan:
    """What the driver should do; `views` and `signatures` are rates per second."""

    port: int
    seconds: float
    views: float = 0
    paths: list[str] = field(default_factory=list)
    signatures: float = 0
    # The number of the first signer; each signer has a unique number.
    first: int = 0
    # The port on which the mail sink reports each email that it receives.
    reports: int = 0
    # Seconds that a signer takes to fill in the form; under 2 seconds looks like a bot.
    typing: float = 2.2
    # Seconds to wait for unfinished signatures and page views at the end.
    patience: float = 30
    # For a closed-loop run: POST once to each path in `posts`, over `connections`
    # connections.
    posts: list[str] = field(default_factory=list)
    connections: int = 1
    post_headers: str = ""
    post_fields: dict[str, str] = field(default_factory=dict)


class FailedError(Exception):
    """The site didn't send the response or email that a visitor needs to continue."""


class Mailboxes:
    """Passes the link in each email to the simulated signer who waits for it."""

    def __init__(self) -> None:
        self.waiting: dict[str, asyncio.Future[tuple[str, float]]] = {}
        self.letters = 0

    async def read(self, reader: asyncio.StreamReader) -> None:
        while line := await reader.readline():
            recipient, path, at = line.decode().rstrip("\n").split("\t")
            self.letters += 1
            waiting = self.waiting.pop(recipient, None)
            if waiting and not waiting.done():
                waiting.set_result((path, float(at)))

    def expect(self, recipient: str) -> asyncio.Future[tuple[str, float]]:
        future = asyncio.get_running_loop().create_future()
        self.waiting[recipient] = future
        return future


class Driver:
    def __init__(self, plan: Plan):
        self.plan = plan
        self.client = Client(plan.port, f"localhost:{plan.port}")
        self.mail = Mailboxes()
        self.times: dict[str, list[float]] = defaultdict(list)
        self.errors: Counter[str] = Counter()
        self.lateness: list[float] = []
        self.begun = self.completed = 0
        self.tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> dict[str, object]:
        loop = asyncio.get_running_loop()
        reading = None
        if self.plan.signatures:
            reader, _ = await asyncio.open_connection(HOST, self.plan.reports)
            reading = loop.create_task(self.mail.read(reader))
        gc.freeze()
        began, cpu = loop.time() + 0.1, time.process_time()
        await asyncio.gather(
            self.view_all(began), self.sign_all(began), self.post_all()
        )
        seconds = loop.time() - began
        driver_cpu = time.process_time() - cpu
        late = await self.finish()
        if reading:
            reading.cancel()
        self.client.close()
        return {
            "steps": {name: summarize(times) for name, times in self.times.items()},
            "errors": dict(self.errors.most_common(MAX_SAMPLES)),
            "failed": sum(self.errors.values()),
            "begun": self.begun,
            "completed": self.completed,
            "unfinished": late,
            "letters": self.mail.letters,
            "lateness": summarize(self.lateness),
            "seconds": seconds,
            # The average number of cores that the driver used.
            "driver_cpu": driver_cpu / seconds,
            "connections": self.client.opened,
            "retries": self.client.retries,
        }

    async def finish(self) -> int:
        """Give running tasks `patience` seconds to end; cancel and count the rest."""
        if self.tasks:
            await asyncio.wait(self.tasks, timeout=self.plan.patience)
        left = [task for task in self.tasks if not task.done()]
        for task in left:
            task.cancel()
        return len(left)

    async def view_all(self, began: float) -> None:
        paths = cycle(self.plan.paths)
        async for due in self.arrivals(self.plan.views, began):
            self.start(self.view(next(paths), due))

    async def sign_all(self, began: float) -> None:
        number = self.plan.first
        async for due in self.arrivals(self.plan.signatures, began):
            self.start(self.sign(number, due))
            self.begun += 1
            number += 1

    async def post_all(self) -> None:
        left = list(reversed(self.plan.posts))

        async def post() -> None:
            while left:
                path, headers = left.pop(), self.plan.post_headers
                fields = self.plan.post_fields
                await self.step("post", "POST", path, headers, fields, expected=303)

        for _ in range(self.plan.connections if left else 0):
            self.start(post())
        if self.plan.posts:
            await asyncio.gather(*self.tasks)

    async def arrivals(self, rate: float, began: float) -> AsyncIterator[float]:
        """Wait for each scheduled time and yield it; record how late the driver is."""
        loop = asyncio.get_running_loop()
        for number in range(int(rate * self.plan.seconds)):
            due = began + number / rate
            if (wait := due - loop.time()) > 0:
                await asyncio.sleep(wait)
            self.lateness.append((loop.time() - due) * 1000)
            yield due

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(self.caught(work))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def caught(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except (BrokenError, FailedError) as error:
            self.errors[str(error)] += 1

    async def view(self, path: str, due: float) -> None:
        headers = people.visitor(0)
        await self.step("view", "GET", path, headers, due=due)

    async def sign(self, number: int, due: float) -> None:
        """Simulate a signer: fill in the form, wait for the email, and confirm."""
        headers = people.visitor(number)
        page = await self.step("form", "GET", "/voices/add/", headers, due=due)
        headers += cookie_line(page)
        await asyncio.sleep(self.plan.typing)
        letter = self.mail.expect(people.email(number))
        fields = people.form(number, hidden_fields(page))
        sent = await self.step(
            "sign-up", "POST", "/voices/add/", headers, fields, expected=303
        )
        sent_at = time.time()
        await self.step("check page", "GET", location(sent), headers)
        path = await self.receive(letter, sent_at)
        page = await self.step("confirm page", "GET", path, headers)
        token = {"csrfmiddlewaretoken": hidden_fields(page)["csrfmiddlewaretoken"]}
        done = await self.step("confirm", "POST", path, headers, token, expected=303)
        await self.step("thank-you page", "GET", location(done), headers)
        self.completed += 1

    async def receive(self, letter: asyncio.Future, sent_at: float) -> str:
        """Wait for the email; return the path of the confirmation link in it."""
        path, at = await letter
        self.times["mail"].append((at - sent_at) * 1000)
        if path == "-":
            raise FailedError("A letter has no confirmation link.")
        return path

    async def step(
        self,
        name: str,
        method: str,
        path: str,
        headers: str,
        fields: dict[str, str] | None = None,
        *,
        due: float = 0,
        expected: int = 200,
    ) -> Answer:
        loop = asyncio.get_running_loop()
        begun = due or loop.time()
        body = None if fields is None else people.encode(fields)
        try:
            answer = await self.client.ask(method, path, headers, body)
        except BrokenError as error:
            raise FailedError(f"{name}: {error}") from None
        self.times[name].append((loop.time() - begun) * 1000)
        if answer.status != expected:
            raise FailedError(f"{name}: status {answer.status}")
        return answer


def hidden_fields(page: Answer) -> dict[str, str]:
    found = HIDDEN.findall(page.body.decode())
    return {name: unescape(value) for name, value in found}


def cookie_line(page: Answer) -> str:
    return f"Cookie: {page.headers['set-cookie'].partition(';')[0]}\r\n"


def location(answer: Answer) -> str:
    return urlsplit(answer.headers["location"]).path


def summarize(times: list[float]) -> dict[str, float]:
    """Return the count, percentiles, and maximum of times in milliseconds."""
    return {
        "count": len(times),
        "p50": percentile(times, 50),
        "p95": percentile(times, 95),
        "p99": percentile(times, 99),
        "max": max(times, default=0),
    }


def as_text(plan: Plan) -> str:
    return json.dumps(asdict(plan))


def main() -> None:
    plan = Plan(**json.load(sys.stdin))
    json.dump(asyncio.run(Driver(plan).run()), sys.stdout)


if __name__ == "__main__":
    main()
