import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.error import HTTPError, URLError

from django.db import connection, transaction
from django.test import TestCase, override_settings
from django.utils import timezone

from core.triggers import PURGE, PURGE_AGAIN_SECONDS
from operations.purge import EVERY_PAGE, purge
from tests.committed import CommittedTestCase, jobs, run_worker
from tests.factories import (
    make_published_voice,
    make_reason,
    make_signature,
    make_staff,
    make_voice,
)
from tests.faq.texts import make_case, make_chart, make_entry, make_page, make_question
from voices.managing import changes
from voices.models import Voice
from voices.moderation import decide, undoing


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


class PurgeTests(TestCase):
    def test_the_cache_is_told_to_drop_every_page(self):
        with cache() as server:
            purge()

        self.assertEqual(server.asked, [EVERY_PAGE])

    def test_a_cache_that_refuses_or_is_away_is_asked_again(self):
        with cache(answer=400), self.assertRaises(HTTPError):
            purge()
        with (
            override_settings(PAGE_CACHE_URL="http://127.0.0.1:9"),
            self.assertRaises(URLError),
        ):
            purge()
        self.assertIsNotNone(purge.retry_strategy)

    def test_without_a_cache_there_is_nothing_to_do(self):
        with override_settings(PAGE_CACHE_URL=""):
            purge()


class QueuedTests(TestCase):
    """A test is one transaction, and a transaction queues one purge."""

    def assert_queued(self):
        now, later = jobs(PURGE)
        waits = (later["scheduled_at"] - timezone.now()).total_seconds()
        self.assertIsNone(now["scheduled_at"])
        # Again, for a page that was being rendered at the first purge.
        self.assertAlmostEqual(waits, PURGE_AGAIN_SECONDS, delta=5)

    def assert_nothing_queued(self):
        self.assertEqual(jobs(PURGE), [])

    def make_published(self, **fields):
        return make_signature(voice=make_published_voice(**fields))

    def test_withdrawing(self):
        changes.withdraw(self.make_published())

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

    def test_taking_down(self):
        make_published_voice()

        decide.take_down(Voice.objects.all(), make_staff(), make_reason())

        self.assert_queued()

    def test_publishing_other_words_in_the_place_of_some(self):
        signature = self.make_published()
        changes.correct(signature, "Other words.")
        self.assert_nothing_queued()

        decide.publish(Voice.objects.all(), make_staff())

        self.assert_queued()

    def test_undoing_a_publication(self):
        make_voice()
        by = make_staff()
        decide.publish(Voice.objects.all(), by)
        self.assert_nothing_queued()

        undoing.undo(Voice.objects.all(), by)

        self.assert_queued()

    def test_words_that_nobody_could_read_purge_nothing(self):
        make_voice()
        make_question(publish_at=None)

        for table in ("voices_voice", "faq_question"):
            execute(f"DELETE FROM {table}")

        self.assert_nothing_queued()


def execute(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)


class EveryModelTests(CommittedTestCase):
    """Whoever changes public words, and however: the database queues the purge."""

    CHANGES = [
        (make_published_voice, "UPDATE voices_voice SET statement = 'Other.'"),
        (make_published_voice, "UPDATE voices_voice SET invalidated_at = now()"),
        (make_published_voice, "DELETE FROM voices_voice"),
        (make_case, "UPDATE faq_case SET summary = 'Other.'"),
        (make_case, "DELETE FROM faq_case"),
        (make_chart, "UPDATE faq_chart SET title = 'Other.'"),
        (make_page, "UPDATE faq_page SET body = 'Other.'"),
        (make_question, "UPDATE faq_question SET answer = 'Other.'"),
        (make_question, "UPDATE faq_question SET publish_at = NULL"),
        (make_entry, "UPDATE faq_timelineentry SET title = 'Other.'"),
    ]

    def test_a_change_in_sql_purges_the_cache_twice(self):
        for make, sql in self.CHANGES:
            with self.subTest(sql), cache() as server:
                make()
                execute("DELETE FROM procrastinate_jobs")

                execute(sql)
                queued = len(jobs(PURGE))
                execute("UPDATE procrastinate_jobs SET scheduled_at = NULL")
                run_worker("pages")

                self.assertEqual(queued, 2)
                self.assertEqual(server.asked, [EVERY_PAGE] * 2)

    def test_a_transaction_of_many_changes_queues_one_purge(self):
        for number in range(3):
            make_published_voice(name=f"Ana {number}")
        execute("DELETE FROM procrastinate_jobs")

        with transaction.atomic():
            execute("UPDATE voices_voice SET withdrawn_at = now()")
            execute("UPDATE voices_voice SET statement = ''")
        with transaction.atomic():
            execute("UPDATE voices_voice SET city = 'Dayton'")

        self.assertEqual(len(jobs(PURGE)), 4)

    def test_what_is_not_committed_purges_nothing(self):
        signature = make_signature(voice=make_published_voice())

        with self.assertRaises(ZeroDivisionError), transaction.atomic():
            changes.withdraw(signature)
            raise ZeroDivisionError

        self.assertEqual(jobs(PURGE), [])
