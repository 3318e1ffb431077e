"""The texts in faq/content/: every claim has a source, and every link has a target."""

import calendar
import csv
import re
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path

from django.core.management import call_command
from django.test import TestCase

from faq.models import Case, Chart, Page, Question, TimelineEntry
from faq.pages.models import PageSlug
from faq.questions.models import Topic

MODELS = (Question, Case, TimelineEntry, Chart, Page)
BODIES = {Question: "answer"}
# The facts that the texts are based on, with their sources and confidence.
SHEET = Path(__file__).parent / "fact_sheet.csv"
REPORTED = re.compile(
    r"\b\d+ (?:U\.S\.|S\. Ct\.|F\.\dd|F\.\dth|F\. App'x|F\. Supp\. \dd|P\.\dd|Stat\."
    r"|(?:[A-Z][A-Za-z.&]* )+(?:L\. Rev\.|L\.J\.)) \d+"
)


def plain(text):
    """Return a citation without typographic characters."""
    for sign, typed in (("’", "'"), ("–", "-"), ("“", '"'), ("”", '"'), ("*", "")):
        text = text.replace(sign, typed)
    return " ".join(text.split())


def read_sheet():
    with SHEET.open(newline="", encoding="utf-8") as file:
        return [
            row | {"citation": plain(row["citation"])} for row in csv.DictReader(file)
        ]


class Links(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.links, self.ids = set(), []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        if tag == "a":
            self.links.add(values["href"])
        if "id" in values:
            self.ids.append(values["id"])


class ContentTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        call_command("load_rankings", stdout=StringIO())
        call_command("load_content", stdout=StringIO())

    def texts(self):
        return [text for model in MODELS for text in model.objects.public()]

    def test_there_are_all_of_them(self):
        self.assertEqual(Question.objects.public().count(), 20)
        self.assertEqual({q.topic for q in Question.objects.all()}, set(Topic))
        self.assertEqual(Case.objects.public().count(), 22)
        self.assertEqual(Case.objects.featured().count(), 6)
        self.assertEqual({p.slug for p in Page.objects.all()}, set(PageSlug))
        self.assertEqual({c.slug for c in Chart.objects.all()}, set(self.charts()))
        years = [entry.year for entry in TimelineEntry.objects.all()]
        self.assertEqual((min(years), max(years)), (1871, 2026))

    def charts(self):
        explainer = Page.objects.get(slug="explained")
        named = [name.partition(":") for name in explainer.parts()]
        self.assertIn(("timeline", "", ""), named)
        return [slug for kind, _, slug in named if kind == "chart"]

    def test_each_can_be_checked_in_a_source_of_the_fact_sheet(self):
        sheet = read_sheet()
        facts = {row["of"]: row for row in sheet}
        for text in self.texts():
            if not isinstance(text, Page) or text.slug == "explained":
                self.assertTrue(text.sources, text)
            for source in text.sources:
                with self.subTest(text=str(text), source=source):
                    said = plain(source["citation"])
                    if "fact" in source:
                        fact = facts[str(source["fact"])]
                        cited = fact["citation"]
                        self.assertTrue(said in cited or cited in said, cited)
                        self.assertIn(source["confidence"], fact["confidence"].lower())
                    else:
                        self.assertTrue(any(said in row["citation"] for row in sheet))

    def test_no_text_cites_what_is_not_in_the_sheet(self):
        known = "\n".join(row["citation"] for row in read_sheet())
        cited = 0
        for text in self.texts():
            body = plain(getattr(text, BODIES.get(type(text), "body")))
            for citation in REPORTED.findall(body):
                cited += 1
                self.assertIn(citation, known, text)

        self.assertGreater(cited, 20)

    def test_a_case_is_cited_as_in_the_sheet(self):
        facts = {row["of"]: row for row in read_sheet()}
        for case in Case.objects.all():
            with self.subTest(case.slug):
                self.assertEqual(plain(case.citation), facts[case.slug]["citation"])
                self.assertEqual(case.confidence, facts[case.slug]["confidence"])

    def test_says_that_a_violation_was_found_only_where_it_was(self):
        found = Case.objects.filter(lawfulness="violation-found")

        self.assertEqual(
            set(found.values_list("slug", flat=True)),
            {
                *("zadeh-v-robinson", "allah-v-milling"),
                *("hoggard-v-rhodes", "safford-v-redding"),
                *("hope-v-pelzer", "taylor-v-riojas"),
            },
        )

    def test_says_that_immunity_was_denied_only_where_it_was(self):
        denied = Case.objects.filter(outcome="immunity-denied")

        self.assertEqual(
            set(denied.values_list("slug", flat=True)),
            {"hope-v-pelzer", "taylor-v-riojas"},
        )
        for case in Case.objects.all():
            for words in (case.ending, case.outcome_sentence):
                said = "Immunity was denied" in words
                self.assertEqual(said, case in denied, case.slug)

    def test_an_outcome_is_one_sentence_with_figures_that_the_case_gives(self):
        for case in Case.objects.all():
            with self.subTest(case.slug):
                self.assertRegex(case.outcome_sentence, r"\A[A-Z][^.!?:;]+\.\Z")
                told = f"{case.ending} {case.body}"
                for figure in re.findall(r"\d[\d,]*\b", case.outcome_sentence):
                    self.assertRegex(told, rf"\b{figure}\b")

    def test_a_step_of_a_suit_has_a_date_that_the_case_gives(self):
        for case in Case.objects.all():
            said = plain(f"{case.body} {case.citation} {case.decided_in}")
            said += "".join(plain(s["citation"]) for s in case.sources)
            said += str(case.happened_in)
            for step in case.steps:
                year, *rest = step["on"].split("-")
                with self.subTest(case.slug, step=step):
                    self.assertIn(year, said)
                    if rest:
                        month = calendar.month_abbr[int(rest[0])]
                        day = rf" {int(rest[1])}\b" if rest[1:] else ""
                        self.assertRegex(said, rf"{month}[a-z]*\.?{day}")
            rulings = [step["on"][:4] for step in case.steps if step.get("ruling")]
            self.assertIn(rulings, ([], [str(case.decided_in)]), case.slug)

    def test_charts_are_drawn_from_facts_that_are_sure(self):
        for chart in Chart.objects.all():
            self.assertEqual({s["confidence"] for s in chart.sources}, {"high"})

    def test_every_link_leads_somewhere(self):
        pages = {text.get_absolute_url() for text in self.texts()}
        read = {
            path: Links(self.client.get(path).content.decode())
            for path in {"/", "/faq/", "/cases/", *pages}
        }
        for path, page in list(read.items()):
            self.assertEqual(len(page.ids), len(set(page.ids)), path)
            for link in page.links:
                if re.match(r"https?:|mailto:", link):
                    continue
                target, _, anchor = link.partition("#")
                other = target or path
                if other not in read:
                    response = self.client.get(other)
                    self.assertEqual(response.status_code, 200, (path, link))
                    read[other] = Links(response.content.decode())
                if anchor:
                    self.assertIn(anchor, read[other].ids, (path, link))
