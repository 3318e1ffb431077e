import csv
import shutil
from collections import Counter
from datetime import date
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

from django.core.management import CommandError, call_command
from django.test import TestCase
from django.utils import timezone

from rankings.lists import is_closed, join_citations, split_citations
from rankings.loading.files import EDITIONS
from rankings.models import Assessment, Citation, Edition
from tests.committed import CommittedTestCase, at_once
from tests.factories import make_edition, make_staff
from tests.rankings.files import write

DATA = Path(__file__).parents[2] / "rankings" / "data"
FIRST, SECOND = "edition-1", "edition-2"
PUBLISHED = (
    "Rankings already published: First edition (2026-11-22)\n"
    "Rankings already published: Second edition (2026-11-27)\n"
)


def load():
    said = StringIO()
    call_command("load_rankings", stdout=said)
    return said.getvalue()


def rows(name, folder=SECOND):
    with (DATA / folder / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


class LoadTests(TestCase):
    def test_both_editions_are_published_in_a_new_database(self):
        said = load()

        self.assertEqual(
            said,
            "First edition, states added: 51\nSecond edition, states added: 51\n",
        )
        second, first = Edition.objects.published()
        self.assertEqual(Edition.objects.current(), second)
        self.assertEqual(str(first), "First edition (2026-11-22)")
        self.assertEqual(str(second), "Second edition (2026-11-27)")
        self.assertIn("The first edition compares", first.notes)
        self.assertIn("The second edition corrects the first.", second.notes)
        for edition in (first, second):
            self.assertEqual(edition.problems()[1:], [])

    def test_where_the_first_is_published_the_second_is_a_draft(self):
        with mock.patch(
            "rankings.management.commands.load_rankings.EDITIONS", EDITIONS[:1]
        ):
            load()
        first = Edition.objects.get()

        said = load()

        self.assertEqual(
            said,
            "Rankings already published: First edition (2026-11-22)\n"
            "Second edition, states added: 51\n"
            "Rankings to be published by staff: Second edition (2026-11-27)\n",
        )
        self.assertEqual(Edition.objects.current(), first)
        second = Edition.objects.drafts().get()
        second.publish(make_staff())
        self.assertEqual(Edition.objects.current(), second)

    def test_each_state_keeps_the_day_its_sources_were_read(self):
        load()
        states = Edition.objects.current().assessments

        self.assertEqual(
            Counter(states.values_list("as_of", flat=True)),
            {date(2026, 11, 22): 34, date(2026, 11, 27): 17},
        )
        graded = states.exclude(ij_grade="")
        self.assertEqual(graded.count(), 15)
        self.assertEqual(
            {*graded.values_list("ij_read_on", flat=True)}, {date(2026, 11, 22)}
        )

    def test_the_stored_rows_keep_every_rule(self):
        load()

        for row in [*Assessment.objects.all(), *Citation.objects.all()]:
            row.full_clean()

    def test_loading_again_changes_nothing_that_is_published(self):
        load()
        before = list(Citation.objects.order_by("pk").values())
        make_edition("2026-11-23")

        said = load()

        self.assertEqual(said, PUBLISHED)
        self.assertEqual(list(Citation.objects.order_by("pk").values()), before)

    def test_beside_another_edition_they_are_drafts_for_staff_to_publish(self):
        other = make_edition("2026-01-01")

        said = load()

        self.assertIn("to be published by staff: First edition (2026-11-22)", said)
        self.assertIn("to be published by staff: Second edition (2026-11-27)", said)
        self.assertEqual(Edition.objects.current(), other)
        self.assertEqual(load().count("unchanged: 51"), 2)

    def test_what_nobody_has_touched_is_corrected_in_a_draft(self):
        make_edition("2026-01-01")
        load()
        Assessment.objects.filter(usps="TX").update(summary="Wrong.")
        Citation.objects.filter(assessment__usps="OH").delete()

        said = load()

        self.assertEqual(said.count("corrected: 2"), 2)
        self.assertFalse(Assessment.objects.filter(summary="Wrong.").exists())
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

        self.assertEqual(said.count("left to staff: 2"), 2)
        self.assertEqual(Assessment.objects.filter(summary="Better.").count(), 2)
        self.assertEqual({each.text for each in ohio.all()}, {"Better."})


class CitationTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        load()
        cls.editions = {
            FIRST: Edition.objects.earliest("date"),
            SECOND: Edition.objects.current(),
        }

    def citations(self, folder=SECOND, **fields):
        edition = self.editions[folder]
        return Citation.objects.filter(assessment__edition=edition, **fields)

    def texts(self, usps, part, folder=SECOND):
        found = self.citations(folder, assessment__usps=usps, part=part)
        return join_citations([citation.text for citation in found])

    def open_by_state(self, folder):
        still_open = self.citations(folder).still_open().select_related("assessment")
        return Counter(citation.assessment.usps for citation in still_open)

    def test_no_citation_is_lost(self):
        for folder in self.editions:
            for row in rows("states.csv", folder):
                for part in ("right_to_sue", "immunity"):
                    with self.subTest(row["usps"], part=part, folder=folder):
                        self.assertEqual(
                            self.texts(row["usps"], part, folder),
                            row[f"{part}_citation"],
                        )

    def test_no_check_is_lost(self):
        for folder in self.editions:
            seen = {
                (citation.assessment.usps, line)
                for citation in self.citations(folder).select_related("assessment")
                for line in citation.seen.splitlines()
            }

            for check in rows("citation_checks.csv", folder):
                self.assertIn((check["usps"], check["what_was_seen"]), seen)

    def test_those_still_open_in_the_first_are_the_nineteen_that_its_rubric_counts(
        self,
    ):
        self.assertEqual(
            self.open_by_state(FIRST),
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

    def test_those_still_open_in_the_second_are_the_ones_it_names(self):
        named = {
            row["usps"]: len(split_citations(row["citations_to_verify"]))
            for row in rows("states.csv")
            if row["citations_to_verify"]
        }

        self.assertEqual(self.open_by_state(SECOND), named)
        self.assertEqual(named["WV"], 1)
        self.assertNotIn("AZ", named)

    def test_a_ruling_that_refuses_a_claim_keeps_its_signal_and_its_check(self):
        katzberg = self.citations().get(text__startswith="cf. Katzberg")

        self.assertEqual(katzberg.finding, Citation.Finding.CONTRADICTED)
        self.assertIn("It refuses a claim.", katzberg.seen)

    def test_what_was_found_against_a_citation_is_not_said_of_the_one_that_stands(self):
        bauserman = self.citations(text__startswith="Bauserman")

        self.assertEqual(
            set(bauserman.values_list("part", "finding")),
            {("right_to_sue", "confirmed"), ("context", "contradicted")},
        )

    def test_two_citations_of_one_statute_each_have_their_own_check(self):
        colorado = self.citations(assessment__usps="CO")

        self.assertEqual(
            [(citation.part, citation.seen.partition(",")[0]) for citation in colorado],
            [
                ("right_to_sue", "Text of (1) to (4)"),
                ("immunity", "Text of (2)(a) and (b)"),
            ],
        )

    def test_what_no_column_cites_has_a_place_of_its_own(self):
        self.assertEqual(self.texts("MT", "payer"), "Mont. Code Ann. § 2-9-305")
        self.assertEqual(
            self.texts("NY", "local_exception"),
            "Local Law 48 of 2021; "
            "N.Y.C. Admin. Code title 8, ch. 8 (added March 25, 2021)",
        )
        self.assertEqual(
            self.texts("VA", "context", FIRST),
            "Va. Code § 19.2-59; Cromartie v. Billings, 298 Va. 284 (2020)",
        )
        self.assertIn("Stepp v. Cottrell", self.texts("WV", "context"))
        self.assertIn("Rainwaters v. Tenn.", self.texts("TN", "context"))
        self.assertNotIn("not cited in the row", self.texts("TN", "context"))

    def test_an_address_given_by_hand_is_about_one_of_the_citations(self):
        for folder in self.editions:
            for row in rows("addresses.csv", folder):
                self.assertTrue(
                    self.citations(
                        folder, assessment__usps=row["usps"], address=row["address"]
                    ).exists()
                )

    def test_no_citation_has_an_address_on_a_site_that_has_closed(self):
        addresses = Citation.objects.values_list("address", flat=True)

        self.assertEqual([each for each in addresses if is_closed(each)], [])
        oklahoma = self.citations(assessment__usps="OK", text__startswith="Barrios")
        self.assertIn("app.midpage.ai", oklahoma.get().address)
        self.assertIn("casetext.com", oklahoma.get().seen_at)
        texas = self.citations(assessment__usps="TX", text__startswith="City of Beau")
        self.assertEqual(texas.get().address, "")

    def test_the_institutes_page_is_the_one_on_the_state(self):
        for edition in self.editions.values():
            michigan = edition.assessments.get(usps="MI")

            self.assertTrue(michigan.ij_page.endswith("/michigan/"))
            self.assertIn("/nevada/", michigan.sources)
            self.assertEqual(
                {
                    *edition.assessments.filter(ij_page="").values_list(
                        "usps", flat=True
                    )
                },
                {"GA", "UT"},
            )

    def test_limits_repeat_what_the_summary_or_the_note_states(self):
        limited = Assessment.objects.exclude(limits="")

        self.assertEqual(
            {*limited.values_list("usps", flat=True)},
            {"AL", "FL", "KY", "MD", "MN", "NM", "OR"},
        )
        for state in limited:
            self.assertEqual(state.edition, self.editions[SECOND])
            self.assertIn(state.limits, f"{state.summary} {state.payer_note}")

    def test_each_state_that_reads_differently_has_a_reason(self):
        before = {row["usps"]: row for row in rows("states.csv", FIRST)}
        changed = {
            row["usps"]
            for row in rows("states.csv")
            if {**row, "as_of": ""} != {**before[row["usps"]], "as_of": ""}
        }

        self.assertEqual({row["usps"] for row in rows("changes.csv")}, changed)


class BadFilesTests(TestCase):
    """A folder with an error, next to a good one."""

    def setUp(self):
        folder = Path(self.enterContext(TemporaryDirectory()))
        shutil.copytree(DATA, folder, dirs_exist_ok=True)
        self.folder = folder / SECOND
        self.enterContext(mock.patch("rankings.loading.files.DATA", folder))

    def change(self, file, code, **cells):
        """Change the cells of a state's first row; return its number in the file."""
        found = rows(file)
        number = next(n for n, row in enumerate(found) if row["usps"] == code)
        found[number] |= cells
        columns = [*rows(file)[0], *(cells.keys() - rows(file)[0].keys())]
        for row in found:
            row.setdefault(columns[-1], "")
        (self.folder / file).write_bytes(write(found, columns))
        return number + 2

    def refusal(self):
        with self.assertRaises(CommandError) as caught:
            load()
        self.assertFalse(Edition.objects.exists())
        self.assertTrue(str(caught.exception).endswith("Nothing was stored."))
        return str(caught.exception)

    def test_an_unknown_column_is_named(self):
        for name, usps in (
            ("states.csv", "AL"),
            ("citation_checks.csv", "CA"),
            ("changes.csv", "MI"),
        ):
            self.change(name, usps, shoes="")

            said = self.refusal()

            self.assertIn(f"{SECOND}/{name}: Row 1: the column shoes is unknown.", said)

    def test_a_computed_column_that_contradicts_the_facts_is_named(self):
        number = self.change("states.csv", "MI", points="75")

        said = self.refusal()

        self.assertIn(
            f"{SECOND}/states.csv: Row {number}, column points: This is “75”, but the "
            "facts in this row give 85.",
            said,
        )

    def test_a_computed_column_that_agrees_is_accepted(self):
        self.change("states.csv", "AR", letter_at_most="B")

        self.assertIn("Second edition, states added: 51", load())

    def test_a_cell_that_cannot_be_is_named(self):
        for file, cells, sentence in (
            ("states.csv", {"immunity": "blocked"}, "column immunity: Value 'blocked'"),
            ("states.csv", {"covers": "narrow", "right_to_sue": "court"}, "column rig"),
            ("states.csv", {"as_of": "soon"}, "column as_of: “soon” is not a date."),
            ("states.csv", {"as_of": ""}, "column as_of: “” is not a date."),
            ("states.csv", {"as_of": "11/27/2026"}, "column as_of: “11/27/2026” is"),
            ("citation_checks.csv", {"checked_on": ""}, "column checked_on: “” is not"),
            ("states.csv", {"year": "long ago"}, "column year: “long ago” is not"),
            ("states.csv", {"name": "Taxes"}, "column name: MI is Michigan."),
            ("states.csv", {"usps": "XX"}, "column usps: “XX” is not a state code."),
            ("states.csv", {"usps": "AL", "name": "Alabama"}, "No row for Michigan."),
            ("citation_checks.csv", {"status": "sure"}, "column status: Use confirmed"),
        ):
            with self.subTest(file, **cells):
                number = self.change(file, "MI", **cells)
                said = self.refusal()
                self.assertIn(sentence, said)
                self.assertIn(f"{SECOND}/{file}: Row {number}, ", said)
                shutil.copy(DATA / SECOND / file, self.folder / file)


class AtOnceTests(CommittedTestCase):
    def test_two_that_load_at_once_load_each_edition_once(self):
        said = at_once(load, load)

        self.assertCountEqual(
            said,
            [
                "First edition, states added: 51\nSecond edition, states added: 51\n",
                PUBLISHED,
            ],
        )
        self.assertEqual(Assessment.objects.count(), 2 * 51)
