"""The site as `make run` serves it, on a throwaway database."""

import os
import socket
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import StringIO
from unittest import mock
from urllib.parse import urlsplit

from django.core.management import call_command
from django.db import connection
from django.test import Client

from operations.database_roles import as_owner
from tests.accounts.steps import PASSWORD, note_session, sign_in
from tests.factories import make_staff
from tests.processes import database_environment
from tools import site


@contextmanager
def gunicorn(**environment):
    """Yield the URL of a separate site; keyword arguments override its environment."""
    port = free_port()
    url = f"http://localhost:{port}"
    given = {"PORT": str(port), "SITE_URL": url, "WEB_WORKERS": "1", **environment}
    child = site.start(
        [sys.executable, "-m", "gunicorn", "aaqi.wsgi"], database_environment() | given
    )
    try:
        site.wait_for_answer(child, url, port)
        yield url
    finally:
        site.end(child)


def free_port():
    with socket.socket() as probe:
        probe.bind((site.HOST, 0))
        return probe.getsockname()[1]


@dataclass
class Served:
    """A site with its initial content, and others that respond with errors.

    One has lost its database and has signing closed; the other's database has no
    tables.
    """

    url: str
    lacking: dict
    paths: dict = field(default_factory=dict)

    def address(self, page):
        """Return the URL of a page in the registry, with its rows made."""
        # What is done on a page may use up its rows.
        if page.then or page.name not in self.paths:
            self.paths[page.name] = page.path()
        return self.lacking.get(page.trouble, self.url) + self.paths[page.name]

    def staff_cookies(self):
        """Sign in a staff member; return the cookies as a browser takes them."""
        client = Client()
        # A sign-in time in the future, so no page asks staff to reauthenticate.
        tomorrow = time.time() + 24 * 60 * 60
        staff = make_staff("ruth", password=PASSWORD)
        sign_in(client, staff, at=tomorrow)
        note_session(staff, client.session.session_key, "Chromium of this test")
        host = urlsplit(self.url).hostname
        return [
            {"name": name, "value": cookie.value, "domain": host, "path": "/"}
            for name, cookie in client.cookies.items()
        ]


@contextmanager
def database():
    """Switch to a separate database that no test empties."""
    before = connection.settings_dict["NAME"]
    name = f"served_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"
    with mock.patch.dict(connection.settings_dict["TEST"], NAME=name):
        with as_owner():
            connection.creation.create_test_db(verbosity=0, autoclobber=True)
        try:
            yield
        finally:
            with as_owner():
                connection.creation.destroy_test_db(before, verbosity=0)


@contextmanager
def serve():
    """Yield the site, on its own database with the initial content."""
    nowhere = f"postgres://nobody:none@127.0.0.1:{free_port()}/none"
    with database():
        server, _, _ = database_environment()["DATABASE_URL"].rpartition("/")
        with (
            gunicorn() as url,
            gunicorn(SIGNING_OPEN="0", DATABASE_URL=nowhere) as lost,
            # A database that every server has and that is never ours.
            gunicorn(DATABASE_URL=f"{server}/postgres") as empty,
        ):
            call_command("prepare", verbosity=0, stdout=StringIO())
            yield Served(url, {"database": lost, "tables": empty})
