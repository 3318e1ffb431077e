import re

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.template import Context, Template
from django.test import TestCase

from faq.cases.cards import face_of
from faq.cases.models import Lawfulness
from faq.models import Case
from tests.faq.test_questions import data_on
from tests.faq.texts import make_case

DENIED = "immunity-denied"
PAGER = re.compile(r'<a href="/cases/([a-z]+)/" rel="(prev|next)">')
CAVEAT = "We know it from a published summary."


class CaseListTests(TestCase):
    def test_shows_public_cases_as_cards(self):
        make_case("Doe v. Roe", who="Jane Doe", place="Laredo", happened_in=2017)
        make_case("Draft v. Draft", publish_at=None)

        response = self.client.get("/cases/")

        self.assertContains(response, "Jane Doe</a><small>Laredo, Texas · 2017</small>")
        self.assertContains(response, "<cite>Doe v. Roe</cite>")
        self.assertContains(response, "The officer was immune.")
        self.assertNotContains(response, "No earlier ruling was close enough.")
        self.assertNotContains(response, "Draft v. Draft")

    def test_says_the_year_of_the_ruling_where_the_other_is_unknown(self):
        make_case(happened_in=None, decided_in=2019)

        self.assertContains(self.client.get("/cases/"), "Texas · decided 2019")

    def test_names_the_state_once(self):
        make_case(place="State College of Texas")

        self.assertContains(
            self.client.get("/cases/"), "<small>State College of Texas ·"
        )

    def test_can_be_narrowed_down_by_state_and_kind(self):
        make_case("A v. A", state="TX", kind="police")
        make_case("B v. B", state="TX", kind="school")
        make_case("C v. C", state="CO", kind="police")

        response = self.client.get("/cases/?state=TX&kind=police")

        self.assertContains(response, "A v. A")
        self.assertNotContains(response, "B v. B")
        self.assertNotContains(response, "C v. C")
        self.assertContains(response, "<b>1 case</b> of 3.")
        self.assertContains(response, '<option value="TX" selected>Texas (1)</option>')
        self.assertContains(response, '<option value="school">Schools (1)</option>')
        self.assertNotContains(response, "Alabama")

    def test_headings_reflect_all_filters(self):
        for query, heading in (
            ("state=TX", "Cases from Texas"),
            ("state=DC", "Cases from the District of Columbia"),
            ("kind=police", "Cases about police"),
            ("state=TX&kind=medical-board", "Cases from Texas about licensing boards"),
            ("", "The people behind the cases"),
        ):
            response = self.client.get(f"/cases/?{query}")

            self.assertContains(response, f"<h1>{heading}</h1>")
            self.assertContains(response, f"<title>{heading} · ")
            og_title = f"Qualified immunity: {heading[0].lower()}{heading[1:]}"
            self.assertContains(response, f'og:title" content="{og_title}"')

    def test_lists_denied_cases_in_a_block_of_their_own(self):
        make_case("Hope v. Guards", who="Larry Hope", outcome=DENIED, order=1)
        make_case("Doe v. Roe", who="Jane Doe", order=2)
        make_case("Draft v. Draft", outcome=DENIED, publish_at=None)

        granted, _, denied = (
            self.client.get("/cases/")
            .content.decode()
            .partition("<h2>Courts deny immunity too</h2>")
        )

        self.assertIn("Jane Doe", granted)
        self.assertNotIn("Larry Hope", granted)
        self.assertIn("Larry Hope", denied)
        self.assertNotIn("Jane Doe", denied)
        self.assertNotIn("Draft v. Draft", denied)

    def test_leaves_the_block_out_while_there_are_none(self):
        make_case(state="TX")
        make_case(state="AL", outcome=DENIED)

        texas = self.client.get("/cases/?state=TX")
        alabama = self.client.get("/cases/?state=AL")

        self.assertNotContains(texas, "Courts deny immunity too")
        self.assertContains(alabama, "Courts deny immunity too")
        self.assertNotContains(alabama, "No cases match.")

    def test_says_so_when_nothing_matches(self):
        make_case()

        self.assertContains(self.client.get("/cases/?state=AL"), "No cases match.")

    def test_refuses_filters_that_cannot_be(self):
        for query in (
            "state=ZZ",
            "kind=x",
            "state=PR",
            "state=%00",
            "kind=" + "x" * 999,
        ):
            response = self.client.get(f"/cases/?{query}")
            self.assertContains(response, "There is no such", status_code=404)

    def test_takes_the_last_of_a_filter_given_twice(self):
        make_case("A v. A", state="TX")

        self.assertContains(self.client.get("/cases/?state=ZZ&state=TX"), "A v. A")

    def test_asks_twice_however_many_there_are(self):
        for _ in range(5):
            make_case()

        with self.assertNumQueries(2):
            self.client.get("/cases/")


class CaseTests(TestCase):
    def test_tells_the_whole_case(self):
        make_case("Doe v. Roe", slug="doe")
        make_case("Another v. Texan", who="Ann Other")
        make_case("Elsewhere v. Roe", state="CO")

        response = self.client.get("/cases/doe/")

        self.assertContains(response, "<h2 id=")
        self.assertContains(response, "Officer Richard Roe (Police)")
        self.assertContains(response, "No earlier ruling was close enough.")
        self.assertContains(response, 'href="https://www.example.org/doe"')
        self.assertContains(response, "Another v. Texan")
        self.assertNotContains(response, "Elsewhere v. Roe")

    def test_is_named_after_the_person(self):
        make_case("Doe v. Roe", slug="doe", who="Jane Doe", citation="1 F.4th 1")

        response = self.client.get("/cases/doe/")

        self.assertContains(response, '<h1 class="lines">Jane Doe</h1>')
        self.assertContains(response, "<cite>Doe v. Roe</cite>, 1 F.4th 1</p>")
        self.assertContains(response, "<title>Jane Doe: Doe v. Roe · ")
        self.assertContains(
            response, 'og:title" content="Jane Doe: Doe v. Roe (qualified immunity)"'
        )
        (data,) = data_on(response)
        self.assertEqual(data["@type"], "Article")
        self.assertEqual(data["headline"], "Jane Doe: Doe v. Roe")
        self.assertTrue(data["url"].endswith("/cases/doe/"))

    def test_its_card_names_the_person(self):
        face = face_of(make_case("Doe v. Roe", who="Jane Doe"))

        self.assertEqual(face.name, "Jane Doe")
        self.assertIn("Doe v. Roe", face.where)

    def test_its_card_says_how_it_ended(self):
        face = face_of(make_case(outcome_sentence="The officer was immune."))

        self.assertEqual(face.outcome, "The officer was immune.")

    def test_leads_to_its_neighbors_in_the_order_of_the_list(self):
        make_case(who="First", order=1, slug="first")
        make_case(who="Denied", outcome=DENIED, order=2, slug="denied")
        make_case(who="Draft", order=3, publish_at=None, slug="draft")
        make_case(who="Last granted", order=4, slug="last")

        links = {
            slug: PAGER.findall(self.client.get(f"/cases/{slug}/").content.decode())
            for slug in ("first", "last", "denied")
        }

        self.assertEqual(links["first"], [("last", "next")])
        self.assertEqual(links["last"], [("first", "prev"), ("denied", "next")])
        self.assertEqual(links["denied"], [("last", "prev")])

    def test_says_what_denied_immunity_means(self):
        for lawfulness in Lawfulness:
            make_case(slug=lawfulness, outcome=DENIED, lawfulness=lawfulness)

            response = self.client.get(f"/cases/{lawfulness}/")

            self.assertContains(response, "It denied immunity")
            self.assertContains(response, "<dd>Immunity denied</dd>")
            self.assertNotContains(response, "granted immunity")
            self.assertNotContains(response, "found that rights were violated")

    def test_says_what_the_court_left_open(self):
        make_case(slug="open", lawfulness="not-decided")
        make_case(slug="found", lawfulness="violation-found")

        left_open = self.client.get("/cases/open/")
        self.assertContains(left_open, "did not decide whether it was lawful")
        self.assertContains(
            left_open, "“Not clearly established” does not mean lawful."
        )
        found = self.client.get("/cases/found/")
        self.assertContains(found, "found that rights were violated")
        self.assertNotContains(found, "does not mean lawful")

    def test_shows_the_caveat_where_we_are_less_sure(self):
        make_case(slug="sure")
        make_case(slug="less", confidence="medium", caveat=CAVEAT)

        self.assertContains(self.client.get("/cases/less/"), CAVEAT)
        self.assertContains(self.client.get("/cases/"), CAVEAT)
        self.assertNotContains(self.client.get("/cases/sure/"), "How sure we are")

    def test_cannot_be_read_as_a_draft(self):
        make_case(slug="draft", publish_at=None)

        self.assertEqual(self.client.get("/cases/draft/").status_code, 404)

    def test_asks_twice(self):
        make_case(slug="doe")
        for _ in range(4):
            make_case()

        with self.assertNumQueries(2):
            self.client.get("/cases/doe/")

    def test_the_database_refuses_a_case_that_breaks_a_rule(self):
        for fields in (
            {"confidence": "medium"},
            {"confidence": "medium", "caveat": CAVEAT, "featured": True},
            {"outcome": ""},
            {"outcome": DENIED, "featured": True},
            {"sources": []},
        ):
            with self.assertRaises(IntegrityError), transaction.atomic():
                make_case(**fields)

        self.assertFalse(Case.objects.exists())


class HomePageTests(TestCase):
    def test_shows_six_featured_cases(self):
        for number in range(7):
            make_case(f"Case {number}", featured=True, order=number)
        make_case("Not featured")
        make_case("Draft", featured=True, publish_at=None, order=0)

        response = self.client.get("/")

        self.assertContains(response, '<article class="case">', count=6)
        self.assertContains(response, "Case 5")
        for absent in ("Case 6", "Not featured", "<cite>Draft"):
            self.assertNotContains(response, absent)

    def test_leaves_the_part_out_while_there_are_none(self):
        self.assertNotContains(self.client.get("/"), 'id="cases"')


class StateCasesTests(TestCase):
    def render(self, state):
        template = Template("{% load cases %}{% state_cases state %}")
        return template.render(Context({"state": state}))

    def test_shows_the_cases_of_a_state_on_its_page(self):
        make_case("Doe v. Roe", state="TX")
        make_case("Draft v. Draft", state="TX", publish_at=None)

        html = self.render("TX")

        self.assertIn("Doe v. Roe", html)
        self.assertNotIn("Draft", html)

    def test_shows_nothing_where_there_are_none(self):
        make_case(state="TX")

        self.assertEqual(self.render("CO").strip(), "")


STEPS = [
    {"on": "2014-08", "words": "The arrest"},
    {"on": "2019", "words": "Immunity granted", "ruling": True},
    {"on": "2020-05-18", "words": "Review refused"},
]


class StepTests(TestCase):
    def test_draws_the_suit_and_lists_its_steps(self):
        case = make_case(steps=STEPS)

        response = self.client.get(case.get_absolute_url())

        self.assertContains(
            response, "<li><b>Aug. 2014:</b> The arrest</li>", html=True
        )
        self.assertContains(response, "<b>2019:</b>")
        self.assertContains(response, ">May 18, 2020</text>", count=2)
        self.assertContains(response, '<rect class="mark"', count=2)

    def test_draws_nothing_without_steps(self):
        response = self.client.get(make_case().get_absolute_url())

        self.assertNotContains(response, "step by step")
        self.assertNotContains(response, "drawing")

    def test_refuses_dates_that_are_none_or_in_disorder(self):
        case = make_case()
        day, later = STEPS[2], STEPS[2] | {"on": "2020-06"}
        for steps in (
            *([day | {"on": on}] for on in ("May 2020", "2020-13", "2020-5", "")),
            [later, day],
            [STEPS[1], STEPS[1]],
            [day | {"words": "x" * 49}],
            # In TOML, a year without quotation marks.
            [STEPS[0], day | {"on": 2020}],
            [day | {"ruling": "yes"}],
        ):
            case.steps = steps
            with self.assertRaises(ValidationError, msg=steps) as caught:
                case.full_clean()
            self.assertIn("steps", caught.exception.message_dict)
        case.steps = [day, {"on": "2020", "words": "Settled"}, later]
        case.full_clean()
