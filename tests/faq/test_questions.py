import json
import re
from datetime import timedelta
from unittest import mock

from django.db import IntegrityError, connection, transaction
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from faq.models import Question
from tests.committed import CommittedTestCase, other_searches
from tests.faq.texts import make_question

URL = "/faq/"


def sleep(*args):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(10)")


def data_on(response):
    """Return the structured data of a page, parsed."""
    found = re.findall(
        r'<script type="application/ld\+json">(.*?)</script>',
        response.content.decode(),
        re.S,
    )
    return [json.loads(text) for text in found]


class QuestionListTests(TestCase):
    def test_shows_public_questions_by_topic(self):
        make_question("Last?", topic="change", slug="last")
        make_question("Second?", order=2)
        make_question("First?", order=1)

        page = self.client.get(URL).content.decode()

        self.assertIn('<section id="topic-basics">', page)
        places = [
            page.index(f"<span>{q}</span>") for q in ("First?", "Second?", "Last?")
        ]
        self.assertEqual(places, sorted(places))
        self.assertNotIn("topic-who-pays", page)

    def test_each_question_opens_from_its_anchor(self):
        make_question(slug="what-is-it")

        response = self.client.get(URL)

        self.assertContains(response, '<details class="question" id="what-is-it">')
        self.assertContains(response, 'href="/faq/what-is-it/"')

    def test_does_not_show_drafts_and_what_is_still_to_come(self):
        make_question("Draft?", publish_at=None)
        make_question("Soon?", publish_at=timezone.now() + timedelta(hours=1))

        response = self.client.get(URL)

        self.assertNotContains(response, "Draft?")
        self.assertNotContains(response, "Soon?")
        self.assertContains(response, "No questions are published yet")

    def test_shows_what_has_fallen_due(self):
        make_question("Due?", publish_at=timezone.now() - timedelta(seconds=1))

        self.assertContains(self.client.get(URL), "Due?")

    def test_shows_a_source_once(self):
        source = {"citation": "42 U.S.C. § 1983", "confidence": "high"}
        make_question(sources=[source | {"fact": 1}, source | {"fact": 2}])

        response = self.client.get(URL)

        self.assertContains(response, "42 U.S.C. § 1983", count=1)

    def test_tells_search_engines_the_questions_and_answers(self):
        make_question("What </script><b>?", "A *rule* & more.\n\nMuch more.")
        make_question("Draft?", publish_at=None)

        (data,) = data_on(self.client.get(URL))

        self.assertEqual(data["@context"], "https://schema.org")
        self.assertEqual(data["@type"], "FAQPage")
        (question,) = data["mainEntity"]
        self.assertEqual(question["@type"], "Question")
        self.assertEqual(question["name"], "What </script><b>?")
        answer = question["acceptedAnswer"]
        self.assertEqual(answer["@type"], "Answer")
        self.assertEqual(answer["text"], "A rule & more.\nMuch more.")

    def test_asks_once_however_many_there_are(self):
        for _ in range(5):
            make_question()

        with self.assertNumQueries(1):
            self.client.get(URL)


class QuestionTests(TestCase):
    def test_has_a_page_of_its_own(self):
        question = make_question(answer="A rule.\n\nMore of it.", slug="what")
        make_question("Another one?")
        make_question("Of another topic?", topic="change")

        response = self.client.get("/faq/what/")

        self.assertContains(response, '<h1 class="lines">What is it?</h1>', html=True)
        self.assertContains(response, "<p>More of it.</p>")
        self.assertContains(response, 'name="description" content="A rule."')
        self.assertContains(response, "Another one?")
        self.assertNotContains(response, "Of another topic?")
        self.assertEqual(data_on(response)[0]["mainEntity"][0]["name"], "What is it?")
        self.assertEqual(question.get_absolute_url(), "/faq/what/")

    def test_cannot_be_read_before_its_time(self):
        for slug, at in (("a", None), ("b", timezone.now() + timedelta(hours=1))):
            make_question(slug=slug, publish_at=at)

            self.assertEqual(self.client.get(f"/faq/{slug}/").status_code, 404)

    def test_asks_twice(self):
        make_question(slug="what")
        for _ in range(4):
            make_question()

        with self.assertNumQueries(2):
            self.client.get("/faq/what/")

    def test_needs_a_source_to_be_published(self):
        make_question(sources=[], publish_at=None)
        with self.assertRaises(IntegrityError), transaction.atomic():
            make_question(sources=[])
        with self.assertRaises(IntegrityError), transaction.atomic():
            Question.objects.update(publish_at=timezone.now())


class SearchTests(TestCase):
    def search(self, words, **more):
        return self.client.get(reverse("faq:questions"), {"q": words, **more})

    def test_finds_a_word_in_another_form_and_marks_it(self):
        make_question("Who pays?", "Governments nearly always **paid** in that study.")
        make_question("What is it?", "A rule.")

        response = self.search("Government studies")

        self.assertContains(response, "<mark>Governments</mark> nearly always")
        self.assertContains(response, "<mark>study</mark>")
        self.assertNotContains(response, "What is it?")
        self.assertContains(response, "<b>1 question</b> matches.")

    def test_dots_tell_where_an_answer_begins_before_and_goes_on(self):
        make_question("Short?", "Taxes rise.", order=1)
        make_question("Long?", f"{'Much before. ' * 30}Taxes. {'Much after. ' * 30}")

        short, long = self.search("taxes").context["matches"]

        self.assertEqual(short.excerpt, "<mark>Taxes</mark> rise.")
        self.assertTrue(long.excerpt.startswith("… "))
        self.assertTrue(long.excerpt.endswith(" …"))

    def test_puts_a_match_in_the_question_first(self):
        make_question("What is it?", "It ends lawsuits, also about taxes.", order=1)
        make_question("Would taxes rise?", "Perhaps.", order=2)

        page = self.search("taxes").content.decode()

        self.assertLess(
            page.index("Would <mark>taxes</mark>"), page.index("What is it?")
        )

    def test_where_none_has_all_words_those_with_some_are_shown(self):
        make_question("Would officers go to jail?", "No.")
        make_question("Who pays?", "Governments.")

        response = self.search("jail zebra")

        self.assertContains(response, "No question has all of these words")
        self.assertContains(response, "<mark>jail</mark>")
        self.assertNotContains(response, "Who pays?")

    def test_does_not_find_drafts(self):
        make_question("Secret plans?", publish_at=None)

        self.assertContains(self.search("secret"), "No question has these words.")

    def test_marks_nothing_but_words(self):
        make_question("Is 1 < 2 & so on?", "It <b>is</b> so; <i>rules</i>.")

        response = self.search("rules")

        self.assertContains(response, "Is 1 &lt; 2 &amp; so on?")
        self.assertContains(response, "<mark>rules</mark>")
        self.assertNotContains(response, "<i>")
        self.assertNotContains(response, "<b>is</b>")

    def test_keeps_what_was_searched_for(self):
        response = self.search('"><script>x')

        self.assertContains(response, 'value="&quot;&gt;&lt;script&gt;x"')
        self.assertContains(response, "noindex")

    def test_answers_whatever_is_typed(self):
        make_question()
        for words in ("the", "''", '"', "a & | ! ( )", "-", "<->", "🦉", "x" * 200):
            self.assertEqual(self.search(words).status_code, 200, words)
        self.assertEqual(self.search("   ").status_code, 200)

    def test_refuses_what_cannot_be_searched_for(self):
        for words in ("x" * 201, "a\0b"):
            response = self.search(words)
            self.assertContains(response, "search", status_code=404)
        self.assertEqual(self.client.get("/faq/?q=%FF%FE").status_code, 404)

    def test_asks_once(self):
        for _ in range(5):
            make_question()

        with CaptureQueriesContext(connection) as queries:
            self.search("rule")
        self.assertEqual(sum("faq_question" in each["sql"] for each in queries), 1)

    def test_a_search_that_takes_too_long_is_stopped(self):
        with mock.patch("faq.questions.views.search", side_effect=sleep):
            response = self.search("court")

        self.assertContains(response, "That search takes too long", status_code=404)
        self.assertEqual(self.search("court").status_code, 200)


class SearchesAtOnceTests(CommittedTestCase):
    def test_questions_and_voices_share_the_searches_that_may_run_at_once(self):
        make_question("What is qualified immunity?")
        with other_searches() as others:
            busy = self.client.get(URL, {"q": '"immunity" <'})

            self.assertContains(
                busy, "Many people are searching right now.", status_code=503
            )
            self.assertContains(
                busy, 'value="&quot;immunity&quot; &lt;"', status_code=503
            )
            self.assertNotContains(busy, "No question has", status_code=503)
            self.assertGreater(int(busy["Retry-After"]), 0)
            self.assertContains(self.client.get(URL), "What is qualified immunity?")
            others[0].rollback()
            self.assertContains(self.client.get(URL, {"q": "immunity"}), "1 question")
