import re
from dataclasses import replace
from datetime import date
from unittest import mock
from xml.etree import ElementTree

from django.conf import settings
from django.test import TestCase
from django.utils.html import escape

from rankings import scoring
from rankings.scoring import SECOND
from tests.factories import (
    make_assessment,
    make_citation,
    make_edition,
    make_published_assessment,
    make_rankings,
    publishing,
)
from tests.rankings.test_load_rankings import rows
from tests.rankings.test_rankings_views import LoadedTestCase

URL = "/rankings/changes/"
FEED = "/rankings/changes/feed/"
ATOM = "{http://www.w3.org/2005/Atom}"


def text_of(html):
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


class ChangesTests(LoadedTestCase):
    def setUp(self):
        self.page = self.client.get(URL).content.decode()

    def entry(self, usps):
        found = self.page[self.page.index(f'id="2026-11-27-{usps}"') :]
        return text_of(found[: found.index("</article>")])

    def test_each_state_that_changed_has_its_reason(self):
        reasons = {row["usps"]: row["reason"] for row in rows("changes.csv")}
        entries = re.findall(r'<article [^>]*id="2026-11-27-(\w\w)"', self.page)

        self.assertCountEqual(entries, reasons)
        for usps, reason in reasons.items():
            self.assertIn(reason, self.entry(usps))

    def test_tells_the_score_and_the_facts_before_and_after(self):
        carolina = self.entry("NC")

        self.assertIn("B, 65 points → B, 85 points", carolina)
        self.assertIn("Immunity: Limited → Barred", carolina)
        self.assertIn("F, 5 points → Not assessed", self.entry("VA"))
        self.assertIn("F, 5 points, as before", self.entry("AZ"))

    def test_each_change_has_a_citation(self):
        self.assertIn("Craig v. New Hanover Cty. Bd. of Educ., 363", self.entry("NC"))
        self.assertIn(
            "Nov. 14, 2024) (mem.), looked up on November 27", self.entry("AZ")
        )
        self.assertIn("Bauserman v. Unemployment", self.entry("MI"))
        for row in rows("changes.csv"):
            # The District's review is unfinished, so it cites nothing.
            if row["usps"] != "DC":
                self.assertIn("Based on:", self.entry(row["usps"]), row["usps"])

    def test_states_that_only_read_as_a_range_are_in_a_list(self):
        found = self.page[self.page.index("Same facts, new rules") :]
        found = text_of(found[: found.index("</ul>")])

        self.assertIn(
            "D, 30 points → D (provisional), 30 to 50 points (reach and who pays)",
            found,
        )
        self.assertNotIn("Michigan", found)

    def test_tells_what_was_read_again_and_whose_rank_moved(self):
        text = text_of(self.page)

        self.assertIn(
            "found nothing to change: Iowa , Massachusetts , Nevada , New Jersey",
            text,
        )
        self.assertIn("Texas (28 to 27)", text)

    def test_tells_what_is_different_about_the_rules(self):
        for sentence in self.edition.rubric.news:
            self.assertIn(escape(sentence), self.page)

    def test_is_linked_from_the_footer_the_methodology_and_the_sitemap(self):
        for path in ("/", "/rankings/methodology/", "/rankings/"):
            self.assertContains(self.client.get(path), f'href="{URL}"')
        self.assertContains(
            self.client.get("/sitemap/rankings.xml"), f"{settings.SITE_URL}{URL}"
        )

    def test_the_feed_has_an_entry_for_each_state_that_changed(self):
        response = self.client.get(FEED)
        feed = ElementTree.fromstring(response.content)
        entries = {
            entry.find(f"{ATOM}link").get("href"): entry
            for entry in feed.findall(f"{ATOM}entry")
        }

        self.assertEqual(
            response["Content-Type"], "application/atom+xml; charset=utf-8"
        )
        self.assertNotIn("Last-Modified", response)
        self.assertEqual(len(entries), len(rows("changes.csv")))
        michigan = entries[f"{settings.SITE_URL}{URL}#2026-11-27-MI"]
        self.assertEqual(
            michigan.findtext(f"{ATOM}title"),
            "Michigan: B, 75 points → B, 85 points",
        )
        summary = michigan.findtext(f"{ATOM}summary")
        self.assertIn("Michigan and North Carolina have the same rule", summary)
        self.assertIn("Bauserman", summary)


class EditionsTests(TestCase):
    def test_with_one_edition_nothing_has_changed(self):
        make_rankings()

        self.assertContains(self.client.get(URL), "nothing has changed yet")
        self.assertNotContains(self.client.get(FEED), "<entry>")

    def test_before_there_is_an_edition_it_says_so(self):
        self.assertContains(self.client.get(URL), "not published yet")
        self.assertNotContains(self.client.get(FEED), "<entry>")

    def test_sources_that_were_only_read_again_are_no_change(self):
        make_published_assessment("TX", "2026-01-01", ij_read_on="2026-01-01")
        make_published_assessment(
            *("TX", "2026-02-01"), ij_read_on="2026-02-01", sources="https://x.example/"
        )

        self.assertContains(self.client.get(URL), "found nothing to change")
        self.assertNotContains(self.client.get(FEED), "<entry>")

    def test_only_the_rubric_that_introduced_limits_hides_that_they_changed(self):
        third = replace(SECOND, number=3, since=date(2027, 1, 1), news=())

        with mock.patch.object(scoring, "RUBRICS", (third, *scoring.RUBRICS)):
            for day, limits in (
                ("2026-11-22", ""),
                ("2026-11-27", "One cap."),
                ("2027-01-01", "Another cap."),
            ):
                make_published_assessment("TX", day, limits=limits)
            page = self.client.get(URL)

        self.assertContains(page, "Other changes: limits", 1)
        self.assertContains(page, 'id="2027-01-01-TX"')

    def test_a_draft_is_not_shown(self):
        make_published_assessment("TX", "2026-01-01")
        draft = make_edition("2026-02-01", published_at=None)
        make_assessment(draft, "TX", summary="Secret.", reason="Secret reason.")

        for path in (URL, FEED):
            self.assertNotContains(self.client.get(path), "Secret")

    def test_what_staff_write_is_text(self):
        make_published_assessment("TX", "2026-01-01")
        with publishing("2026-02-01") as edition:
            texas = make_assessment(edition, "TX", reason="<b>x</b> & y")
            make_citation(texas, "<i>A v. B</i>")

        page = self.client.get(URL).content.decode()

        self.assertIn("&lt;b&gt;x&lt;/b&gt; &amp; y", page)
        self.assertNotIn("<i>A v. B", page)
        self.assertNotIn("<b>x", self.client.get(FEED).content.decode())

    def test_a_copy_of_an_edition_has_no_reasons(self):
        edition = make_published_assessment("TX", reason="It changed.").edition

        draft = edition.copy(edition.date.replace(day=28), "A copy")

        self.assertEqual(draft.assessments.get().reason, "")
