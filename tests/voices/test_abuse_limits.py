import json
import subprocess
import sys
from datetime import timedelta
from functools import partial

from django.conf import settings
from django.db import connection, transaction
from django.test import Client, TestCase, override_settings
from django.urls import reverse
from django.utils import timezone

from tests.abuse import make_quarantined, set_limit
from tests.committed import CommittedTestCase, at_once, rows
from tests.factories import (
    confirm_url,
    deliver,
    latest_submission,
    make_published_voice,
    make_signature,
    make_submission,
    sign,
)
from tests.processes import database_environment
from voices.abuse import limits
from voices.models import Alarm, Arrival, Limit, Report, Signature, Submission
from voices.tasks import forget

Of = Limit.Of


def sign_from(address, **fields):
    return sign(Client(REMOTE_ADDR=address), **fields)


def suspected():
    return [each.suspicions for each in Submission.objects.order_by("pk")]


class LimitTests(TestCase):
    def test_forms_within_the_limit_are_not_suspected(self):
        set_limit(Of.NETWORK_BURST, 2)

        for number in range(3):
            sign_from("203.0.113.7", email=f"ana{number}@example.com")
        sign_from("203.0.113.8", email="elsewhere@example.com")

        self.assertEqual(suspected(), [[], [], ["network-burst"], []])

    def test_a_household_of_ipv6_is_one_network(self):
        set_limit(Of.NETWORK_BURST, 1)

        sign_from("2001:db8::1", email="ana@example.com")
        sign_from("2001:db8::2", email="bea@example.com")

        self.assertEqual(suspected(), [[], ["network-burst"]])

    def test_the_window_moves_on(self):
        set_limit(Of.NETWORK_BURST, 1, minutes=10)
        set_limit(Of.NETWORK_SUSTAINED, 2, minutes=60)
        for number, minutes_ago in enumerate((50, 20, 0)):
            sign_from("203.0.113.7", email=f"ana{number}@example.com")
            at = timezone.now() - timedelta(minutes=minutes_ago)
            Arrival.objects.filter(pk=Arrival.objects.latest("pk").pk).update(at=at)

        self.assertEqual(suspected(), [[], [], ["network-sustained"]])

    def test_an_address_has_limits_wherever_its_forms_come_from(self):
        set_limit(Of.ADDRESS_BURST, 1)
        set_limit(Of.ADDRESS_SUSTAINED, 2)

        for number in range(3):
            sign_from(f"203.0.113.{number}", email=f"ANA+{number}@gmail.com")

        self.assertEqual(
            suspected(),
            [[], ["address-burst"], ["address-burst", "address-sustained"]],
        )

    def test_the_limit_of_everybody_is_held_against_nobody(self):
        set_limit(Of.EVERYBODY_BURST, 1)

        first, second = (
            limits.arrive(Arrival.Kind.SIGN, f"203.0.113.{number}", "")
            for number in range(2)
        )

        self.assertEqual(first, ([], False))
        self.assertEqual(second, ([], True))

    def test_each_kind_of_form_is_counted_separately(self):
        set_limit(Of.NETWORK_BURST, 1)

        for kind in (Arrival.Kind.SIGN, Arrival.Kind.REPORT, Arrival.Kind.MANAGE):
            self.assertEqual(limits.arrive(kind, "203.0.113.7", "").over, [])

    def test_forms_without_a_network_are_not_counted_together(self):
        set_limit(Of.NETWORK_BURST, 1)

        for number in range(2):
            sign_from("", email=f"ana{number}@example.com")

        self.assertEqual(suspected(), [[], []])

    def test_a_missing_limit_limits_nothing(self):
        Limit.objects.all().delete()

        self.assertEqual(
            limits.arrive(Arrival.Kind.SIGN, "203.0.113.7", "a@b.example"), ([], False)
        )

    @override_settings(PROXY_COUNT=1)
    def test_a_forged_forwarded_for_evades_no_limit(self):
        set_limit(Of.NETWORK_BURST, 1)

        for number in range(2):
            client = Client(
                REMOTE_ADDR="10.0.0.1",
                headers={"X-Forwarded-For": f"198.51.100.{number}, 203.0.113.7"},
            )
            sign(client, email=f"ana{number}@example.com")

        self.assertEqual(suspected(), [[], ["network-burst"]])


class RefusedTests(TestCase):
    def flood(self):
        set_limit(Of.NETWORK_BURST, 1, minutes=10)
        for _ in range(20):
            self.report()

    def report(self, address="203.0.113.7"):
        limits.arrive(Arrival.Kind.REPORT, address, "")

    def test_a_network_far_beyond_its_limit_is_asked_to_wait(self):
        self.flood()

        with self.assertRaises(limits.TooMany) as refused:
            self.report()

        self.assertEqual(refused.exception.minutes, 10)

    def test_its_neighbors_are_served(self):
        self.flood()

        self.report("203.0.113.8")

    def test_it_is_served_again_after_the_window(self):
        self.flood()
        Arrival.objects.update(at=timezone.now() - timedelta(minutes=11))

        self.report()

    def test_it_may_still_sign(self):
        set_limit(Of.NETWORK_BURST, 1, minutes=10)
        for _ in range(30):
            limits.arrive(Arrival.Kind.SIGN, "203.0.113.7", "")

        self.assertEqual(sign_from("203.0.113.7").status_code, 303)


# Posts forms on a signal; each process has its own database connections.
SIGN_MANY = """
import sys, django
django.setup()
from django.test import Client
from tests.factories import sign
client = Client(SERVER_NAME="localhost", REMOTE_ADDR="203.0.113.7")
pattern, count = sys.argv[1], int(sys.argv[2])
client.get("/voices/add/")
print("ready", flush=True)
sys.stdin.readline()
statuses = [
    sign(client, email=pattern.format(number)).status_code
    for number in range(count)
]
print(statuses)
"""


class ManyAtOnceTests(CommittedTestCase):
    def sign_from_two_processes(self, *names, count):
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", SIGN_MANY, name, str(count)],
                cwd=settings.BASE_DIR,
                env=database_environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for name in names
        ]
        for process in processes:
            self.assertEqual(process.stdout.readline(), "ready\n")
        for process in processes:
            process.stdin.write("go\n")
            process.stdin.flush()
        answers = []
        for process in processes:
            output, _ = process.communicate(timeout=60)
            self.assertEqual(process.returncode, 0)
            answers += json.loads(output)
        return answers

    def test_two_processes_share_the_limit_of_a_network(self):
        set_limit(Of.NETWORK_BURST, 10)

        answers = self.sign_from_two_processes(
            "ana{}@example.com", "bea{}@example.com", count=15
        )

        self.assertEqual(answers, [303] * 30)
        beyond = [found for found in suspected() if "network-burst" in found]
        self.assertEqual(len(beyond), 20)

    def test_two_processes_share_the_limit_of_an_address(self):
        set_limit(Of.ADDRESS_BURST, 6)

        self.sign_from_two_processes("a+{}@gmail.com", "A+{}@gmail.com", count=5)

        beyond = [found for found in suspected() if "address-burst" in found]
        self.assertEqual(len(beyond), 4)

    def test_many_connections_share_the_refusal_of_a_network(self):
        set_limit(Of.NETWORK_BURST, 1)

        def report():
            try:
                with transaction.atomic():
                    limits.arrive(Arrival.Kind.REPORT, "203.0.113.7", "")
            except limits.TooMany:
                return "refused"
            return "taken"

        answers = at_once(*[report] * 30)

        self.assertEqual(answers.count("taken"), 20)
        self.assertEqual(Arrival.objects.count(), 20)

    def test_many_connections_alert_staff_once(self):
        for of in (Of.NETWORK_BURST, Of.WIDE_BURST, Of.EVERYBODY_BURST):
            set_limit(of, 1)

        with self.assertLogs("voices.abuse.limits", "WARNING") as logs:
            at_once(
                *[partial(sign_from, f"203.0.113.{number % 2}") for number in range(12)]
            )

        self.assertEqual(Alarm.objects.count(), 3)
        self.assertEqual(len(logs.records), 3)

    def test_many_connections_keep_the_limits_of_network_and_address(self):
        set_limit(Of.NETWORK_BURST, 5)
        set_limit(Of.ADDRESS_BURST, 3)

        at_once(*[partial(sign_from, "203.0.113.7") for _ in range(12)])

        self.assertEqual(sum("network-burst" in found for found in suspected()), 7)
        self.assertEqual(sum("address-burst" in found for found in suspected()), 9)


class ForgetTests(TestCase):
    def make_all(self, days_ago):
        at = timezone.now() - timedelta(days=days_ago)
        known = {"network_hash": "a" * 64}
        make_submission(submitted_at=at, mailed_at=timezone.now(), **known)
        make_signature(submitted_at=at, confirmed_at=timezone.now(), **known)
        voice = make_published_voice()
        Report.objects.create(voice=voice, kind="other", arrived_at=at, **known)
        Arrival.objects.create(form=Arrival.Kind.SIGN, at=at, **known)

    def hashes(self):
        return [
            list(model.objects.order_by("pk").values_list("network_hash", flat=True))
            for model in (Submission, Signature, Report, Arrival)
        ]

    def test_networks_are_forgotten_after_a_number_of_days(self):
        self.make_all(days_ago=31)
        self.make_all(days_ago=29)

        forget(timestamp=0)

        known = "a" * 64
        self.assertEqual(self.hashes(), [["", known]] * 3 + [[known]])

    def test_a_confirmed_form_keeps_nothing_about_its_network(self):
        submission = make_submission(network_hash="a" * 64, suspicions=["too-fast"])

        submission.confirm()

        submission.refresh_from_db()
        self.assertEqual((submission.network_hash, submission.suspicions), ("", []))
        signature = Signature.objects.get()
        self.assertEqual(signature.network_hash, "a" * 64)
        self.assertEqual(signature.suspicions, ["too-fast"])


class NoAddressTests(TestCase):
    def everything(self):
        """Every row in the database, as text."""
        return "\n".join(
            str(row)
            for table in connection.introspection.table_names()
            for row in rows(f'SELECT t::text FROM "{table}" t')
        )

    def test_no_network_address_is_stored_anywhere(self):
        for number, address in enumerate(
            ("203.0.113.77", "2001:db8:aaaa:bbbb:cccc:dddd:eeee:1234")
        ):
            sign_from(address, email=f"ana{number}@example.com", untouched="x")
            deliver()
            self.client.post(confirm_url(latest_submission()))
        self.client.get(reverse("voices:thanks"))

        text = self.everything()

        self.assertIn("Ana Reyes", text)
        for part in ("203.0.113", "2001:db8", "aaaa:bbbb", "203-0-113"):
            self.assertNotIn(part, text)


class QuarantinedByLimitTests(TestCase):
    def test_make_quarantined_matches_a_confirmed_form(self):
        made = make_quarantined()
        submission = make_submission(suspicions=["honeypot"])
        submission.confirm()
        confirmed = Signature.objects.latest("pk")

        for field in ("counted_at", "rejected_at", "withdrawn_at"):
            self.assertEqual(getattr(made, field), getattr(confirmed, field))
        self.assertEqual(confirmed.quarantined_at, confirmed.confirmed_at)
        self.assertIsNone(confirmed.voice.review_since)
