import json
import subprocess
import sys
from datetime import timedelta
from functools import partial

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Sum
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


def pass_time(minutes):
    """Make all arrivals this much older."""
    earlier = F("minute") - timedelta(minutes=minutes)
    Arrival.objects.update(minute=earlier)


def counted(sender):
    """Return how many forms were counted by this kind of sender."""
    counts = Arrival.objects.filter(sender=sender)
    return counts.aggregate(total=Sum("count", default=0))["total"]


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
        for number, minutes in enumerate((30, 20, 0)):
            sign_from("203.0.113.7", email=f"ana{number}@example.com")
            pass_time(minutes)

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
        pass_time(minutes=11)

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
        self.assertEqual(counted(Arrival.Sender.NETWORK), 20)
        self.assertEqual(counted(Arrival.Sender.EVERYBODY), 20)

    def test_many_connections_alert_staff_once(self):
        for of in (Of.NETWORK_BURST, Of.WIDE_BURST, Of.EVERYBODY_BURST):
            set_limit(of, 1)

        with self.assertLogs("voices.abuse.limits", "WARNING") as logs:
            at_once(
                *[partial(sign_from, f"203.0.113.{number % 2}") for number in range(12)]
            )

        self.assertEqual(Alarm.objects.count(), 3)
        self.assertEqual(len(logs.records), 3)

    def test_many_connections_from_one_network_pass_exactly_its_limit(self):
        set_limit(Of.NETWORK_BURST, 10)

        at_once(
            *[
                partial(sign_from, "203.0.113.7", email=f"ana{number}@example.com")
                for number in range(30)
            ]
        )

        passed = [found for found in suspected() if "network-burst" not in found]
        self.assertEqual((len(passed), len(suspected())), (10, 30))

    def test_networks_and_addresses_that_cross_never_deadlock(self):
        crossing = [
            partial(sign_from, network, email=f"{name}@example.com")
            for network in ("203.0.113.7", "198.51.100.7")
            for name in ("ana", "bea")
        ]

        for _ in range(5):
            answers = at_once(*crossing * 4)
            self.assertEqual({answer.status_code for answer in answers}, {303})

        self.assertEqual(counted(Arrival.Sender.NETWORK), 80)
        self.assertEqual(counted(Arrival.Sender.ADDRESS), 80)

    def test_strangers_don_t_wait_for_each_other(self):
        with transaction.atomic():
            limits.arrive(Arrival.Kind.SIGN, "203.0.113.7", "ana@school.example")

            # It has the same email domain, the same /24, and everybody in common.
            [count] = at_once(
                partial(
                    transaction.atomic(limits.arrive),
                    *(Arrival.Kind.SIGN, "203.0.113.8", "bea@school.example"),
                )
            )

        self.assertEqual(count, ([], False))

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

    def hashes(self):
        return [
            list(model.objects.order_by("pk").values_list("network_hash", flat=True))
            for model in (Submission, Signature, Report)
        ]

    def test_networks_are_forgotten_after_a_number_of_days(self):
        self.make_all(days_ago=31)
        self.make_all(days_ago=29)

        forget(timestamp=0)

        known = "a" * 64
        self.assertEqual(self.hashes(), [["", known]] * 3)

    def test_arrivals_are_forgotten_when_no_limit_counts_them(self):
        for number, minutes in enumerate((24 * 60 - 1, 3, 0)):
            limits.arrive(Arrival.Kind.SIGN, f"203.0.113.{number}", "")
            pass_time(minutes)
        every = Arrival.objects.filter(sender=Arrival.Sender.NETWORK)

        forget(timestamp=0)

        self.assertEqual(every.count(), 2)
        Limit.objects.update(minutes=60 * 24 * 60)
        pass_time(30 * 24 * 60 - 1)
        forget(timestamp=0)
        self.assertEqual(every.count(), 1)

    def test_a_confirmed_form_keeps_nothing_about_its_network(self):
        submission = make_submission(network_hash="a" * 64, suspicions=["too-fast"])

        submission.confirm()

        submission.refresh_from_db()
        self.assertEqual((submission.network_hash, submission.suspicions), ("", []))
        signature = Signature.objects.get()
        self.assertEqual(signature.network_hash, "a" * 64)
        self.assertEqual(signature.suspicions, ["too-fast"])


class WindowTests(TestCase):
    """A window has all minutes that it touches."""

    def is_over_after(self, minutes):
        set_limit(Of.NETWORK_BURST, 1, minutes=10)
        limits.arrive(Arrival.Kind.SIGN, "203.0.113.7", "")
        pass_time(minutes)
        return limits.arrive(Arrival.Kind.SIGN, "203.0.113.7", "").over != []

    def test_is_never_shorter_than_its_limit(self):
        self.assertTrue(self.is_over_after(10))

    def test_is_at_most_a_minute_longer(self):
        self.assertFalse(self.is_over_after(11))


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
