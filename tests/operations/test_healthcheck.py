import http.server
import os
import socketserver
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

from django.db import connection
from django.test import SimpleTestCase

from operations import healthcheck
from tests.committed import CommittedTestCase
from tests.processes import database_environment


class Ready(http.server.BaseHTTPRequestHandler):
    """Responds with the status that the server was given."""

    def do_GET(self):
        self.send_response(self.server.answer if self.path == "/readyz" else 404)
        self.end_headers()

    def address_string(self):
        return "a socket"

    def log_message(self, *args):
        pass


@contextmanager
def web_service(path, answer):
    with socketserver.UnixStreamServer(str(path), Ready) as server:
        server.answer = answer
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


class HealthcheckTests(SimpleTestCase):
    def setUp(self):
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        socket = self.folder / "web.sock"
        patch = mock.patch.dict(
            os.environ, {"WEB_SOCKET": str(socket), "BACKUP_FOLDER": str(self.folder)}
        )
        patch.start()
        self.addCleanup(patch.stop)
        self.socket = socket

    def test_a_web_service_is_healthy_while_it_is_ready(self):
        for answer, well in {200: True, 503: False}.items():
            with web_service(self.socket, answer):
                self.assertIs(healthcheck.web(), well)
            self.socket.unlink()

    def test_a_web_service_that_does_not_listen_is_unhealthy(self):
        with self.assertRaises(OSError):
            healthcheck.web()

    def test_backups_are_healthy_while_one_is_recent(self):
        self.assertFalse(healthcheck.backup())

        good = self.folder / "one.backup"
        good.touch()
        self.assertTrue(healthcheck.backup())

        long_ago = time.time() - 27 * 60 * 60
        os.utime(good, (long_ago, long_ago))
        (self.folder / ".two.backup.part").touch()
        self.assertFalse(healthcheck.backup())


class WorkerTests(CommittedTestCase):
    def test_the_worker_is_healthy_while_it_has_a_heartbeat(self):
        with mock.patch.dict(os.environ, database_environment()):
            self.assertFalse(healthcheck.worker())
            with connection.cursor() as cursor:
                cursor.execute("INSERT INTO procrastinate_workers DEFAULT VALUES")
            self.assertTrue(healthcheck.worker())
            with connection.cursor() as cursor:
                cursor.execute(
                    "UPDATE procrastinate_workers "
                    "SET last_heartbeat = now() - interval '1 minute'"
                )
            self.assertFalse(healthcheck.worker())
