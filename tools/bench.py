"""Benchmark: the site compared with bare Django views and a bare INSERT.

Both run alternately in this process, through WSGI without a socket, so other load on
the machine slows both. Only the ratio is meaningful: how many bare requests one of ours
costs. The milliseconds depend on the machine.
"""

import io
import re
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from urllib.parse import urlencode, urlsplit
from wsgiref.util import setup_testing_defaults

import django
from django.core.handlers.wsgi import WSGIHandler

ROUNDS = 200
SIGN_UPS = 300
MANY_VOICES = 50_000
# Fake voices, to measure the cost of many rows.
FILL = """
    INSERT INTO voices_voice (
        name, profession, profession_group, city, state, statement,
        statement_as_sent, flags, text_key, changes_asked, published_at
    )
    SELECT 'Signer ' || n, '', '', 'Columbus', 'OH', 'Statement number ' || n,
        'Statement number ' || n, '{}', '', '', now() - n * interval '1 minute'
    FROM generate_series(1, %s) AS n
"""
EMPTY = "DROP SCHEMA public CASCADE; CREATE SCHEMA public"


@dataclass
class Caller:
    """A client of a WSGI application, with a new IP address for each request."""

    application: WSGIHandler
    host: str
    cookie: str = ""
    numbers: count = field(default_factory=count)

    def ask(self, url: str, form: dict | None = None) -> tuple[int, dict, bytes]:
        """Return status, headers, and body; raises RuntimeError for 400 and above."""
        path, _, query = url.partition("?")
        body = urlencode(form or {}).encode()
        number = next(self.numbers)
        environ = {
            "REQUEST_METHOD": "GET" if form is None else "POST",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "HTTP_HOST": self.host,
            "HTTP_COOKIE": self.cookie,
            "REMOTE_ADDR": f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}",
            "CONTENT_TYPE": "application/x-www-form-urlencoded",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
        }
        setup_testing_defaults(environ)
        answer: dict[str, Any] = {}

        def start_response(
            status: str, headers: list[tuple[str, str]], exc_info: object = None
        ) -> Any:
            answer.update(status=int(status[:3]), headers=dict(headers))

        response = self.application(environ, start_response)
        content = b"".join(response)
        response.close()
        if answer["status"] >= 400:
            raise RuntimeError(f"{url} returned {answer['status']}.")
        return answer["status"], answer["headers"], content


def median_times(ours: Callable, bare: Callable, rounds: int) -> tuple[float, float]:
    """Call both alternately; return the median time of each in milliseconds."""
    for _ in range(rounds // 10):
        ours()
        bare()
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for call, taken in zip((ours, bare), times, strict=True):
            begun = time.perf_counter()
            call()
            taken.append((time.perf_counter() - begun) * 1000)
    return statistics.median(times[0]), statistics.median(times[1])


class Bench:
    def __init__(self) -> None:
        from django.conf import settings
        from django.core.wsgi import get_wsgi_application

        from tools import bare

        host = urlsplit(settings.SITE_URL).netloc
        self.site = Caller(get_wsgi_application(), host)
        self.bare = Caller(bare.application(), host)

    def run(self) -> None:
        say(f"{'':42}{'ours':>10}{'bare':>10}{'ratio':>8}")
        self.made_anew()
        self.sign_ups()
        self.warm()
        self.many_rows()

    def line(
        self, name: str, ours: Callable, bare: Callable, rounds: int = ROUNDS
    ) -> float:
        mine, theirs = median_times(ours, bare, rounds)
        say(f"{name:42}{mine:7.2f} ms{theirs:7.2f} ms{mine / theirs:8.2f}")
        return mine

    def made_anew(self) -> None:
        """Uncached pages, compared with one query in a loop."""
        for name, url in (
            ("Home, uncached / a view of 36 rows", "/"),
            ("Wall, uncached / a view of 36 rows", "/voices/"),
        ):
            self.line(name, lambda u=url: self.site.ask(u), self.ask_rows)

    def ask_rows(self) -> None:
        self.bare.ask("/rows")

    def warm(self) -> None:
        """Cached pages, compared with a view that returns a string."""
        from operations.warm import pages

        pages.start()
        while not pages.listening:
            time.sleep(0.01)
        for name, url in (("Home, cached", "/"), ("Wall, cached", "/voices/")):
            size = len(self.site.ask(url)[2])
            self.line(
                f"{name} / a view of the same size",
                lambda u=url: self.site.ask(u),
                lambda s=size: self.bare.ask(f"/text?bytes={s}"),
            )
        pages.stop()

    def sign_ups(self) -> None:
        """Storing a form and queuing its email, compared with an INSERT."""

        from voices.models import Letter, Submission

        _, headers, page = self.site.ask("/voices/add/")
        self.site.cookie = headers["Set-Cookie"].partition(";")[0]
        hidden = dict(
            re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.decode())
        )
        forms = (hidden | somebody(number) for number in count())
        others = (somebody(number) for number in count())
        before = Submission.objects.count()
        self.line(
            "Sign-up, email queued / a bare INSERT",
            lambda: self.site.ask("/voices/add/", next(forms)),
            lambda: self.bare.ask("/insert", next(others)),
            SIGN_UPS,
        )
        stored = Submission.objects.count() - before
        queued = Letter.objects.in_flight().count()
        if not stored or queued < stored:
            raise RuntimeError(f"{stored} forms were stored, {queued} emails queued.")
        say(f"    {stored} forms stored, {queued} emails queued")

    def many_rows(self) -> None:
        """The uncached wall with few voices, and with very many."""
        from django.db import connection

        from operations.database_roles import as_owner
        from voices.models import Tally

        few, _ = median_times(lambda: self.site.ask("/voices/"), self.ask_rows, ROUNDS)
        with connection.cursor() as cursor:
            cursor.execute(FILL, [MANY_VOICES])
            # As the worker does every minute.
            Tally.objects.fold()
        with as_owner(), connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
        many, _ = median_times(lambda: self.site.ask("/voices/"), self.ask_rows, ROUNDS)
        name = f"Wall, uncached: {MANY_VOICES:,} voices / 34"
        say(f"{name:42}{many:7.2f} ms{few:7.2f} ms{many / few:8.2f}")


def somebody(number: int) -> dict[str, str]:
    return {
        "name": f"Ana Reyes {chr(65 + number % 26)}",
        "name_display": "full",
        "email": f"signer{number}@example.com",
        "city": "Columbus",
        "state": "OH",
        "statement": f"Nobody is above the law. I say it {number} times.",
        "consent": "on",
    }


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from operations.database_roles import as_owner
    from tools import bare

    with as_owner():
        with connection.cursor() as cursor:
            cursor.execute(EMPTY)
        call_command("prepare", stdout=io.StringIO())
        with connection.cursor() as cursor:
            cursor.execute(bare.TABLE)
    Bench().run()


if __name__ == "__main__":
    main()
