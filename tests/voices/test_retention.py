from datetime import timedelta
from io import StringIO

from django.conf import settings
from django.core.management import call_command
from django.test import TestCase
from django.utils import timezone

from tests.factories import make_submission
from voices.abuse.models import Arrival
from voices.models import Submission
from voices.tasks import forget


class RetentionTests(TestCase):
    def setUp(self):
        days = timedelta(days=1)
        now = timezone.now()
        kept = settings.UNCONFIRMED_KEPT_DAYS
        self.old = make_submission(submitted_at=now - (kept + 1) * days)
        self.young = make_submission(submitted_at=now - (kept - 1) * days)
        arrival = Arrival.objects.create(form=Arrival.Form.SIGN, network_hash="x" * 64)
        long_ago = now - (settings.NETWORK_KEPT_DAYS + 1) * days
        Arrival.objects.filter(pk=arrival.pk).update(at=long_ago)

    def run_command(self, *arguments):
        out = StringIO()
        call_command("retention", *arguments, stdout=out)
        return out.getvalue()

    def test_a_dry_run_counts_what_would_go_and_deletes_nothing(self):
        said = self.run_command("--dry-run")

        self.assertIn("1 to be deleted: forms that were not confirmed", said)
        self.assertIn("1 to be deleted: hashes of networks", said)
        self.assertIn("0 to be deleted: records of mails", said)
        self.assertEqual(Submission.objects.count(), 2)
        self.assertEqual(Arrival.objects.count(), 1)

    def test_what_a_dry_run_counts_is_what_goes(self):
        counted = self.run_command("--dry-run").replace("to be deleted", "deleted")

        self.assertEqual(self.run_command(), counted)
        self.assertEqual(list(Submission.objects.all()), [self.young])
        self.assertFalse(Arrival.objects.exists())

    def test_the_worker_says_in_its_log_how_much_went(self):
        with self.assertLogs("voices.tasks", "INFO") as logs:
            forget(0)
            forget(0)

        self.assertEqual(len(logs.output), 2)
        self.assertFalse(Arrival.objects.exists())
