"""The benchmark's guards, arithmetic, and parsing; no server is started."""

import os
from datetime import timedelta
from unittest import mock

import psycopg
from django.test import SimpleTestCase, TransactionTestCase

from tests import owner
from tests.factories import make_signature
from tests.processes import url
from tools.bench import command, database, guard, http, people, seed, together
from tools.bench.drive import Load
from tools.bench.growth import queries
from tools.bench.report import Aim
from tools.bench.stats import Line, Round, Spread, is_lopsided, percentile

NOTHING_SET = {
    name: value for name, value in os.environ.items() if name in {"PATH", "HOME"}
}


class GuardTests(SimpleTestCase):
    def refuse(self, reason, **environment):
        with (
            mock.patch.dict(os.environ, NOTHING_SET | environment, clear=True),
            mock.patch("shutil.which", return_value="/usr/bin/wrk"),
            self.assertRaisesMessage(guard.RefusedError, reason),
        ):
            guard.check_environment()

    def test_refuses_a_site_on_another_machine(self):
        self.refuse(
            "SITE_URL is on example.org. The benchmark refuses anything but loopback",
            SITE_URL="https://example.org",
        )

    def test_refuses_a_database_on_another_machine(self):
        self.refuse(
            "DATABASE_URL is on db.example.org.",
            DATABASE_URL="postgres://aaqi:secret@db.example.org/aaqi",
        )

    def test_refuses_a_mail_server_on_another_machine(self):
        self.refuse("EMAIL_URL is on 192.0.2.1.", EMAIL_URL="smtp://192.0.2.1:25")

    def test_refuses_the_secrets_of_a_deployment(self):
        self.refuse(
            "DATABASE_URL_FILE is set, as on a deployed server.",
            DATABASE_URL_FILE="/run/secrets/database_url",
        )

    def test_refuses_debug(self):
        self.refuse("DJANGO_DEBUG is set. The benchmark refuses", DJANGO_DEBUG="1")
        with self.assertRaisesMessage(guard.RefusedError, "refuses DEBUG"):
            guard.check_debug(True)

    def test_names_the_package_that_is_missing(self):
        with (
            mock.patch("shutil.which", return_value=None),
            self.assertRaisesMessage(guard.RefusedError, "apt-get install wrk"),
        ):
            guard.check_machine()

    def test_accepts_loopback_and_sockets(self):
        for name in (
            "http://localhost:8000",
            "http://127.0.0.1",
            "http://[::1]:8000",
            "postgres://aaqi:x@%2Ftmp%2Fsocket/aaqi",
        ):
            guard.check_url("SITE_URL", name)

    def test_the_command_prints_the_reason(self):
        with (
            mock.patch.dict(
                os.environ, NOTHING_SET | {"DJANGO_DEBUG": "1"}, clear=True
            ),
            mock.patch("shutil.which", return_value="/usr/bin/wrk"),
            mock.patch.object(command, "say") as said,
        ):
            self.assertEqual(command.run([]), 1)

        self.assertIn("refuses DEBUG", said.call_args[0][0])


class RealRowsTests(TransactionTestCase):
    def check(self):
        with psycopg.connect(url("site")) as connection:
            guard.check_rows(connection)

    def test_refuses_rows_with_real_addresses(self):
        make_signature(email="ana@mail.example.org")

        with self.assertRaisesMessage(
            guard.RefusedError, "The database has real rows: 1 in voices_signature"
        ):
            self.check()

    def test_accepts_its_own_rows_and_none(self):
        self.check()
        make_signature(email=people.email(3))
        make_signature(email=people.email(4))
        self.check()

    def test_accepts_an_empty_database(self):
        owner.execute("CREATE SCHEMA hollow")
        self.addCleanup(owner.execute, "DROP SCHEMA hollow")
        options = "-csearch_path=hollow"
        with psycopg.connect(url("site"), options=options) as connection:
            guard.check_rows(connection)


class StatsTests(SimpleTestCase):
    def test_percentiles_are_measured_values(self):
        values = [float(number) for number in range(1, 201)]

        found = [percentile(values, percent) for percent in (50, 95, 99, 100)]

        self.assertEqual(found, [100, 190, 198, 200])
        self.assertEqual(percentile([7.0], 99), 7)
        self.assertEqual(percentile([], 99), 0)

    def test_marks_a_round_whose_connections_were_on_one_worker(self):
        self.assertTrue(is_lopsided([1.9, 0.1], 16))
        self.assertTrue(is_lopsided([1.4, 0.6], 32))
        self.assertFalse(is_lopsided([1.1, 0.9], 32))
        # One connection is always on one worker.
        self.assertFalse(is_lopsided([2.0, 0.0], 1))
        self.assertFalse(is_lopsided([2.0], 32))
        self.assertFalse(is_lopsided([0.0, 0.0], 32))

    def test_spread_is_half_the_range_of_the_median(self):
        spread = Spread([9, 10, 12])

        self.assertEqual(spread.median, 10)
        self.assertEqual(spread.percent, 15)

    def test_ratios_compare_rounds_with_their_own_reference(self):
        reference = Line("bare", 32, [make_round(cpu=cpu) for cpu in (1, 2, 4)])
        line = Line("ours", 32, [make_round(cpu=cpu) for cpu in (2, 4, 12)])
        line.reference = reference

        self.assertEqual(line.ratio.values, [2, 2, 3])
        self.assertIsNone(reference.ratio)
        self.assertEqual(line.as_json()["ratio"]["median"], 2)

    def test_a_lopsided_round_is_compared_only_with_a_lopsided_one(self):
        evenly, alone = make_round(cpu=2), make_round(cpu=4, lopsided=True)
        line = Line("ours", 32, [alone, alone, evenly])
        line.reference = Line("bare", 32, [evenly, alone, evenly])

        self.assertEqual(line.ratio.values, [1, 1])

        line.rounds = [alone, evenly, alone]

        self.assertEqual(line.ratio.values, [2, 0.5, 2])

    def test_targets_are_met_from_below_or_above(self):
        self.assertEqual(Aim("ratio", 1.05, "x", 1.5, 1.1).verdict, "aim")
        self.assertEqual(Aim("ratio", 1.4, "x", 1.5, 1.1).verdict, "reached")
        self.assertEqual(Aim("ratio", 1.6, "x", 1.5, 1.1).verdict, "not yet")
        self.assertEqual(Aim("rate", 50, "/s", 40, 80, more=True).verdict, "reached")
        self.assertEqual(Aim("ratio", None, "x", 1, 1).verdict, "not measured")


class TogetherTests(SimpleTestCase):
    def load(self, **changes):
        times = {"count": 5, "p50": 1, "p95": 2, "p99": 3, "max": 4}
        result = {
            "errors": {},
            "unfinished": 0,
            "begun": 5,
            "completed": 5,
            "steps": {"view": times, "mail": times},
        }
        return Load(result | changes, {}, 1)

    def test_a_rate_is_kept_up_if_all_was_counted_in_time(self):
        self.assertEqual(together.problems(self.load(), counted=5), [])

    def test_a_rate_with_other_totals_is_not_kept_up(self):
        found = together.problems(self.load(), counted=4)

        self.assertEqual(found, ["5 begun, 5 completed, 4 counted"])

    def test_a_rate_with_errors_or_slow_pages_is_not_kept_up(self):
        slow = {"view": {"p99": 1200}, "mail": {"p99": 9000}}
        load = self.load(errors={"view: status 503": 2}, steps=slow)

        found = together.problems(load, counted=5)

        self.assertEqual(found, ["view: status 503 (2 times)", "view p99 1.2 s"])


class ParsingTests(SimpleTestCase):
    def test_postgresql_runs_with_the_settings_of_docker_compose(self):
        found = database.compose_settings()

        self.assertEqual(found["shared_buffers"], "256MB")
        self.assertEqual(found["synchronous_commit"], "on")
        self.assertGreater(len(found), 8)

    def test_answers_are_complete_only_with_their_whole_body(self):
        head = bytearray(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")

        self.assertIsNone(http.parse(head[:20]))
        self.assertIsNone(http.parse(head + b"half"))
        answer = http.parse(head + b"whole")
        self.assertEqual((answer.status, answer.body), (200, b"whole"))

    def test_chunks_are_joined(self):
        self.assertEqual(
            http.join_chunks(b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"), b"abcde"
        )
        self.assertIsNone(http.join_chunks(b"3\r\nabc\r\n"))

    def test_signers_differ_in_address_and_network(self):
        numbers = [0, 1, 2, 255, 256, 65_535, 65_536, 3_000_000]

        networks = {people.network(number).rpartition(".")[0] for number in numbers}

        self.assertEqual(len(networks), len(numbers))
        self.assertEqual(
            len({people.email(number) for number in numbers}), len(numbers)
        )

    def test_tries_the_filters_searches_and_last_page_of_an_admin_list(self):
        page = """<input name="q"><a href="?state=OH">Ohio</a>
            <a href="?p=2">2</a><a href="?p=99">99</a>"""

        found = queries(page)

        self.assertEqual(found[:2], ["?state=OH", "?p=99"])
        self.assertEqual(len(found), 2 + 3)

    def test_rows_are_spread_over_a_year_even_if_there_are_ten_million(self):
        first, last = seed.moment(0, 10_000_000), seed.moment(9_999_999, 10_000_000)

        self.assertAlmostEqual(last - first, timedelta(days=365), delta=timedelta(1))

    def test_refuses_a_disk_that_is_too_small(self):
        with (
            mock.patch("shutil.disk_usage", return_value=mock.Mock(free=10**9)),
            self.assertRaisesMessage(seed.NoRoomError, "10,000,000 signatures need"),
        ):
            seed.check_room(10_000_000, "/tmp")


def make_round(cpu, *, lopsided=False):
    return Round(
        requests=100,
        seconds=2,
        p50=1,
        p95=2,
        p99=3,
        web_cpu=cpu,
        database_cpu=0,
        lopsided=lopsided,
    )
