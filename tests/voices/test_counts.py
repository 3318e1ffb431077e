import csv
import json
from datetime import UTC, date, datetime, timedelta

from django.test import SimpleTestCase, TestCase
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import (
    make_founding_voice,
    make_published_voice,
    make_signature,
    make_voice,
)
from voices.models import DayTally, Signature
from voices.wall.tallies import LEAST_SHOWN, withhold

CSV, JSON = "/voices/counts.csv", "/voices/counts.json"


class WithholdTests(SimpleTestCase):
    def test_shows_cells_of_ten_and_more(self):
        self.assertEqual(withhold({"TX": 10, "OH": 400}), {"TX": 10, "OH": 400})

    def test_withholds_smaller_cells(self):
        shown = withhold({"TX": 9, "OH": 8, "CO": 20, "NM": 0})

        self.assertEqual(shown, {"TX": None, "OH": None, "CO": 20, "NM": None})

    def test_withholds_one_more_where_subtraction_would_reveal_it(self):
        shown = withhold({"TX": 3, "OH": 400, "CO": 20, "NM": 0})

        self.assertEqual(shown, {"TX": None, "OH": 400, "CO": None, "NM": None})

    def test_zeros_alone_need_no_further_cell(self):
        self.assertEqual(withhold({"TX": 0, "OH": 12}), {"TX": None, "OH": 12})

    @given(st.dictionaries(st.integers(), st.integers(0, 60)))
    def test_withheld_cells_never_add_up_to_a_few(self, counts):
        shown = withhold(counts)

        self.assertEqual(shown.keys(), counts.keys())
        for key, count in shown.items():
            self.assertIn(count, (None, counts[key]))
            self.assertTrue(count is None or count >= LEAST_SHOWN)
        rest = sum(counts.values()) - sum(n for n in shown.values() if n is not None)
        self.assertTrue(rest == 0 or rest >= LEAST_SHOWN or not any(shown.values()))


class CountsTests(TestCase):
    def sign(self, state, number, day):
        for _ in range(number):
            make_signature(state=state, counted_at=day, name_display="unlisted")

    def setUp(self):
        self.today = timezone.now()
        self.before = self.today - timedelta(days=3)

    def json(self):
        return self.client.get(JSON).json()

    def test_counts_by_state(self):
        self.sign("TX", 11, self.before)
        self.sign("OH", 4, self.before)
        self.sign("CO", 7, self.before)
        make_voice(state="TX")

        data = self.json()

        states = {row["usps"]: row["signatures"] for row in data["states"]}
        self.assertEqual(data["total"], 22)
        self.assertEqual((states["TX"], states["OH"], states["WY"]), (11, None, None))
        self.assertEqual(len(states), 58)

    def test_counts_by_day_until_yesterday(self):
        self.sign("TX", 10, self.before)
        self.sign("TX", 12, self.today)

        days = self.json()["days"]

        local = timezone.localtime(self.before).date()
        self.assertEqual(days[0], {"day": local.isoformat(), "signatures": 10})
        self.assertEqual(len(days), 3)
        self.assertEqual({row["signatures"] for row in days[1:]}, {None})

    def test_a_first_day_without_a_signature_anymore_is_not_listed(self):
        self.sign("TX", 1, self.before)
        self.sign("TX", 12, self.before + timedelta(days=1))

        Signature.objects.earliest("counted_at").delete()

        local = timezone.localtime(self.before).date() + timedelta(days=1)
        self.assertEqual(self.json()["days"][0]["day"], local.isoformat())

    def test_founding_voices_are_a_line_of_their_own_and_the_figures_add_up(self):
        self.sign("TX", 10, self.before)
        self.sign("TX", 12, self.before + timedelta(days=1))
        self.sign("OH", 3, self.today)
        for number in (1, 2, 3):
            make_founding_voice(number, state="TX")
        make_founding_voice(4, taken_down_at=self.today)

        data = self.json()
        rows = self.client.get(CSV).content.decode().splitlines()

        by_day = sum(row["signatures"] or 0 for row in data["days"])
        self.assertEqual(data["founding_voices"], 3)
        self.assertEqual(data["total"], data["founding_voices"] + by_day + 3)
        self.assertIn("founding,,Founding voices,3", rows)

    def test_both_files_say_the_same(self):
        self.sign("TX", 11, self.before)
        self.sign("OH", 3, self.before)

        response = self.client.get(CSV)

        self.assertEqual(response["Content-Type"], "text/csv; charset=utf-8")
        self.assertIn("public", response["Cache-Control"])
        rows = list(csv.DictReader(response.content.decode().splitlines()))
        data = self.json()
        for row in data["states"]:
            number = row["signatures"]
            self.assertIn(
                {
                    "by": "state",
                    "key": row["usps"] or "",
                    "name": row["name"],
                    "signatures": "withheld" if number is None else str(number),
                },
                rows,
            )
        self.assertEqual(rows[0]["signatures"], "14")

    def test_reads_no_private_table_in_constant_queries(self):
        self.sign("TX", 12, self.before)
        for path in (CSV, JSON):
            with self.assertNumQueries(3) as queries:
                self.client.get(path)
            for query in queries.captured_queries:
                self.assertNotIn("voices_signature", query["sql"])

    def test_works_before_anybody_has_signed(self):
        self.assertEqual(self.json()["total"], 0)
        self.assertEqual(self.json()["days"], [])
        self.assertEqual(self.client.get(CSV).status_code, 200)

    def test_nobody_is_named(self):
        self.sign("TX", 12, self.before)

        self.assertNotIn("Ana", json.dumps(self.json()))


class DayTallyTests(TestCase):
    def days(self):
        return DayTally.objects.by_day()

    def test_days_are_in_the_sites_time_zone(self):
        make_signature(counted_at=datetime(2026, 3, 2, 3, tzinfo=UTC))
        make_signature(counted_at=datetime(2026, 3, 2, 12, tzinfo=UTC))
        make_published_voice(published_at=datetime(2026, 3, 2, 12, tzinfo=UTC))

        self.assertEqual(self.days(), {date(2026, 3, 1): 1, date(2026, 3, 2): 1})

    def test_a_founding_voice_has_no_day(self):
        make_founding_voice(1)

        self.assertEqual(self.days(), {})

    def test_a_signature_that_is_withdrawn_or_deleted_leaves_its_day(self):
        for _ in range(3):
            make_signature(counted_at=datetime(2026, 3, 2, 12, tzinfo=UTC))
        make_signature(counted_at=None)
        first, second, _, _ = Signature.objects.order_by("pk")

        Signature.objects.filter(pk=first.pk).update(withdrawn_at=timezone.now())
        second.delete()

        self.assertEqual(self.days(), {date(2026, 3, 2): 1})

    def test_folding_changes_no_figure(self):
        for _ in range(3):
            make_signature(counted_at=datetime(2026, 3, 2, 12, tzinfo=UTC))
        gone = make_signature(counted_at=datetime(2026, 3, 5, 12, tzinfo=UTC))
        gone.delete()
        before = self.days()

        DayTally.objects.fold()

        self.assertEqual(DayTally.objects.count(), 1)
        self.assertEqual({d: n for d, n in before.items() if n}, self.days())
