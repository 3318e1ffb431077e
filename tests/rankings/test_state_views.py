import re

from django.test import TestCase
from django.urls import reverse

from rankings.models import Citation
from rankings.states import SLUGS
from tests.factories import (
    make_assessment,
    make_assessments,
    make_citation,
    make_edition,
    make_rankings,
    publishing,
)
from tests.rankings.test_rankings_views import LoadedTestCase


def url(usps):
    return reverse("rankings:state", args=[SLUGS[usps]])


class StateTests(LoadedTestCase):
    def show(self, usps):
        return self.client.get(url(usps))

    def test_each_state_has_a_page_with_its_letter_or_none(self):
        for usps in SLUGS:
            page = self.show(usps)

            self.assertEqual(page.status_code, 200)
            self.assertContains(page, "<h1", 1)

    def test_tells_letter_points_rank_and_group(self):
        page = self.show("CA")

        self.assertContains(page, '<span class="visually-hidden">Grade </span>B')
        self.assertContains(page, "Rank 8 (shared) of 47 assessed")
        self.assertContains(page, "65 to 75 of 100 points")
        self.assertContains(page, "Group 1: You can sue; immunity barred")
        self.assertNotContains(page, "This grade is provisional")

    def test_a_provisional_grade_says_what_it_could_be(self):
        page = self.show("UT")

        self.assertContains(page, "<b>This grade is provisional.</b>")
        self.assertContains(page, "It could turn out to be a C once we know")
        self.assertContains(
            page, "<title>Qualified immunity in Utah: grade D, provisional, C at most"
        )
        self.assertContains(page, "30 to 50 of 100 points")

    def test_says_when_its_sources_were_read(self):
        self.assertContains(
            self.show("TX"), 'Sources read on <time datetime="2026-11-22">'
        )
        self.assertContains(
            self.show("WV"), 'Sources read on <time datetime="2026-11-27">'
        )

    def test_a_limit_that_is_not_scored_is_said(self):
        self.assertContains(
            self.show("NM"),
            "<b>Not scored:</b> Recovery is capped at $2 million per claimant.",
        )
        self.assertNotContains(self.show("TX"), "Not scored")

    def test_tells_each_parts_value_and_points_and_what_is_unknown(self):
        page = self.show("CA").content.decode()

        self.assertEqual(
            re.findall(r'aria-label="([\dto ]+ of \d+) points"', page),
            ["20 of 40", "40 of 40", "5 of 10", "0 to 10 of 10"],
        )
        self.assertEqual(
            re.findall(r'<p class="verdict">([^<]+)</p>', page),
            [
                "Yes, under a statute",
                "Barred",
                "Certain rights or an extra element",
                "Unknown",
            ],
        )
        self.assertIn("The statute needs an extra element", page)
        self.assertIn("Not established", page)

    def test_citations_stand_with_their_part_and_what_was_seen(self):
        page = self.show("CO")

        self.assertContains(page, "Colo. Rev. Stat. § 13-21-131(2)")
        self.assertContains(page, "(leg.colorado.gov)")
        self.assertContains(page, "Seen: Text of (2)(a) and (b), current through 2024")
        self.assertContains(self.show("SC"), "We have no record of a check.")
        page = self.show("TX")
        self.assertContains(page, "City of Beaumont v. Bouillion")
        self.assertContains(page, "Confirmed by what we read.")
        self.assertContains(page, "What we saw, November 22, 2026")

    def test_a_link_to_an_unofficial_site_says_what_it_leads_to(self):
        for usps, words in {
            "IN": "Page read 1</a> (a copy of a law review comment on vdocuments.us)",
            "AL": "(a summary on studicata.com)",
            "AR": "(a civil rights center’s page on state-sc.mjc.prod.3whst.com)",
            "NM": "</a> (a copy on docslib.org)",
            "CO": '</a> <span class="soft">(leg.colorado.gov)</span>',
        }.items():
            self.assertContains(self.show(usps), words)

    def test_no_page_links_to_a_site_that_has_closed(self):
        for usps in SLUGS:
            self.assertNotRegex(self.show(usps).content.decode(), "<a [^>]*casetext")
        page = self.show("TX")
        self.assertContains(page, "Page read (casetext.com, which has closed)")
        self.assertNotContains(self.show("ND"), "casetext.com/case")

    def test_an_open_citation_is_marked_until_it_is_checked(self):
        before = self.show("MN")
        Citation.objects.filter(assessment__usps="MN").mark_checked(by="Pat Counsel")
        after = self.show("MN")

        self.assertContains(before, "<b>Not yet checked against the source.</b>", 1)
        self.assertNotContains(after, "Not yet checked against the source.")
        self.assertContains(after, "Checked by a lawyer on ")
        # The admin promises that only staff see the lawyer's name.
        self.assertNotContains(after, "Pat Counsel")

    def test_every_open_citation_is_marked_and_no_other(self):
        marked = sum(
            self.show(usps)
            .content.decode()
            .count("<b>Not yet checked against the source.</b>")
            for usps in SLUGS
        )

        self.assertEqual(marked, 15)

    def test_a_state_not_assessed_has_no_letter_points_rank_or_color(self):
        page = self.show("ID")

        self.assertContains(page, "Not yet assessed.")
        self.assertContains(page, "Having no grade is not the same")
        self.assertContains(page, 'class="badge badge-large grade grade-none"')
        self.assertNotContains(page, "Rank ")
        self.assertNotContains(page, "of 100 points")
        self.assertNotContains(page, 'class="meter"')
        self.assertContains(page, 'href="/rankings/report/?state=ID"')

    def test_without_a_suit_the_other_parts_are_not_counted(self):
        page = self.show("IA")

        self.assertContains(page, '<p class="verdict">Written into statute</p>')
        self.assertContains(page, 'class="meter"', 1)

    def test_questions_that_do_not_apply_are_folded_into_one_line(self):
        page = " ".join(self.show("OH").content.decode().split())
        folded = page[page.index('<details class="question">') :]
        folded = folded[: folded.index("</details>")]

        self.assertIn("<summary>3 questions that don’t apply in Ohio today<", folded)
        self.assertIn("<li>Whom does the suit reach?</li>", folded)
        self.assertEqual(page.count("Whom does the suit reach?"), 1)
        self.assertNotIn("Not counted", page)
        self.assertNotContains(self.show("CO"), "apply in Colorado")
        # Iowa's legislature has written immunity into a statute.
        self.assertContains(self.show("IA"), "2 questions that don’t apply in Iowa")

    def test_opens_with_what_it_means_and_ends_with_what_to_do(self):
        page = " ".join(self.show("TX").content.decode().split())
        meaning = page.index("<b>What this means for you:</b> If an official in Texas")
        end = page[page.index("What you can do in Texas") :]

        self.assertLess(meaning, page.index("<h2"))
        self.assertIn('href="/voices/add/?state=TX" data-bar>', end)
        self.assertIn("for a law that lets people sue over rights", end)
        self.assertIn("https://www.usa.gov/elected-officials", end)
        self.assertIn("%2Frankings%2Ftexas%2F%3Ffrom%3Dwhatsapp", end)
        self.assertIn('/rankings/texas/?from=share"', end)
        self.assertNotIn("<h2", end[: end.index("</main>")])
        self.assertContains(self.show("DC"), "Ask the D.C. Council for a law")
        self.assertNotContains(self.show("NM"), "your state’s lawmakers for")

    def test_a_past_edition_does_not_say_what_it_means_today(self):
        page = self.client.get(f"{self.first.get_absolute_url()}texas/")

        self.assertNotContains(page, "What this means for you")
        self.assertNotContains(page, "your state’s lawmakers for")
        self.assertNotContains(page, "Send this page to")
        self.assertContains(page, "3 questions that don’t apply in Texas<")

    def test_a_citation_without_a_value_is_shown_all_the_same(self):
        self.assertContains(self.show("GA"), "Ga. Const. art. I, § II, para. IX(d)")

    def test_a_local_exception_is_shown_and_not_scored(self):
        page = self.show("NY")

        self.assertContains(page, "New York City: N.Y.C. Admin. Code title 8, ch. 8")
        self.assertContains(page, "does not change the state’s score")
        self.assertContains(page, "45 of 100 points")
        self.assertNotContains(self.show("TX"), "A local law differs")

    def test_the_institutes_grade_says_where_it_is_from(self):
        direct, reported, none = self.show("AR"), self.show("NM"), self.show("TX")

        self.assertContains(direct, "<b>D</b>, stated on the Institute’s page")
        self.assertContains(reported, "<b>A-</b>, as reported elsewhere")
        self.assertContains(none, "We know of none for Texas, as of November 22, 2026.")
        self.assertContains(reported, "We have not read it on the Institute’s page")
        for page in (direct, reported):
            self.assertContains(page, "read November 22, 2026")
        for page in (direct, reported, none):
            self.assertContains(page, "is not part of our points")

    def test_says_what_would_raise_the_score(self):
        self.assertContains(
            self.show("CO"),
            "<tr><td>Officials of every kind covered</td>"
            '<td class="number">100</td></tr>',
        )
        self.assertContains(self.show("NM"), "New Mexico already has every point")
        self.assertContains(self.show("TX"), "One after the other, from 0 today.")

    def test_leads_to_the_states_before_and_after_and_to_a_comparison(self):
        page = self.show("NM")

        self.assertContains(page, "← New Jersey, grade C")
        self.assertContains(page, "New York, grade C →")
        self.assertContains(page, '<input type="hidden" name="s" value="NM">')
        self.assertNotContains(self.show("AL"), 'rel="prev"')
        self.assertNotContains(self.show("WY"), 'rel="next"')

    def test_says_how_it_moved_and_why(self):
        page = self.show("MI")

        self.assertContains(page, "How Michigan has moved")
        self.assertContains(page, "Michigan and North Carolina have the same rule")
        self.assertContains(page, 'href="/rankings/changes/"')

    def test_with_one_edition_it_says_so(self):
        first = f"{self.first.get_absolute_url()}texas/"

        self.assertContains(self.client.get(first), "There is only one edition so far")


class MoveTests(TestCase):
    def setUp(self):
        make_rankings(
            "2025-01-01", TX={"right_to_sue": "unclear"}, OH={"right_to_sue": ""}
        )
        make_rankings("2026-01-01")
        draft = make_edition("2026-02-01", published_at=None)
        make_assessments(draft, TX={"right_to_sue": ""})

    def rows(self, path):
        page = self.client.get(path).content.decode()
        section = page[page.index("moved</h2>") :]
        section = section[: section.index("</section>")]
        text = re.sub(r"<[^>]+>", " ", section)
        return " ".join(text.split())

    def test_a_state_shows_how_it_moved_the_newest_first(self):
        text = self.rows("/rankings/texas/")

        self.assertRegex(text, r"January 1, 2026 F 0 1 .*January 1, 2025 F 5 1 ")
        self.assertNotIn("February", text)

    def test_a_state_that_was_not_assessed_then_says_so(self):
        text = self.rows("/rankings/ohio/")

        self.assertIn("January 1, 2025 Not yet assessed", text)

    def test_a_past_edition_knows_nothing_of_later_ones(self):
        text = self.rows("/rankings/editions/2025-01-01/texas/")

        self.assertIn("There is only one edition so far, dated January 1, 2025", text)

    def test_asks_the_database_nine_times_however_many_editions_there_are(self):
        for year in range(2010, 2024):
            make_rankings(f"{year}-01-01")

        with self.assertNumQueries(9):
            self.client.get("/rankings/texas/")


class MarkupTests(TestCase):
    def test_what_staff_write_is_text(self):
        with publishing() as edition:
            texas = make_assessment(edition, "TX", summary="<b>Bold</b> & co")
            make_citation(texas, '"><script>alert(1)</script>', seen="<i>x</i>")

        page = self.client.get(url("TX")).content.decode()

        self.assertIn("&lt;b&gt;Bold&lt;/b&gt; &amp; co", page)
        self.assertNotIn("<script>alert", page)
        self.assertNotIn("<i>x</i>", page)
