"""When a form's email is sent, and what is quarantined: crowds, floods, and bots."""

from datetime import timedelta

from django.db import connection
from django.test import Client, SimpleTestCase, TestCase, override_settings
from django.utils import timezone

from core import addresses
from tests.abuse import set_limit
from tests.factories import latest_submission, sign, stamp
from voices.abuse import limits
from voices.models import (
    Alarm,
    AllowedNetwork,
    Arrival,
    BlockedDomain,
    Limit,
    MailProvider,
    Signature,
    Submission,
)

Of = Limit.Of
TEMPLATE = "203.0.{}.7"


def send(count, *, address=TEMPLATE, email="ana{}@school{}.example", **fields):
    """Send `count` forms; {} in an address or email becomes the form's number."""
    for number in range(count):
        client = Client(REMOTE_ADDR=address.format(number))
        answer = sign(client, email=email.replace("{}", str(number)), **fields)
        assert answer.status_code == 303


def lanes():
    return list(Submission.objects.order_by("pk").values_list("lane", flat=True))


def quarantined_when_confirmed():
    for submission in Submission.objects.unconfirmed():
        submission.confirm()
    return Signature.objects.in_quarantine().count()


class BusyHourTests(TestCase):
    def test_no_honest_form_of_a_busy_hour_is_flagged(self):
        set_limit(Of.EVERYBODY_BURST, 4)

        send(10)

        self.assertEqual(lanes(), ["clean"] * 10)
        self.assertEqual(set(map(len, suspicions())), {0})
        self.assertEqual(quarantined_when_confirmed(), 0)

    def test_one_human_suspicion_is_still_not_enough(self):
        set_limit(Of.EVERYBODY_BURST, 4)

        with_a_sign = {"started": stamp(seconds_ago=0)}
        send(10, **with_a_sign)

        self.assertEqual(lanes(), ["clean"] * 10)
        self.assertEqual(quarantined_when_confirmed(), 0)

    def test_staff_are_alerted_once_an_hour(self):
        set_limit(Of.EVERYBODY_BURST, 2)

        with self.assertLogs("voices.abuse.limits", "WARNING") as logs:
            send(6)

        self.assertEqual(
            [record.getMessage() for record in logs.records],
            ["Over a limit: From everybody, at once (form: sign)."],
        )
        Alarm.objects.update(hour=timezone.now() - timedelta(hours=2))
        with self.assertLogs("voices.abuse.limits", "WARNING"):
            send(1)
        [alarm] = Alarm.objects.latest_day()
        self.assertEqual((alarm["of"], alarm["hours"]), ("everybody-burst", 2))


def suspicions():
    return [submission.suspicions for submission in Submission.objects.order_by("pk")]


class BotTests(TestCase):
    def test_bots_get_the_same_pages_and_no_mail(self):
        pages = [
            sign(Client(REMOTE_ADDR="203.0.113.7"), **fields)
            for fields in ({}, {"untouched": "x"}, {"started": None})
        ]

        self.assertEqual(lanes(), ["clean", "held", "held"])
        self.assertEqual({page.status_code for page in pages}, {303})
        shown = [self.client.get(page.url).content for page in pages]
        self.assertEqual(len({len(page) for page in shown}), 1)

    def test_an_expired_stamp_is_not_held(self):
        send(1, started=stamp(25 * 3600))

        self.assertEqual(lanes(), ["clean"])

    def test_a_flood_from_one_network_is_held_and_never_refused(self):
        set_limit(Of.NETWORK_BURST, 1)
        set_limit(Of.NETWORK_FLOOD, 3)

        send(5, address="203.0.113.7")

        self.assertEqual(lanes(), ["clean", "slow", "slow", "held", "held"])

    def test_a_flood_from_neighboring_networks_is_held_too(self):
        set_limit(Of.WIDE_FLOOD, 3)

        send(5, address="2001:db8:1:{}::1")

        self.assertEqual(lanes(), ["clean"] * 3 + ["held"] * 2)

    def test_a_blocked_domain_is_mailed_last(self):
        BlockedDomain.objects.create(domain="spam.example")

        send(1, email="ana@spam.example")

        self.assertEqual(lanes(), ["slow"])
        self.assertEqual(quarantined_when_confirmed(), 1)


class OthersTests(TestCase):
    """Forms sent by a stranger in somebody's name are not held against them."""

    def test_bots_use_up_no_limit_of_an_address(self):
        send(5, email="ana@school.example", untouched="x")

        send(1, email="ana@school.example", address="198.51.100.7")

        self.assertEqual(lanes()[-1], "clean")
        self.assertEqual(suspicions()[-1], [])

    def test_bots_use_up_no_limit_of_a_domain_or_of_everybody(self):
        set_limit(Of.DOMAIN_SUSTAINED, 3)
        set_limit(Of.EVERYBODY_BURST, 3)
        send(5, untouched="x", email="ana{}@school.example")
        send(5, started=None, email="bea{}@school.example")

        send(1, email="cy@school.example", address="198.51.100.7", started=stamp(0))

        self.assertEqual(suspicions()[-1], ["too-fast"])
        self.assertEqual(lanes()[-1], "clean")
        self.assertFalse(Alarm.objects.exists())

    def test_bots_use_up_the_limit_of_their_own_network(self):
        set_limit(Of.NETWORK_BURST, 3)
        send(3, address="203.0.113.7", untouched="x")

        send(1, address="203.0.113.7")

        self.assertEqual(suspicions()[-1], ["network-burst"])

    def test_no_limit_that_strangers_can_use_up_quarantines_anybody(self):
        for of in (Of.DOMAIN_SUSTAINED, Of.ADDRESS_BURST, Of.EVERYBODY_BURST):
            set_limit(of, 1)
        send(2, email="ana@school.example")

        hasty = {"started": stamp(0), "address": "198.51.100.7"}
        send(1, email="ana@school.example", **hasty)
        send(1, email="bea@school.example", statement="See https://a.example")

        self.assertEqual(lanes()[-2:], ["slow", "slow"])
        self.assertEqual(quarantined_when_confirmed(), 0)


class CrowdTests(TestCase):
    """Being over a limit delays the email; it never refuses or quarantines a form."""

    def assert_later_ones_only_wait(self, first, later):
        self.assertEqual(lanes(), ["clean"] * first + ["slow"] * later)
        self.assertEqual(quarantined_when_confirmed(), 0)

    def test_of_one_address(self):
        set_limit(Of.NETWORK_SUSTAINED, 3, minutes=24 * 60)

        send(7, address="203.0.113.7")

        self.assert_later_ones_only_wait(3, 4)

    def test_of_a_table_of_33_people_nobody_even_waits(self):
        send(33, address="203.0.113.7")

        self.assert_later_ones_only_wait(33, 0)

    def test_of_one_24(self):
        set_limit(Of.WIDE_SUSTAINED, 3, minutes=24 * 60)

        send(7, address="203.0.113.{}")

        self.assert_later_ones_only_wait(3, 4)

    def test_of_the_64s_of_one_48(self):
        set_limit(Of.WIDE_SUSTAINED, 3, minutes=24 * 60)

        send(7, address="2001:db8:1:{}::1")

        self.assert_later_ones_only_wait(3, 4)

    def test_of_one_mail_domain_and_its_subdomains(self):
        set_limit(Of.DOMAIN_SUSTAINED, 3, minutes=24 * 60)

        send(4, email="ana{}@school.example")
        send(3, email="bea@mail{}.school.example")

        self.assert_later_ones_only_wait(3, 4)

    def test_of_a_large_mail_provider_nobody_waits(self):
        set_limit(Of.DOMAIN_SUSTAINED, 1, minutes=24 * 60)

        send(4, email="ana{}@googlemail.com")
        send(4, email="ana{}@yahoo.com")

        self.assert_later_ones_only_wait(8, 0)

    def test_of_the_next_network_or_domain_nobody_waits(self):
        for of in (Of.NETWORK_SUSTAINED, Of.WIDE_SUSTAINED, Of.DOMAIN_SUSTAINED):
            set_limit(of, 2, minutes=24 * 60)
        send(3, address="203.0.113.7", email="ana{}@school.example")

        send(1, address="198.51.100.7", email="ana@elsewhere.example")

        self.assertEqual(lanes()[-1], "clean")

    def test_strangers_can_t_quarantine_a_form_by_using_up_its_limit(self):
        set_limit(Of.NETWORK_SUSTAINED, 1, minutes=24 * 60)

        send(2, address="203.0.113.7", statement="Buy at https://spam.example")

        self.assertEqual(lanes(), ["clean", "slow"])
        self.assertEqual(quarantined_when_confirmed(), 0)

    def test_the_alert_names_the_limit_and_nobody(self):
        set_limit(Of.DOMAIN_SUSTAINED, 1, minutes=24 * 60)

        with self.assertLogs("voices.abuse.limits", "WARNING") as logs:
            send(4, email="ana{}@school.example")

        self.assertEqual(
            [record.getMessage() for record in logs.records],
            ["Over a limit: For one email domain, over time (form: sign)."],
        )

    def arrive_already(self, count, address, email):
        """Let this many forms have arrived, all just now."""
        limits.arrive(Arrival.Kind.SIGN, address, email)
        Arrival.objects.filter(count=1).update(count=count)

    def test_of_5000_behind_a_carrier_s_address_nobody_is_held(self):
        self.arrive_already(5000, "203.0.113.7", "bea@gmail.com")

        send(1, address="203.0.113.7")

        self.assert_later_ones_only_wait(0, 1)

    def test_of_20000_with_one_large_mail_provider_nobody_waits(self):
        for network in range(100):
            self.arrive_already(200, f"198.51.{network}.7", "bea@gmail.com")

        send(1, email="ana@gmail.com")

        self.assert_later_ones_only_wait(1, 0)

    def test_each_window_is_counted_with_an_index(self):
        senders = limits.find_senders("203.0.113.7", "ana@school.example")
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")

        def explain(execute, sql, *rest):
            execute(f"EXPLAIN {sql}", *rest)
            plans.append("\n".join(line for (line,) in rest[-1]["cursor"].fetchall()))
            return execute(sql, *rest)

        plans = []
        with connection.execute_wrapper(explain):
            limits.count(
                *(Arrival.Kind.SIGN, senders, "203.0.113.7", "ana@school.example"),
                is_bot=False,
            )

        [plan] = plans
        self.assertNotIn("Seq Scan on voices_arrival", plan)
        self.assertIn("on voices_arrival known", plan)

    def test_a_form_is_counted_in_two_statements(self):
        for of in Of:
            set_limit(of, 10_000, minutes=10)
        address, key = "203.0.113.7", "ana@school.example"

        for _ in range(3):
            with self.assertNumQueries(2):
                limits.arrive(Arrival.Kind.SIGN, address, key)

    def test_a_crowd_adds_no_rows(self):
        for _ in range(20):
            limits.arrive(Arrival.Kind.SIGN, "203.0.113.7", "ana@school.example")

        # Two, if a minute ended in between.
        self.assertLessEqual(Arrival.objects.count(), 2 * len(Arrival.Sender))


class AllowedNetworkTests(TestCase):
    def setUp(self):
        for of in (Of.NETWORK_BURST, Of.WIDE_BURST, Of.NETWORK_FLOOD, Of.WIDE_FLOOD):
            set_limit(of, 1)
        set_limit(Of.DOMAIN_SUSTAINED, 1)

    def allow(self, **until):
        until = timezone.now() + timedelta(**until)
        AllowedNetwork.objects.create(network="203.0.113.0/24", until=until)

    def send(self, **fields):
        send(4, address="203.0.113.7", email="ana{}@school.example", **fields)

    def test_its_forms_are_not_counted(self):
        self.allow(days=1)

        self.send()

        self.assertEqual(lanes(), ["clean"] * 4)
        self.assertEqual(latest_submission().suspicions, [])
        self.assertNotEqual(latest_submission().network_hash, "")

    def test_every_other_check_holds(self):
        self.allow(days=1)

        self.send(untouched="x")

        self.assertEqual(lanes(), ["held"] * 4)

    def test_ends_at_its_date(self):
        self.allow(seconds=-1)

        self.send()

        self.assertEqual(lanes(), ["clean", "held", "held", "held"])

    def test_its_other_forms_are_not_refused(self):
        self.allow(days=1)

        for _ in range(30):
            limits.arrive(Arrival.Kind.REPORT, "203.0.113.7", "")


class OtherFormsTests(TestCase):
    @override_settings(PROXY_COUNT=0)
    def test_are_refused_by_a_48_too(self):
        set_limit(Of.WIDE_BURST, 2, minutes=10)

        def report(number):
            limits.arrive(Arrival.Kind.REPORT, f"2001:db8:1:{number:x}::1", "")

        for number in range(10):
            report(number)
        with self.assertRaises(limits.TooMany):
            report(11)


class MailDomainTests(SimpleTestCase):
    def test_is_the_registrable_domain(self):
        for domain, counted in {
            "school.example": "school.example",
            "mail.school.example": "school.example",
            "a.b.school.example": "school.example",
            "oakwood.k12.oh.us": "k12.oh.us",
            "example.co.uk": "example.co.uk",
            "gmx.de": "gmx.de",
            "localhost": "localhost",
        }.items():
            self.assertEqual(addresses.mail_domain(f"ana@{domain}"), counted)


class MailProviderTests(TestCase):
    def test_the_large_ones_are_listed_in_canonical_spelling(self):
        domains = set(MailProvider.objects.values_list("domain", flat=True))

        self.assertLessEqual({"gmail.com", "yahoo.com", "proton.me"}, domains)
        for domain in domains:
            key = addresses.canonical(f"ana@{domain}")
            self.assertEqual(addresses.mail_domain(key), domain)
