from io import StringIO

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.test import TestCase, override_settings

from faq.models import Chart, Page, TimelineEntry
from tests.faq.texts import SOURCE, make_chart, make_entry, make_page

QUESTIONS = [
    {
        "label": "Was a right violated?",
        "note": "Any right.",
        "if_no": "None was shown.",
        "skip": "A court may skip it.",
    },
    {"label": "The suit goes on"},
]
LONG = """Start.[^1]

## Who pays

[[chart:who-pays]]

## Since 1871

[[timeline]]

[^1]: A note.
"""


class PageTests(TestCase):
    def test_shows_the_text(self):
        make_page("about", title="About us", body="## Who\n\nAmericans.\n")

        response = self.client.get("/about/")

        self.assertContains(response, '<h1 class="lines">About us</h1>', html=True)
        self.assertContains(response, "<p>Americans.</p>")
        self.assertNotContains(response, "On this page")

    def test_cannot_be_read_as_a_draft(self):
        make_page("about", publish_at=None)

        self.assertEqual(self.client.get("/about/").status_code, 404)

    @override_settings(CONFIRM_LINK_DAYS=9, CONTACT_EMAIL="a_b_c@example.org")
    def test_prints_settings(self):
        make_page(
            body="{{ confirm_link_days }} days; [us](mailto:{{ contact_email }})."
        )

        response = self.client.get("/about/")

        self.assertContains(response, "9 days")
        self.assertContains(response, 'href="mailto:a_b_c@example.org"')

    @override_settings(OPERATOR_NAME="Ohio_Friends", POSTAL_ADDRESS="1 Main Street")
    def test_about_and_privacy_say_who_runs_the_site_and_from_where(self):
        call_command("load_content", stdout=StringIO())

        for url in ("/about/", "/privacy/"):
            with self.subTest(url):
                response = self.client.get(url)

                self.assertContains(response, "Ohio_Friends runs this site")
                self.assertContains(response, "1 Main Street")

    def test_privacy_names_the_companies_that_handle_data(self):
        call_command("load_content", stdout=StringIO())
        named = ["Host_Co, Inc. (hosts the server)", "Mail <Co> (delivers our email)"]

        with self.settings(PROCESSORS=named):
            response = self.client.get("/privacy/")

        words = "Host_Co, Inc. (hosts the server); Mail &lt;Co&gt; (delivers our email)"
        self.assertContains(response, f"By name, they are: {words}.")

    @override_settings(PROCESSORS=[])
    def test_privacy_names_only_their_kinds_without_the_setting(self):
        call_command("load_content", stdout=StringIO())

        response = self.client.get("/privacy/")

        self.assertContains(response, "the one that delivers our email")
        self.assertNotContains(response, "By name, they are")
        self.assertNotContains(response, "{{")

    def test_refuses_to_print_anything_else(self):
        page = Page(slug="about", title="A", lede="B", body="{{ secret_key }}\n\n[[x]]")

        with self.assertRaises(ValidationError) as caught:
            page.full_clean()
        self.assertIn("{{ secret_key }}", str(caught.exception))
        self.assertIn("[[x]]", str(caught.exception))

        page.save()
        Page.objects.update(publish_at="2020-01-01T00:00Z")
        self.assertNotContains(self.client.get("/about/"), settings.SECRET_KEY)

    def test_the_privacy_page_stays_public(self):
        with self.assertRaises(IntegrityError), transaction.atomic():
            make_page("privacy", publish_at=None)


class ExplainerTests(TestCase):
    def setUp(self):
        make_chart(slug="who-pays")
        make_entry(1982, "The modern rule")
        make_entry(1871, "The promise")
        make_entry(1999, "Draft", publish_at=None)

    def get(self):
        make_page("explained", body=LONG)
        return self.client.get("/explained/")

    def test_lists_its_headings_beside_the_text(self):
        response = self.get()

        self.assertContains(response, '<a href="#s-who-pays">Who pays</a>', html=True)
        self.assertContains(response, '<h2 id="s-who-pays">Who pays</h2>', html=True)
        self.assertContains(response, '<a href="#notes">Notes</a>', html=True)

    def test_shows_the_timeline_in_order(self):
        page = self.get().content.decode()

        self.assertLess(page.index("The promise"), page.index("The modern rule"))
        self.assertNotIn("Draft", page)
        self.assertNotIn("[[", page)

    def test_draws_a_chart_from_the_table_that_it_shows(self):
        response = self.get()

        self.assertContains(
            response,
            'aria-label="Bar chart, % of the dollars: Governments 99.98%; '
            'Officers 0.02%."',
        )
        # The shorter bar stays visible.
        self.assertContains(response, '<rect class="filled" x="0" y="25" width="208.0"')
        self.assertContains(response, 'width="1.5"')
        self.assertContains(response, ">99.98%</text>")
        self.assertContains(response, '<td class="number">99.98%</td>', html=True)
        self.assertContains(response, "From a study of 81 agencies.")

    def test_draws_questions_and_says_them_in_words(self):
        make_chart(slug="test", title="The test", unit="", points=QUESTIONS)
        make_page("explained", body="[[chart:test]]")

        response = self.client.get("/explained/")

        self.assertContains(response, "1. Was a right violated?</text>", count=2)
        self.assertContains(response, "A court may skip it.</text>", count=2)
        self.assertContains(
            response,
            "<li><b>Was a right violated?</b> Any right. If not, the claim ends. "
            "None was shown. A court may skip it.</li>",
            html=True,
        )
        self.assertContains(response, "<b>The suit goes on.</b>", html=True)
        self.assertNotContains(response, "<table")

    def test_draws_the_events_that_have_a_label(self):
        make_entry(1985, "Appeals before trial", label="Appeals first", marked=True)
        make_entry(1990, "Another", label="Drawn too")
        make_entry(1991, "Draft", label="Secret", publish_at=None)

        response = self.get()

        label = "Timeline from 1871 to 1990. It names 2 of 4 events; all are listed"
        self.assertContains(response, label, count=2)
        self.assertContains(response, ">Appeals first</text>", count=2)
        self.assertContains(response, '<rect class="mark"', count=3)
        self.assertNotContains(response, "Secret")

    def test_draws_no_timeline_of_one_event(self):
        make_entry(1985, "Appeals before trial", label="Appeals first")

        self.assertNotContains(self.get(), "Appeals first")

    def test_leaves_out_a_chart_that_is_a_draft(self):
        make_chart(slug="secret", title="Secret", publish_at=None)
        make_page("explained", body="Look.\n\n[[chart:secret]]\n")

        response = self.client.get("/explained/")

        self.assertNotContains(response, "Secret")
        self.assertNotContains(response, "[[")

    def test_is_as_new_as_the_newest_part_that_is_public(self):
        make_page("explained", body=LONG, updated="2026-01-01")
        Chart.objects.update(updated="2026-01-02")
        TimelineEntry.objects.update(updated="2026-01-01")
        TimelineEntry.objects.filter(publish_at=None).update(updated="2026-01-03")

        page = self.client.get("/explained/")
        sitemap = self.client.get("/sitemap/pages.xml")

        self.assertContains(page, "January 2, 2026</time>")
        self.assertContains(sitemap, "<lastmod>2026-01-02</lastmod>", count=1)

    def test_asks_once_for_each_part(self):
        make_chart(slug="how-often")
        make_page("explained", body=f"[[chart:how-often]]\n\n{LONG}")
        for year in range(1900, 1910):
            make_entry(year)

        with self.assertNumQueries(3):
            self.client.get("/explained/")

    def test_needs_sources_and_so_do_its_parts(self):
        for make in (make_chart, make_entry):
            with self.assertRaises(IntegrityError), transaction.atomic():
                make(sources=[])
        with self.assertRaises(IntegrityError), transaction.atomic():
            make_page("explained", sources=[])
        with self.assertRaises(IntegrityError), transaction.atomic():
            make_chart(points=[])
        make_page("about", sources=[])


class RowTests(TestCase):
    def test_refuses_sources_and_figures_that_say_nothing(self):
        page = make_page()
        for sources in (
            ["x"],
            [{"citation": "x"}],
            [SOURCE | {"confidence": "unverified"}],
            [SOURCE | {"url": "javascript:alert(1)"}],
            [SOURCE | {"fact": 10**20}],
            [SOURCE | {"more": 1}],
            [SOURCE | {"citation": "x\0"}],
            [SOURCE] * 101,
        ):
            page.sources = sources
            with self.assertRaises(ValidationError, msg=sources) as caught:
                page.full_clean()
            self.assertIn("sources", caught.exception.message_dict)
        chart = make_chart()
        result, question = {"label": "x"}, {"label": "x", "if_no": "y"}
        for points in (
            [{"label": "x", "value": "nan"}],
            [{"label": "x", "value": 1}, result],
            [{"label": "x", "value": 1, "if_no": "y"}],
            [question],
            [result, result],
            [question, result | {"skip": "y"}],
        ):
            chart.points = points
            with self.assertRaises(ValidationError, msg=points):
                chart.full_clean()

    def test_figures_need_a_unit(self):
        make_chart(unit="", points=QUESTIONS)
        make_chart(unit="", points=[], publish_at=None)
        chart = make_chart()

        chart.unit = ""

        with self.assertRaisesMessage(ValidationError, "Figures need a unit."):
            chart.validate_constraints()
        with self.assertRaises(IntegrityError), transaction.atomic():
            chart.save()

    def test_highlights_one_entry_at_most(self):
        marked = make_entry(1982, label="The rule", marked=True)
        other = make_entry(1985, label="Appeals", marked=True)

        with self.assertRaises(ValidationError):
            other.full_clean()
        TimelineEntry.objects.filter(pk=marked.pk).update(marked=False)
        other.full_clean()
