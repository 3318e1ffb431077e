from unittest import mock

from django.core.wsgi import get_wsgi_application
from django.db import connection

from tests import owner
from tests.committed import CommittedTestCase
from tools import bare, bench
from voices.models import Submission


class BenchTests(CommittedTestCase):
    def setUp(self):
        super().setUp()
        owner.execute(bare.TABLE)
        self.bench = bench.Bench()
        self.said = []
        for name, value in (("say", self.said.append), ("SIGN_UPS", 3)):
            self.enterContext(mock.patch.object(bench, name, value))

    def tearDown(self):
        owner.execute("DROP TABLE bare_form")

    def test_compares_sign_ups_with_bare_inserts(self):
        self.bench.sign_ups()

        self.assertEqual(Submission.objects.count(), 3)
        self.assertIn("3 forms stored, 3 emails queued", self.said[-1])
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM bare_form")
            self.assertEqual(cursor.fetchone(), (3,))

    def test_ends_when_a_sign_up_queues_no_mail(self):
        with (
            mock.patch("voices.signing.views.queue_confirmation"),
            self.assertRaisesMessage(RuntimeError, "3 forms were stored, 0 emails"),
        ):
            self.bench.sign_ups()

    def test_ends_when_the_site_refuses(self):
        caller = bench.Caller(get_wsgi_application(), "localhost")

        with self.assertRaisesMessage(RuntimeError, "/none/ returned 404."):
            caller.ask("/none/")
