from datetime import timedelta

from django.utils import timezone

from faq.models import Question
from faq.tasks import tell_of_what_is_due
from tests.committed import CommittedTestCase, Listener
from tests.faq.texts import make_case, make_chart, make_entry, make_page, make_question

MINUTE = timedelta(minutes=1)


class TellingTests(CommittedTestCase):
    def setUp(self):
        super().setUp()
        self.listener = Listener()
        self.addCleanup(self.listener.connection.close)

    def test_tells_of_each_change_of_a_text(self):
        for make in (make_question, make_case, make_entry, make_chart, make_page):
            text = make()
            self.assertEqual(len(self.listener.hear()), 1, make)
            text.save()
            self.assertEqual(len(self.listener.hear()), 1, make)
            text.delete()
            self.assertEqual(len(self.listener.hear()), 1, make)

    def test_tells_in_the_minute_in_which_a_text_falls_due(self):
        now = timezone.now().replace(second=0, microsecond=0)
        make_question(publish_at=now - timedelta(seconds=10))
        self.listener.hear()

        heard = []
        for minute in (now - MINUTE, now, now + MINUTE):
            tell_of_what_is_due(int(minute.timestamp()))
            heard.append(len(self.listener.hear()))

        self.assertEqual(heard, [0, 1, 0])
        self.assertTrue(Question.objects.public().exists())
