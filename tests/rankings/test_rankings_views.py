import csv
import json
import re
from io import StringIO
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.test import TestCase
from django.urls import reverse

from rankings.models import Assessment, Citation, Edition
from rankings.scoring import GROUPS, LETTERS, PARTS
from rankings.standings import Standings
from rankings.states import JURISDICTIONS
from tests.factories import (
    make_assessments,
    make_edition,
    make_published_assessment,
    make_rankings,
)

URL = reverse("rankings:list")


class LoadedTestCase(TestCase):
    """With both editions loaded, as after `make run`."""

    @classmethod
    def setUpTestData(cls):
        call_command("load_rankings", stdout=StringIO())
        cls.edition = Edition.objects.current()
        cls.first = Edition.objects.earliest("date")


class MapAndTableTests(LoadedTestCase):
    def setUp(self):
        self.page = self.client.get(URL).content.decode()
        self.standings = Standings(self.edition)

    def test_the_map_has_each_state_once_with_its_name_letter_and_group(self):
        links = dict(
            re.findall(
                r'<a class="grade-\w+" href="([^"]+)" aria-label="([^"]+)"', self.page
            )
        )

        self.assertEqual(len(links), 51)
        for row in self.standings.rows:
            said = links[row.url].removeprefix(f"{row.usps}, ")
            if row.letter:
                words = f"{row.words}, group {row.score.group}: "
                words += GROUPS[row.score.group]
            else:
                words = "not yet assessed"
            self.assertEqual(said, f"{row.name}, {words}")

    def test_map_tiles_and_table_have_the_colors_and_letters_of_the_data(self):
        colors = re.findall(
            r'<a class="(?:grade )?(grade-\w+)" href="([^"]+)"', self.page
        )
        table = self.page[self.page.index("<table") :]

        self.assertEqual(len(colors), 2 * 51)
        for row in self.standings.rows:
            self.assertEqual(colors.count((row.color, row.url)), 2, row.name)
            cells = table[table.index(f'id="{row.usps}"') :]
            cells = cells[: cells.index("</tr>")]
            if row.letter:
                self.assertIn(f'grade {row.color}">{row.mark}</span>', cells)
                points = f'<td class="number">{row.score.range_words}</td>'
                self.assertIn(points, cells)
                self.assertEqual("provisional" in cells, row.provisional)
                self.assertIn(f'<td class="number">{row.rank}</td>', cells)
            else:
                self.assertIn("Not yet assessed", cells)
                self.assertIn("Not ranked", cells)
                self.assertNotRegex(cells, r"g-[abcdf]\b")

    def test_letters_on_the_map_stand_once_each(self):
        letters = self.page[self.page.index('<g aria-hidden="true">') :]
        letters = letters[: letters.index("</g>")]
        shown = re.findall(r"<text [^>]+>(.\*?)</text>", letters)

        self.assertEqual(sorted(shown), sorted(row.mark for row in self.standings.rows))

    def test_the_key_counts_the_states_of_each_letter(self):
        for words in (
            "Full path to court (2)",
            "Strong path (7)",
            "Partial path (5)",
            "Narrow path (5)",
            "No suit recognized today (28)",
            "Not yet assessed (4)",
        ):
            self.assertIn(words, self.page)

    def test_the_table_is_in_order_of_rank_and_the_group_is_a_label(self):
        rows = re.findall(r'<tr id="(\w\w)">', self.page)
        ranks = re.findall(r'<tr id="\w\w">\s*<td class="number">(\d+)</td>', self.page)

        self.assertEqual(
            rows[:9], ["NM", "CO", "MI", "NC", "CT", "MT", "MD", "CA", "NV"]
        )
        self.assertEqual(ranks[:9], ["1", "2", "3", "3", "5", "5", "7", "8", "8"])
        self.assertEqual(rows[-4:], ["DC", "ID", "SD", "VA"])
        self.assertEqual(len(rows), 51)
        self.assertEqual(len(re.findall(r'cell-note">Group [1-5]<', self.page)), 47)

    def test_in_order_of_group_no_rank_contradicts_it(self):
        page = self.client.get(URL, {"sort": "group"}).content.decode()
        rows = re.findall(r'<tr id="(\w\w)">', page)

        self.assertEqual(rows[:7], ["NM", "CO", "MI", "NC", "MT", "CA", "NV"])
        self.assertEqual(rows[7:10], ["CT", "MD", "MA"])
        self.assertEqual(rows[-4:], ["DC", "ID", "SD", "VA"])
        self.assertNotIn(">Rank</a>", page)
        self.assertNotIn("Not ranked", page)
        self.assertNotIn(">Group 1<", page)

    def test_a_provisional_grade_is_marked_on_map_tiles_and_table(self):
        self.assertEqual(
            [row.usps for row in self.standings.provisional], ["AR", "NJ", "UT"]
        )
        self.assertIn("Arkansas, grade C, provisional, B at most, group 3", self.page)
        self.assertIn("Utah, provisional grade</span> <b>D*</b>", self.page)
        utah = self.page[self.page.index('<tr id="UT">') :]
        self.assertIn("Grade provisional, C at most", utah[: utah.index("</tr>")])
        self.assertIn('<td class="number">30 to 50</td>', utah)

    def test_the_institutes_grade_stands_in_a_column_of_its_own(self):
        arkansas = self.page[self.page.index('<tr id="AR">') :]
        arkansas = arkansas[: arkansas.index("</tr>")]

        self.assertIn("Institute for Justice’s own grade", self.page)
        self.assertIn('<td class="wide-only">D, <span', arkansas)
        self.assertIn("state-profile/arkansas/", arkansas)
        self.assertIn("read Nov. 22, 2026", arkansas)


class HonestyTests(LoadedTestCase):
    def pages(self):
        return [
            URL,
            reverse("rankings:state", args=["texas"]),
            reverse("rankings:state", args=["idaho"]),
            reverse("rankings:compare") + "?s=NM&s=TX",
            reverse("rankings:methodology"),
            self.edition.get_absolute_url(),
        ]

    def test_each_page_says_how_old_it_is_and_how_to_report_an_error(self):
        for path in self.pages():
            with self.subTest(path):
                page = self.client.get(path)
                self.assertContains(page, "Sources read on <time")
                self.assertNotContains(page, "As of <time")
                self.assertRegex(page.content.decode(), "November 2[27], 2026")
                self.assertContains(page, "This is not legal advice.")
                self.assertContains(page, 'href="/rankings/report/')

    def test_each_page_says_that_a_lawyers_check_is_to_come(self):
        for path in self.pages():
            page = self.client.get(path)
            self.assertContains(page, "A lawyer has yet to check all 96 citations")
            self.assertContains(page, "15 of them have not been checked against")

    def test_no_page_says_so_once_it_is_done(self):
        Citation.objects.mark_checked(by="Pat Counsel")

        for path in self.pages():
            page = self.client.get(path)
            self.assertContains(page, "A lawyer has checked every citation.")
            self.assertNotContains(page, "has yet to check")

    def test_pages_with_the_institutes_grade_say_how_we_are_related_to_it(self):
        for path in self.pages():
            with self.subTest(path):
                page = self.client.get(path)
                self.assertContains(page, "campaign that the Institute started")

    def test_a_part_that_is_done_is_told(self):
        texas = self.edition.assessments.get(usps="TX")
        Citation.objects.filter(assessment=texas).mark_checked(by="Pat Counsel")

        page = self.client.get(URL)

        self.assertContains(page, "A lawyer has yet to check 95 of 96 citations")


class SortTests(LoadedTestCase):
    def order(self, sort):
        page = self.client.get(URL, {"sort": sort}).content.decode()
        return re.findall(r'<tr id="(\w\w)">', page)

    def test_each_column_sorts_and_the_unassessed_come_last(self):
        for sort, first in (
            ("rank", ["NM", "CO", "MI"]),
            ("-score", ["AL", "DE", "FL"]),
            ("score", ["NM", "CO", "MI"]),
            ("grade", ["CO", "NM", "CA"]),
            ("-grade", ["AL", "AK", "AZ"]),
        ):
            with self.subTest(sort):
                rows = self.order(sort)
                self.assertEqual(rows[:3], first)
                self.assertEqual(rows[-4:], ["DC", "ID", "SD", "VA"])
                self.assertEqual(len(rows), 51)

    def test_names_sort_both_ways(self):
        names = [row.usps for row in Standings(self.edition).rows]

        self.assertEqual(self.order("state"), names)
        self.assertEqual(self.order("-state"), names[::-1])

    def test_the_institutes_grades_sort_with_their_signs(self):
        rows = self.order("ij")

        self.assertEqual(rows[:5], ["MI", "NV", "NM", "CA", "MT"])

    def test_the_column_says_how_it_is_sorted_and_turns_around(self):
        page = self.client.get(URL, {"sort": "score"})
        turned = self.client.get(URL, {"sort": "-score"})

        self.assertContains(page, 'aria-sort="descending"><a href="?sort=-score#table"')
        self.assertContains(turned, 'aria-sort="ascending"><a href="?sort=score#table"')
        self.assertNotContains(self.client.get(URL, {"sort": "group"}), "aria-sort")

    def test_without_an_order_the_rank_column_says_that_it_sorts(self):
        page = self.client.get(URL)

        self.assertContains(page, 'aria-sort="ascending"><a href="?sort=-rank#table"')

    def test_an_order_that_there_is_not_is_answered_with_a_page(self):
        for sort in ("x", "-", "-group", "--rank", "rank\0", "r" * 5000):
            response = self.client.get(URL, {"sort": sort})

            self.assertContains(response, "Unknown sort order", status_code=404)


class EditionTests(TestCase):
    def test_a_draft_is_nowhere_public(self):
        make_rankings("2025-11-22")
        draft = make_edition("2026-11-20", title="Secret draft", published_at=None)
        make_assessments(draft, TX={"summary": "Secret words."})
        paths = [
            URL,
            reverse("home"),
            reverse("rankings:state", args=["texas"]),
            reverse("rankings:compare") + "?s=NM&s=TX",
            reverse("rankings:methodology"),
            reverse("rankings:data-csv"),
            reverse("rankings:data-json"),
        ]
        for path in paths:
            response = self.client.get(path)

            self.assertNotContains(response, "Secret", msg_prefix=path)
            self.assertNotContains(response, "2026-11-20", msg_prefix=path)
            self.assertNotContains(response, "November 20, 2026", msg_prefix=path)
        for path in (
            draft.get_absolute_url(),
            reverse("rankings:edition-csv", args=[draft.date]),
            reverse("rankings:edition-json", args=[draft.date]),
            reverse("rankings:edition-state", args=[draft.date, "texas"]),
        ):
            self.assertEqual(self.client.get(path).status_code, 404, path)

    def test_a_past_edition_stays_readable_and_says_what_it_is(self):
        texas = {"right_to_sue": "unclear", "summary": "As it was."}
        past = make_rankings("2025-11-22", "Old", TX=texas)
        make_rankings("2026-11-22", title="New")

        page = self.client.get(past.get_absolute_url())
        state = self.client.get(
            reverse("rankings:edition-state", args=[past.date, "texas"])
        )

        self.assertContains(page, "This is a past edition.")
        self.assertContains(page, 'href="/rankings/editions/2025-11-22/texas/"')
        self.assertContains(page, "November 22, 2025")
        self.assertContains(state, "This is a past edition.")
        self.assertContains(state, "As it was.")
        self.assertContains(state, 'href="/rankings/texas/"')

    def test_the_current_edition_is_not_called_past_at_its_own_address(self):
        edition = make_rankings()

        page = self.client.get(edition.get_absolute_url())

        self.assertNotContains(page, "past edition")
        self.assertContains(page, f'rel="canonical" href="{settings.SITE_URL}{URL}"')

    def test_a_date_that_there_is_not_is_answered_with_404(self):
        for path in (
            "/rankings/editions/2026-02-30/",
            "/rankings/editions/0000-00-00/",
            "/rankings/editions/2020-01-01/",
            "/rankings/editions/today/",
            "/rankings/editions/%00/",
        ):
            self.assertEqual(self.client.get(path).status_code, 404, path)

    def test_before_there_is_an_edition_the_pages_say_so(self):
        for path in (
            URL,
            reverse("rankings:state", args=["texas"]),
            reverse("rankings:compare") + "?s=NM&s=TX",
        ):
            self.assertContains(self.client.get(path), "not published yet")
        self.assertEqual(self.client.get("/rankings/methodology/").status_code, 200)
        self.assertEqual(self.client.get("/rankings/data.csv").status_code, 404)
        self.assertEqual(self.client.get("/rankings/data.json").status_code, 404)


class QueryTests(TestCase):
    def setUp(self):
        for date in ("2024-01-01", "2025-01-01", "2026-01-01"):
            make_rankings(date)

    def test_no_page_asks_more_the_more_there_is(self):
        for path, count in (
            (URL, 3),
            (f"{URL}?sort=ij", 3),
            ("/rankings/editions/2024-01-01/", 4),
            ("/rankings/compare/?s=NM&s=TX&s=CA&s=OH", 5),
            ("/rankings/methodology/", 4),
            ("/rankings/editions/2024-01-01/methodology/", 5),
            ("/rankings/changes/", 6),
            ("/rankings/changes/feed/", 3),
            ("/rankings/data.csv", 3),
            ("/rankings/data.json", 3),
            ("/rankings/editions/2024-01-01/data.json", 3),
            ("/rankings/report/?state=NM", 0),
            ("/rankings/atlantis/", 0),
        ):
            with self.subTest(path), self.assertNumQueries(count):
                self.client.get(path)

    def test_public_pages_may_be_kept_by_everybody(self):
        for path in (URL, "/rankings/texas/", "/rankings/data.csv"):
            response = self.client.get(path)

            self.assertIn("public", response["Cache-Control"])
            self.assertFalse(response.cookies)
            self.assertEqual(response["Vary"], "Accept-Encoding", path)


class MethodologyTests(LoadedTestCase):
    def test_prints_the_table_that_is_reckoned_with(self):
        page = self.client.get(reverse("rankings:methodology"))

        for part in PARTS:
            for rule in part.rules:
                points = str(rule.points) if rule.value else f"0 to {part.most}"
                self.assertContains(
                    page, f'<td>{rule.meaning}</td><td class="number">{points}</td>'
                )
        for letter in LETTERS:
            self.assertContains(page, f"{letter.least} to {letter.most} points")

    def test_lists_the_editions_and_the_notes_of_the_current_one(self):
        page = self.client.get(reverse("rankings:methodology"))

        self.assertContains(page, "First edition, dated November 22, 2026")
        self.assertContains(page, "Second edition, dated November 27, 2026")
        self.assertContains(page, "Some points rest on one reading")
        self.assertContains(page, "The second edition corrects the first.")
        self.assertNotContains(page, "The first edition compares")

    def test_says_what_is_unknown_provisional_not_scored_and_open(self):
        page = self.client.get(reverse("rankings:methodology"))

        self.assertContains(page, "Unknown is shown as a range.")
        self.assertNotContains(page, "A blank is never graded as zero")
        self.assertNotContains(page, "Groups come first")
        self.assertContains(page, 'utah/">Utah</a> (D, at most C)')
        self.assertContains(page, "What is not scored")
        self.assertContains(page, "Recovery is capped at $2 million per claimant.")
        self.assertContains(page, "<li>West Virginia: Stepp v. Cottrell")


class FirstEditionTests(LoadedTestCase):
    """The first edition, under the rules that it was scored with."""

    def setUp(self):
        self.path = self.first.get_absolute_url()
        self.page = self.client.get(self.path).content.decode()

    def test_prints_its_scores_and_ranks_as_before(self):
        with (Path(__file__).parent / "expected_scores_1.csv").open() as file:
            expected = {row["usps"]: row for row in csv.DictReader(file)}

        for usps, row in expected.items():
            cells = self.page[self.page.index(f'<tr id="{usps}">') :]
            cells = cells[: cells.index("</tr>")]
            if row["letter"]:
                self.assertIn(f'<td class="number">{row["rank"]}</td>', cells)
                self.assertIn(f'">{row["letter"]}</span></td>', cells)
                self.assertIn(f'<td class="number">{row["points"]}</td>', cells)
            else:
                self.assertIn("Not yet assessed", cells)
        self.assertNotIn("provisional", self.page)

    def test_keeps_its_order_by_group(self):
        rows = re.findall(r'<tr id="(\w\w)">', self.page)

        self.assertEqual(rows[:6], ["NM", "CO", "MI", "MT", "CA", "NV"])
        self.assertEqual(rows[6:10], ["CT", "MD", "NC", "MA"])
        self.assertIn("Sorted by group first and points second", self.page)
        self.assertIn("Sources read on <time", self.page)
        self.assertIn("No suit recognized today (29)", self.page)

    def test_keeps_its_methodology(self):
        path = reverse("rankings:edition-methodology", args=[self.first.date])
        page = self.client.get(path)

        self.assertIn(f'href="{path}">How we grade</a>', self.page)
        self.assertContains(page, "An unknown reach or payer adds no points")
        self.assertNotContains(page, "A blank is never graded as zero")
        self.assertContains(page, 'shown as “unknown”</td><td class="number">0</td>', 2)
        self.assertContains(page, "Groups come first")
        self.assertContains(page, "limited, because the officer cannot be sued")
        self.assertNotContains(page, "shown as a range")
        self.assertNotContains(page, "The second edition corrects")

    def test_keeps_its_states_and_files(self):
        california = self.client.get(f"{self.path}california/")
        states = json.loads(self.client.get(f"{self.path}data.json").content)

        self.assertContains(
            california, "Rank 7 (shared) of 48 assessed · 65 of 100 points"
        )
        self.assertContains(california, 'aria-label="0 of 10 points"')
        self.assertContains(california, "It adds no points until we do.")
        for state in states:
            for name in ("points_at_most", "letter_at_most", "limits"):
                self.assertIsNone(state[name])

    def test_a_draft_has_no_methodology(self):
        draft = make_edition("2026-11-28", published_at=None)
        path = reverse("rankings:edition-methodology", args=[draft.date])

        self.assertEqual(self.client.get(path).status_code, 404)


class UnknownStateTests(TestCase):
    def test_an_unknown_state_is_answered_with_the_list_of_states(self):
        make_published_assessment("TX")
        for path in ("/rankings/atlantis/", "/rankings/zz/", "/rankings/tex/"):
            response = self.client.get(path)

            self.assertEqual(response.status_code, 404)
            for name in JURISDICTIONS.values():
                self.assertContains(response, f">{name}</a>", status_code=404)

    def test_a_state_that_the_edition_lacks_is_not_found(self):
        make_published_assessment("TX")

        self.assertEqual(self.client.get("/rankings/ohio/").status_code, 404)
        self.assertEqual(Assessment.objects.count(), 1)
