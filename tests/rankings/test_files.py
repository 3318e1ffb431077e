import csv
import json
from io import StringIO
from pathlib import Path

from django.test import SimpleTestCase, TestCase

from rankings.files import COLUMNS, safe
from rankings.models import Citation
from tests.factories import make_assessment, make_citation, publishing
from tests.rankings.test_load_rankings import rows as data_rows
from tests.rankings.test_rankings_views import LoadedTestCase

EXPECTED = Path(__file__).parent / "expected_scores_2.csv"


def read_csv(response):
    return list(csv.DictReader(StringIO(response.content.decode(), newline="")))


class CsvTests(LoadedTestCase):
    def setUp(self):
        self.response = self.client.get("/rankings/data.csv")
        self.rows = read_csv(self.response)

    def test_the_ranks_are_those_of_the_rubric(self):
        with EXPECTED.open(newline="", encoding="utf-8") as file:
            expected = {row["usps"]: row for row in csv.DictReader(file)}
        found = {
            row["usps"]: {name: row[name] for name in expected["TX"]}
            for row in self.rows
        }

        self.assertEqual(found, expected)

    def test_begins_with_the_columns_of_the_data_and_says_the_same(self):
        original = {row["usps"]: row for row in data_rows("states.csv")}
        lists = {"source_urls", "citations_to_verify"}

        self.assertEqual(COLUMNS[:18], list(original["TX"]))
        for row in self.rows:
            for name, value in original[row["usps"]].items():
                if name not in lists:
                    self.assertEqual(row[name], value, (row["usps"], name))
            self.assertEqual(
                set(row["source_urls"].split(" | ")),
                set(original[row["usps"]]["source_urls"].split(" | ")),
            )

    def test_names_of_columns_stay(self):
        self.assertEqual(list(self.rows[0]), COLUMNS)
        self.assertEqual(len(COLUMNS), len(set(COLUMNS)))

    def test_each_line_names_its_edition_license_and_check(self):
        self.assertEqual(len(self.rows), 51)
        for row in self.rows:
            self.assertEqual(row["edition"], "2026-11-27")
            self.assertTrue(row["license"].startswith("CC BY 4.0 https://"))
            self.assertEqual(row["lawyer_check"], "pending")

    def test_is_a_file_of_text(self):
        self.assertEqual(self.response["Content-Type"], "text/csv; charset=utf-8")
        self.assertIn(
            'filename="state-rankings-2026-11-27.csv"',
            self.response["Content-Disposition"],
        )


class JsonTests(LoadedTestCase):
    def setUp(self):
        self.states = {
            state["usps"]: state
            for state in json.loads(self.client.get("/rankings/data.json").content)
        }

    def test_has_one_object_a_jurisdiction_with_what_is_reckoned(self):
        mexico = self.states["NM"]

        self.assertEqual(len(self.states), 51)
        self.assertEqual(
            [mexico[name] for name in ("points", "group", "letter", "rank")],
            [100, 1, "A", 1],
        )
        self.assertEqual(mexico["parts"]["immunity"]["points"], 40)

    def test_has_ranges_and_limits(self):
        arkansas, mexico = self.states["AR"], self.states["NM"]

        self.assertEqual(arkansas["points_at_most"], 60)
        self.assertEqual(arkansas["letter_at_most"], "B")
        self.assertIsNone(arkansas["limits"])
        self.assertEqual(mexico["points_at_most"], 100)
        self.assertEqual(
            mexico["limits"], "Recovery is capped at $2 million per claimant."
        )

    def test_what_is_not_assessed_is_null(self):
        idaho = self.states["ID"]

        for name in ("points", "points_at_most", "letter", "letter_at_most", "rank"):
            self.assertIsNone(idaho[name], name)
        self.assertEqual(idaho["group"], 6)
        self.assertIsNone(idaho["parts"]["right_to_sue"]["points"])

    def test_has_every_citation_with_what_was_seen_of_it(self):
        citations = [c for state in self.states.values() for c in state["citations"]]
        minnesota = self.states["MN"]["citations"][0]

        stored = Citation.objects.filter(assessment__edition=self.edition)
        self.assertEqual(len(citations), stored.count())
        self.assertEqual(sum(citation["open"] for citation in citations), 15)
        self.assertTrue(minnesota["open"])
        self.assertEqual(minnesota["finding"], "exists")
        self.assertEqual(minnesota["confidence"], "medium")
        self.assertEqual(len(minnesota["seen_at"]), 2)

    def test_an_edition_has_files_of_its_own(self):
        response = self.client.get("/rankings/editions/2026-11-22/data.json")

        self.assertEqual(json.loads(response.content)[0]["edition"], "2026-11-22")


class CacheTests(LoadedTestCase):
    def test_who_has_the_file_already_gets_304(self):
        for path in ("/rankings/data.csv", "/rankings/data.json"):
            first = self.client.get(path)
            again = self.client.get(path, headers={"If-None-Match": first["ETag"]})
            self.assertEqual((again.status_code, again.content), (304, b""))

    def test_a_change_gives_another_etag(self):
        first = self.client.get("/rankings/data.json")
        Citation.objects.mark_checked(by="Pat Counsel")
        again = self.client.get(
            "/rankings/data.json", headers={"If-None-Match": first["ETag"]}
        )

        self.assertEqual(again.status_code, 200)
        self.assertNotIn('"checked_by_lawyer_on": null', again.content.decode())


class SafeCellTests(SimpleTestCase):
    def test_no_spreadsheet_takes_a_cell_for_a_formula(self):
        for value in ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"):
            self.assertEqual(safe(value), f"'{value}")

    def test_other_cells_are_left_alone(self):
        for value, cell in (("A-", "A-"), (None, ""), (0, "0"), ("", "")):
            self.assertEqual(safe(value), cell)


class HostileTextTests(TestCase):
    def test_what_staff_write_is_no_formula_in_the_file(self):
        with publishing() as edition:
            texas = make_assessment(edition, "TX", summary='=HYPERLINK("x")')
            make_citation(texas, "@SUM(1)")

        row = read_csv(self.client.get("/rankings/data.csv"))[0]

        self.assertEqual(row["summary"], '\'=HYPERLINK("x")')
        self.assertEqual(row["right_to_sue_citation"], "'@SUM(1)")
