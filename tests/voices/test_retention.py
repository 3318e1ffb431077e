from datetime import timedelta
from io import StringIO

from django.conf import settings
from django.core.management import call_command
from django.test import TestCase
from django.utils import timezone

from tests.factories import (
    make_closed_report,
    make_staff,
    make_submission,
    make_voice,
)
from voices.abuse.models import Alarm, AllowedNetwork, Arrival, BlockedNetwork
from voices.models import RankingError, Report, Submission
from voices.tasks import forget


class RetentionTests(TestCase):
    def setUp(self):
        days = timedelta(days=1)
        now = timezone.now()
        kept = settings.UNCONFIRMED_KEPT_DAYS
        self.old = make_submission(submitted_at=now - (kept + 1) * days)
        self.young = make_submission(submitted_at=now - (kept - 1) * days)
        Arrival.objects.create(
            form=Arrival.Kind.SIGN,
            sender=Arrival.Sender.NETWORK,
            hash="x" * 64,
            minute=now - (settings.NETWORK_KEPT_DAYS + 1) * days,
        )

    def run_command(self, *arguments):
        out = StringIO()
        call_command("retention", *arguments, stdout=out)
        return out.getvalue()

    def test_a_dry_run_counts_rows_and_deletes_nothing(self):
        said = self.run_command("--dry-run")

        self.assertIn("1 to be deleted: unconfirmed submissions", said)
        self.assertIn("1 to be deleted: network hashes", said)
        self.assertIn("0 to be deleted: email records", said)
        self.assertEqual(Submission.objects.count(), 2)
        self.assertEqual(Arrival.objects.count(), 1)

    def test_a_dry_run_counts_the_rows_that_are_deleted(self):
        counted = self.run_command("--dry-run").replace("to be deleted", "deleted")

        self.assertEqual(self.run_command(), counted)
        self.assertEqual(list(Submission.objects.all()), [self.young])
        self.assertFalse(Arrival.objects.exists())

    def test_the_worker_logs_how_many_rows_were_deleted(self):
        with self.assertLogs("voices.tasks", "INFO") as logs:
            forget(0)
            forget(0)

        self.assertEqual(len(logs.output), 2)
        self.assertFalse(Arrival.objects.exists())

    def test_reports_are_deleted_some_time_after_they_were_closed(self):
        now, by = timezone.now(), make_staff()
        kept = timedelta(days=settings.REPORT_KEPT_DAYS)
        for closed_at in (None, now - kept / 2, now - kept - timedelta(days=1)):
            closed = {"closed_at": closed_at, "closed_by": by if closed_at else None}
            RankingError.objects.create(text="Wrong.", **closed)
            if closed_at:
                make_closed_report(make_voice(), by, closed_at)
        Report.objects.create(voice=make_voice(), text="Mine.")

        self.run_command()

        for model in (Report, RankingError):
            self.assertEqual(model.objects.count(), 2)
            self.assertFalse(model.objects.filter(closed_at__lt=now - kept).exists())

    def test_suspicious_open_reports_are_deleted_sooner(self):
        at = timezone.now() - timedelta(days=settings.NETWORK_KEPT_DAYS + 1)
        for found in ([], ["too-old"], ["network-burst"]):
            said = {"suspicions": found, "arrived_at": at}
            Report.objects.create(voice=make_voice(), text="Mine.", **said)
            RankingError.objects.create(text="Wrong.", **said)

        self.run_command()

        for model in (Report, RankingError):
            left = model.objects.values_list("suspicions", flat=True)
            self.assertEqual(list(left), [[], ["too-old"]])

    def test_expired_allowed_networks_and_alarms_are_deleted(self):
        now = timezone.now()
        AllowedNetwork.objects.create(network="192.0.2.0/24", until=now)
        kept = timedelta(days=settings.NETWORK_KEPT_DAYS)
        for hour in (now - kept - timedelta(hours=1), now):
            Alarm.objects.create(of="wide-burst", form="sign", hour=hour, at=hour)

        self.run_command()

        self.assertFalse(AllowedNetwork.objects.exists())
        self.assertEqual(Alarm.objects.get().at, now)

    def test_a_blocked_network_is_deleted_when_its_block_is_over(self):
        now = timezone.now()
        BlockedNetwork.objects.create(network="192.0.2.0/24", until=now)
        BlockedNetwork.objects.create(network="198.51.100.7/32")

        self.run_command()

        left = BlockedNetwork.objects.get()
        self.assertEqual(left.network, "198.51.100.7/32")
        days = timedelta(days=settings.NETWORK_BLOCKED_DAYS)
        self.assertAlmostEqual(left.until, now + days, delta=timedelta(minutes=1))
