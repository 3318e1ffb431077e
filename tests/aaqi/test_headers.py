"""No request header changes which page a URL serves."""

import http.client
import re
import socket
import sys
import tempfile
from contextlib import contextmanager
from io import StringIO
from pathlib import Path

from django.core.management import call_command
from django.db import connection

from tests.committed import CommittedTestCase, wait_for
from tests.headers import SET_BY_OUR_PROXY, tricks
from tests.pages import PUBLIC
from tests.processes import database_environment
from tests.served import free_port, gunicorn
from tools import site

# Different on each visit: the CSRF token, the form's timestamp, and the next form's
# ref.
OF_A_VISIT = re.compile(r'name="(csrfmiddlewaretoken|started|next)" value="[^"]*"')
# Headers that rightly change the response on a page with an ETag (RFC 9110, 13.1).
PRECONDITIONS = {
    "If-Match": '"x"',
    "If-Unmodified-Since": "Fri, 01 Jan 2100 00:00:00 GMT",
}


class SocketConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=20)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(str(self.path))


class Site:
    """A separate gunicorn, and the headers that its proxy would add."""

    def __init__(self, connect, own):
        self.connect = connect
        self.own = own

    def ask(self, path, headers=None, method="GET"):
        """Return the parts of a response that must be the same for everybody."""
        client = self.connect()
        try:
            client.request(method, path, headers=self.own | (headers or {}))
            response = client.getresponse()
            page = response.read().decode(errors="replace")
            return (
                response.status,
                response.headers["ETag"],
                response.headers["Cache-Control"],
                response.headers["Location"],
                OF_A_VISIT.sub("", page),
            )
        finally:
            client.close()


@contextmanager
def on_a_port():
    """A site without a proxy in front, as `make run` starts it."""
    with gunicorn(PROXY_COUNT="0") as url:
        host, port = url.removeprefix("http://").split(":")

        yield Site(lambda: http.client.HTTPConnection(host, int(port), timeout=20), {})


@contextmanager
def on_a_socket():
    """A site behind a proxy and a cache, as in the deployment."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "web.sock"
        given = {
            "SITE_URL": f"https://localhost:{free_port()}",
            "WEB_SOCKET": str(path),
            "PROXY_COUNT": "2",
            "WEB_WORKERS": "1",
        }
        child = site.start(
            [sys.executable, "-m", "gunicorn", "aaqi.wsgi"],
            database_environment() | given,
        )
        try:
            wait_for(path.exists)
            yield Site(
                lambda: SocketConnection(path),
                {
                    "X-Forwarded-For": "203.0.113.7, 10.0.0.2",
                    "X-Forwarded-Proto": "https",
                },
            )
        finally:
            site.end(child)


class HeadersTests(CommittedTestCase):
    def setUp(self):
        super().setUp()
        call_command("prepare", verbosity=0, stdout=StringIO())

    def pages(self):
        return [
            page.path() for page in PUBLIC if page.then is None and not page.trouble
        ]

    def compare(self, web, path, headers):
        """Check that these headers change nothing, nor for the next reader."""
        # Empty the page cache, so that the response to these headers would be stored.
        with connection.cursor() as cursor:
            cursor.execute("NOTIFY pages")
        plain = web.ask(path)
        with connection.cursor() as cursor:
            cursor.execute("NOTIFY pages")
        asked = web.ask(path, headers)
        after = web.ask(path)
        for got in (asked, after):
            if got != plain:
                self.fail(f"{path} with {headers}: {got[:4]} != {plain[:4]}")

    def check_site(self, web, not_sent=()):
        paths = self.pages()
        self.assertGreater(len(paths), 50)
        for path in paths:
            given = {
                name: value
                for name, value in tricks(path).items()
                if name not in not_sent
            }
            with self.subTest(path):
                self.compare(web, path, given)
        for name, value in tricks("/privacy/").items():
            if name not in not_sent:
                with self.subTest(header=name):
                    self.compare(web, "/privacy/", {name: value})

    def test_without_a_proxy_they_change_no_page(self):
        with on_a_port() as web:
            self.check_site(web)

    def test_behind_a_proxy_they_change_no_page(self):
        with on_a_socket() as web:
            self.check_site(web, SET_BY_OUR_PROXY)
