from datetime import timedelta

import psycopg
from django.db import connection
from django.utils import timezone

from faq.models import Question
from faq.tasks import tell_of_what_is_due
from tests.committed import CommittedTestCase
from tests.faq.texts import make_case, make_chart, make_entry, make_page, make_question

MINUTE = timedelta(minutes=1)


class Listener:
    """Listens for the notifications that web processes receive."""

    def __init__(self):
        params = connection.get_connection_params()
        for ours in ("context", "cursor_factory", "prepare_threshold"):
            params.pop(ours, None)
        self.connection = psycopg.connect(**params, autocommit=True)
        self.connection.execute("LISTEN pages")

    def hears(self):
        return len(list(self.connection.notifies(timeout=0.5)))


class TellingTests(CommittedTestCase):
    def setUp(self):
        super().setUp()
        self.listener = Listener()
        self.addCleanup(self.listener.connection.close)

    def test_tells_of_each_change_of_a_text(self):
        for make in (make_question, make_case, make_entry, make_chart, make_page):
            text = make()
            self.assertEqual(self.listener.hears(), 1, make)
            text.save()
            self.assertEqual(self.listener.hears(), 1, make)
            text.delete()
            self.assertEqual(self.listener.hears(), 1, make)

    def test_tells_in_the_minute_in_which_a_text_falls_due(self):
        now = timezone.now().replace(second=0, microsecond=0)
        make_question(publish_at=now - timedelta(seconds=10))
        self.listener.hears()

        heard = []
        for minute in (now - MINUTE, now, now + MINUTE):
            tell_of_what_is_due(int(minute.timestamp()))
            heard.append(self.listener.hears())

        self.assertEqual(heard, [0, 1, 0])
        self.assertTrue(Question.objects.public().exists())
