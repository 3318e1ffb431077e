import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.error import HTTPError, URLError

from django.test import TestCase, override_settings

from copies.drop import AGAIN_SECONDS, DROP_COPIES, queue_drop
from copies.tasks import drop_copies
from tests.committed import jobs

PAGES = "^/voices/"


class Cache(BaseHTTPRequestHandler):
    """Notes what it is asked to drop, and answers as it was told to."""

    def do_BAN(self):
        self.server.asked.append(self.headers["X-Drop"])
        self.send_response(self.server.answer)
        self.end_headers()

    def log_message(self, *args):
        pass


@contextmanager
def cache(answer=200):
    with HTTPServer(("127.0.0.1", 0), Cache) as server:
        server.asked, server.answer = [], answer
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            with override_settings(PAGE_CACHE_URL=url):
                yield server
        finally:
            server.shutdown()
            thread.join()


class DropTests(TestCase):
    def test_the_cache_is_asked_to_drop_the_pages(self):
        with cache() as server:
            drop_copies(PAGES)

        self.assertEqual(server.asked, [PAGES])

    def test_a_cache_that_refuses_or_is_away_is_asked_again(self):
        with cache(answer=400), self.assertRaises(HTTPError):
            drop_copies(PAGES)
        with (
            override_settings(PAGE_CACHE_URL="http://127.0.0.1:9"),
            self.assertRaises(URLError),
        ):
            drop_copies(PAGES)
        self.assertIsNotNone(drop_copies.retry_strategy)

    def test_without_a_cache_there_is_nothing_to_do(self):
        queue_drop(PAGES)
        drop_copies(PAGES)

        self.assertEqual(jobs(DROP_COPIES), [])

    @override_settings(PAGE_CACHE_URL="http://cache.example:8081")
    def test_it_is_done_at_once_and_again_for_a_page_that_was_being_made(self):
        queue_drop(PAGES)

        now, later = jobs(DROP_COPIES)
        self.assertEqual(now["args"], {"pages": PAGES})
        waits = (later["scheduled_at"] - now["scheduled_at"]).total_seconds()
        self.assertAlmostEqual(waits, AGAIN_SECONDS, delta=1)
