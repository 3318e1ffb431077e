import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.error import HTTPError, URLError

from django.db import transaction
from django.test import TestCase, override_settings

from tests.committed import CommittedTestCase, jobs
from tests.factories import (
    make_published_voice,
    make_reason,
    make_signature,
    make_staff,
    make_voice,
)
from voices.managing import changes
from voices.models import Voice
from voices.moderation import decide
from voices.tasks import drop_copies
from voices.wall.copies import AGAIN_SECONDS, DROP_COPIES, VOICES, queue_drop

CACHE = override_settings(PAGE_CACHE_URL="http://cache.example:8081")


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
    def test_the_cache_is_asked_to_drop_the_pages_that_show_voices(self):
        with cache() as server:
            drop_copies(VOICES)

        self.assertEqual(server.asked, [VOICES])

    def test_those_are_all_pages_with_voices_and_no_others(self):
        for path in (
            *("/", "/?from=mail", "/voices/", "/voices/?state=OH", "/voices/7/"),
            *("/voices/7/card.png", "/voices/feed/", "/rankings/ohio/", "/embed/"),
        ):
            self.assertRegex(path, VOICES)
        for path in ("/faq/", "/privacy/", "/static/site.css", "/explained/voices/"):
            self.assertIsNone(re.search(VOICES, path), path)

    def test_a_cache_that_refuses_or_is_away_is_asked_again(self):
        with cache(answer=400), self.assertRaises(HTTPError):
            drop_copies(VOICES)
        with (
            override_settings(PAGE_CACHE_URL="http://127.0.0.1:9"),
            self.assertRaises(URLError),
        ):
            drop_copies(VOICES)
        self.assertIsNotNone(drop_copies.retry_strategy)

    def test_without_a_cache_there_is_nothing_to_do(self):
        queue_drop()
        drop_copies(VOICES)

        self.assertEqual(jobs(DROP_COPIES), [])


@CACHE
class QueuedTests(TestCase):
    def assert_queued(self, times=1):
        self.assertEqual(len(jobs(DROP_COPIES)), 2 * times)

    def make_published(self, **fields):
        return make_signature(voice=make_published_voice(**fields))

    def test_withdrawing(self):
        changes.withdraw(self.make_published())

        self.assert_queued()

    def test_withdrawing_what_is_withdrawn(self):
        signature = self.make_published()

        changes.withdraw(signature)
        changes.withdraw(signature)

        self.assert_queued()

    def test_erasing(self):
        changes.erase(self.make_published())

        self.assert_queued()

    def test_showing_less_of_a_name(self):
        changes.show_as(self.make_published(), "unlisted")

        self.assert_queued()

    def test_taking_the_words_out(self):
        changes.correct(self.make_published(), "")

        self.assert_queued()

    def test_taking_down_and_nothing_to_take_down(self):
        make_published_voice()

        decide.take_down(Voice.objects.all(), make_staff(), make_reason())
        decide.take_down(Voice.objects.all(), make_staff("second"), make_reason())

        self.assert_queued()

    def test_publishing_other_words_in_the_place_of_some(self):
        signature = self.make_published()
        changes.correct(signature, "Other words.")
        self.assert_queued(0)

        decide.publish(Voice.objects.all(), make_staff())

        self.assert_queued()

    def test_undoing_and_editing(self):
        voice = make_voice()
        by = make_staff()
        decide.publish(Voice.objects.all(), by)
        self.assert_queued(0)

        decide.undo(Voice.objects.all(), by)
        decide.edit(voice, by)

        self.assert_queued(2)

    def test_it_is_done_at_once_and_again_for_a_page_that_was_being_made(self):
        queue_drop()

        now, later = jobs(DROP_COPIES)
        self.assertEqual(now["args"], {"pages": VOICES})
        waits = (later["scheduled_at"] - now["scheduled_at"]).total_seconds()
        self.assertAlmostEqual(waits, AGAIN_SECONDS, delta=1)


@CACHE
class CommitTests(CommittedTestCase):
    def test_what_is_not_committed_drops_nothing(self):
        signature = make_signature(voice=make_published_voice())

        with self.assertRaises(ZeroDivisionError), transaction.atomic():
            changes.withdraw(signature)
            raise ZeroDivisionError

        self.assertEqual(jobs(DROP_COPIES), [])
