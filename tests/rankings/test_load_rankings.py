import csv
from collections import Counter
from io import StringIO
from pathlib import Path

from django.core.management import call_command
from django.test import TestCase
from django.utils import timezone

from rankings.lists import join_citations
from rankings.models import Assessment, Citation, Edition
from tests.committed import CommittedTestCase, at_once
from tests.factories import make_edition

DATA = Path(__file__).parents[2] / "rankings" / "data"


def load():
    said = StringIO()
    call_command("load_rankings", stdout=said)
    return said.getvalue()


def rows(name):
    with (DATA / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


class LoadTests(TestCase):
    def test_all_states_stand_in_one_published_edition(self):
        said = load()

        edition = Edition.objects.current()
        self.assertEqual(said, "Rankings of states added: 51\n")
        self.assertEqual(edition.date.isoformat(), "2026-11-22")
        self.assertEqual(edition.problems(), [])

    def test_the_stored_rows_keep_every_rule(self):
        load()

        for row in [*Assessment.objects.all(), *Citation.objects.all()]:
            row.full_clean()

    def test_loading_again_changes_nothing_that_is_published(self):
        load()
        before = list(Citation.objects.order_by("pk").values())
        make_edition("2026-11-23")

        said = load()

        self.assertEqual(
            said, "Rankings already published: First edition (2026-11-22)\n"
        )
        self.assertEqual(list(Citation.objects.order_by("pk").values()), before)

    def test_beside_another_edition_it_is_a_draft_for_staff_to_publish(self):
        other = make_edition("2026-01-01")

        said = load()

        self.assertIn("to be published by staff: First edition (2026-11-22)", said)
        self.assertEqual(Edition.objects.current(), other)
        self.assertIn("unchanged: 51", load())

    def test_what_nobody_has_touched_is_corrected_in_a_draft(self):
        make_edition("2026-01-01")
        load()
        Assessment.objects.filter(usps="TX").update(summary="Wrong.")
        Citation.objects.filter(assessment__usps="OH").delete()

        said = load()

        self.assertIn("corrected: 2", said)
        self.assertNotEqual(Assessment.objects.get(usps="TX").summary, "Wrong.")
        self.assertTrue(Citation.objects.filter(assessment__usps="OH").exists())

    def test_what_staff_have_edited_or_checked_is_left_alone(self):
        make_edition("2026-01-01")
        load()
        Assessment.objects.filter(usps="TX").update(
            summary="Better.", edited_at=timezone.now()
        )
        ohio = Citation.objects.filter(assessment__usps="OH")
        ohio.mark_checked(by="Jane Doe")
        ohio.update(text="Better.")

        said = load()

        self.assertIn("left to staff: 2", said)
        self.assertEqual(Assessment.objects.get(usps="TX").summary, "Better.")
        self.assertEqual(ohio.get().text, "Better.")


class CitationTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        load()

    def texts(self, usps, part):
        found = Citation.objects.filter(assessment__usps=usps, part=part)
        return join_citations([citation.text for citation in found])

    def test_no_citation_is_lost(self):
        for row in rows("states.csv"):
            for part in ("right_to_sue", "immunity"):
                with self.subTest(row["usps"], part=part):
                    self.assertEqual(
                        self.texts(row["usps"], part), row[f"{part}_citation"]
                    )

    def test_no_check_is_lost(self):
        seen = {
            (citation.assessment.usps, line)
            for citation in Citation.objects.select_related("assessment")
            for line in citation.seen.splitlines()
        }

        for check in rows("citation_checks.csv"):
            self.assertIn((check["usps"], check["what_was_seen"]), seen)

    def test_those_still_open_are_the_nineteen_that_the_rubric_counts(self):
        still_open = Citation.objects.still_open().select_related("assessment")

        self.assertEqual(
            Counter(citation.assessment.usps for citation in still_open),
            {
                "AZ": 2,
                "GA": 2,
                "MN": 1,
                "ND": 3,
                "NY": 1,
                "OK": 1,
                "TN": 1,
                "VA": 5,
                "WI": 1,
                "WY": 2,
            },
        )

    def test_a_ruling_that_refuses_a_claim_keeps_its_signal_and_its_check(self):
        katzberg = Citation.objects.get(text__startswith="cf. Katzberg")

        self.assertEqual(katzberg.finding, Citation.Finding.CONTRADICTED)
        self.assertIn("It refuses a claim.", katzberg.seen)

    def test_what_was_found_against_a_citation_is_not_said_of_the_one_that_stands(self):
        bauserman = Citation.objects.filter(text__startswith="Bauserman")

        self.assertEqual(
            set(bauserman.values_list("part", "finding")),
            {("right_to_sue", "confirmed"), ("context", "contradicted")},
        )

    def test_what_no_column_cites_has_a_place_of_its_own(self):
        self.assertEqual(self.texts("MT", "payer"), "Mont. Code Ann. § 2-9-305")
        self.assertEqual(self.texts("NY", "local_exception"), "Local Law 48 of 2021")
        self.assertEqual(
            self.texts("VA", "context"),
            "Va. Code § 19.2-59; Cromartie v. Billings, 298 Va. 284 (2020)",
        )
        self.assertIn("Rainwaters v. Tenn.", self.texts("TN", "context"))
        self.assertNotIn("not cited in the row", self.texts("TN", "context"))

    def test_an_address_given_by_hand_is_one_of_the_rows(self):
        sources = {row["usps"]: row["source_urls"] for row in rows("states.csv")}

        for row in rows("addresses.csv"):
            self.assertIn(row["address"], sources[row["usps"]])
            self.assertTrue(
                Citation.objects.filter(
                    assessment__usps=row["usps"], address=row["address"]
                ).exists()
            )

    def test_the_institutes_page_is_the_one_on_the_state(self):
        michigan = Assessment.objects.get(usps="MI")

        self.assertTrue(michigan.ij_page.endswith("/michigan/"))
        self.assertIn("/nevada/", michigan.sources)
        self.assertEqual(
            set(Assessment.objects.filter(ij_page="").values_list("usps", flat=True)),
            {"GA", "UT"},
        )


class AtOnceTests(CommittedTestCase):
    def test_two_that_load_at_once_load_one_edition(self):
        said = at_once(load, load)

        self.assertCountEqual(
            said,
            [
                "Rankings of states added: 51\n",
                "Rankings already published: First edition (2026-11-22)\n",
            ],
        )
        self.assertEqual(Assessment.objects.count(), 51)
