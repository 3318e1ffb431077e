from unittest import mock

from django.test import TestCase
from django.urls import reverse
from django.utils import timezone

from aaqi.searching import MAX_RESULTS, find_codes
from core.search_budget import SearchTooLong
from tests.committed import CommittedTestCase, other_searches
from tests.factories import make_published_voice, make_rankings, make_voice
from tests.faq.texts import make_case, make_page, make_question

URL = "/search/"


def headings(response):
    """The kinds that the page shows results of."""
    kinds = ("places", "questions", "cases", "pages", "voices")
    page = response.content.decode()
    return [kind for kind in kinds if f'aria-labelledby="{kind}"' in page]


class SearchTests(TestCase):
    def test_finds_all_kinds_of_content(self):
        make_question("Who pays for a camera?", slug="camera")
        make_case(who="Ada Reyes", summary="An officer took her camera.", slug="a")
        make_page("about", body="We have no camera.")
        voice = make_published_voice(statement="They broke my camera.")

        response = self.client.get(URL, {"q": "cameras"})

        self.assertEqual(headings(response), ["questions", "cases", "pages", "voices"])
        for path in ("/faq/camera/", "/cases/a/", "/about/", voice.get_absolute_url()):
            self.assertContains(response, f'href="{path}"')
        self.assertContains(response, "<mark>camera</mark>")
        self.assertContains(response, 'value="cameras"')
        self.assertContains(response, 'href="/faq/?q=cameras"')
        self.assertContains(response, 'href="/voices/?q=cameras"')

    def test_shows_nothing_that_is_not_public(self):
        make_question("A camera?", publish_at=None)
        make_case(summary="A camera.", publish_at=None)
        make_page("about", body="A camera.", publish_at=None)
        make_voice(statement="A camera.")
        now = timezone.now()
        make_voice(statement="My camera.", published_at=now, withdrawn_at=now)

        response = self.client.get(URL, {"q": "camera"})

        self.assertEqual(headings(response), [])
        self.assertContains(response, "Nothing here has these words.")

    def test_shows_a_few_of_each_kind(self):
        for _ in range(MAX_RESULTS + 2):
            make_question("A camera?")
            make_case(summary="A camera.")
            make_published_voice(statement="A camera.")

        found = self.client.get(URL, {"q": "camera"}).context

        self.assertEqual(len(found["questions"].matches), MAX_RESULTS)
        self.assertEqual(len(found["cases"]), MAX_RESULTS)
        self.assertEqual(len(found["voices"].shown), MAX_RESULTS)

    def test_finds_a_state_by_its_name_and_code(self):
        make_rankings(TX={})
        texan = make_published_voice(state="TX", statement="Mine.")
        make_published_voice(state="OH", statement="Not mine.")
        make_case(state="TX", slug="texan")
        make_question("What about Texas?")

        for words in ("Texas", "tx", "TEXAS "):
            response = self.client.get(URL, {"q": words})

            with self.subTest(words):
                self.assertContains(response, 'href="/rankings/texas/"')
                self.assertContains(response, 'href="/cases/?state=TX"')
                self.assertContains(response, 'href="/voices/?state=TX"')
                self.assertContains(response, 'href="/cases/texan/"')
                self.assertContains(response, 'href="/faq/?q=Texas"')
                self.assertEqual(response.context["voices"].shown, [texan])

    def test_finds_a_place_without_a_ranking(self):
        response = self.client.get(URL, {"q": "Guam"})

        self.assertContains(response, 'href="/voices/?state=GU"')
        self.assertNotContains(response, "/rankings/guam/")

    def test_recognizes_states_among_other_words(self):
        for words, codes in (
            ("sue in new york", ["NY"]),
            ("West Virginia", ["WV"]),
            ("police in West Virginia", ["WV"]),
            ("Texas and Ohio", ["OH", "TX"]),
            ("Carolina", ["NC", "SC"]),
            ("D.C.", ["DC"]),
            ("in", ["IN"]),
            ("born in the USA", []),
            ("zebra", []),
        ):
            with self.subTest(words):
                self.assertEqual(find_codes(words), codes)

    def test_knows_everyday_words(self):
        make_question("Do the police pay?", slug="police")

        response = self.client.get(URL, {"q": "cops"})

        self.assertContains(response, 'href="/faq/police/"')

    def test_without_words_it_shows_only_the_field(self):
        with self.assertNumQueries(0):
            response = self.client.get(URL)

        self.assertContains(response, 'name="q"')
        self.assertEqual(headings(response), [])

    def test_is_for_readers_and_not_for_search_engines(self):
        response = self.client.get(URL, {"q": "court"})

        self.assertContains(response, '<meta name="robots" content="noindex">')
        self.assertIn("s-maxage", response["Cache-Control"])
        self.assertFalse(response.cookies)

    def test_an_invalid_search_is_not_found(self):
        for words in ("x" * 201, "a\0b"):
            response = self.client.get(URL, {"q": words})

            self.assertContains(response, "Start over on this page", status_code=404)

    def test_escapes_what_was_typed(self):
        response = self.client.get(URL, {"q": '"><b>&'})

        self.assertNotContains(response, "<b>&")
        self.assertNotContains(response, '""><b>')

    def test_every_page_has_the_field_in_its_footer(self):
        for path in ("/", "/voices/add/", "/none/"):
            page = self.client.get(path).content.decode()

            self.assertIn('<form action="/search/" role="search"', page)

    def test_takes_the_same_queries_however_many_rows_match(self):
        make_rankings(TX={}, OH={})
        for count in (1, MAX_RESULTS + 3):
            for _ in range(count):
                make_question("A camera?")
                make_case(summary="A camera.")
                make_published_voice(statement="A camera.")

            # The edition and its states; a savepoint, a lock, and two timeouts;
            # questions with all of the words and with some, cases, and pages; voices.
            with self.subTest(count), self.assertNumQueries(12):
                self.client.get(URL, {"q": "camera Texas Ohio"})


class BusyTests(CommittedTestCase):
    def test_shares_the_places_of_all_searches(self):
        make_published_voice(statement="The law.")
        path = reverse("search", query={"q": '"law" <'})

        with other_searches() as others:
            busy = self.client.get(path)
            others[1].rollback()
            free = self.client.get(path)

        self.assertContains(busy, "Many people are searching", status_code=503)
        self.assertContains(busy, 'value="&quot;law&quot; &lt;"', status_code=503)
        self.assertEqual(busy["Retry-After"], "5")
        self.assertContains(free, "The law.")

    def test_shows_the_rest_if_the_voices_take_too_long(self):
        make_question("What is the law?", slug="law")
        make_published_voice(statement="The law.")
        with mock.patch("aaqi.searching.find_voices", side_effect=SearchTooLong):
            response = self.client.get(URL, {"q": "law"})

        self.assertContains(response, 'href="/faq/law/"')
        self.assertContains(response, "takes too long for these words")
