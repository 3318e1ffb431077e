import re
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from django.db import connection, models
from django.test import Client, TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from rankings.states import PLACES
from tests import owner
from tests.committed import CommittedTestCase, at_once, other_searches
from tests.factories import (
    make_founding_voice,
    make_published_voice,
    make_reason,
    make_signature,
    make_staff,
    make_submission,
    make_voice,
)
from tests.faq.texts import make_page
from voices.models import Voice
from voices.moderation import decide, undoing
from voices.professions import ProfessionGroup
from voices.wall.page import MAX_MATCHES, PAGE_SIZE

PRIVATE_TABLES = (
    "voices_signature",
    "voices_submission",
    "voices_letter",
    "voices_refusedaddress",
    "voices_decision",
    "auth_user",
    "django_session",
)


def wall(**query):
    return f"{reverse('voices:list')}?{urlencode(query)}"


def shown(response):
    """The ids of the voices on a page, in order."""
    return [voice.pk for voice in response.context["page"].voices]


def walk(client, between=lambda response: None, **query):
    """Follow the links to older voices to the end; return all ids seen."""
    seen, path = [], wall(**query)
    while path:
        response = client.get(path)
        assert response.status_code == 200
        seen += shown(response)
        between(response)
        link = re.search(r'href="(\?[^"]*)" rel="next"', response.content.decode())
        path = link and reverse("voices:list") + link[1].replace("&amp;", "&")
    return seen


class WallTests(TestCase):
    def test_shows_published_statements_only(self):
        now = timezone.now()
        make_published_voice(name="Ada Reyes")
        make_voice(name="Still Waiting")
        make_voice(name="Ely Declined", declined_at=now)
        make_voice(name="Dan Asked", changes_asked_at=now)
        make_published_voice(name="Tia Down", taken_down_at=now)
        make_published_voice(name="Name Alone", statement="")

        response = self.client.get(wall())

        self.assertContains(response, "Ada Reyes")
        for name in ("Still Waiting", "Declined", "Dan Asked", "Tia Down", "Alone"):
            self.assertNotContains(response, name)

    def test_shows_the_newest_first_and_the_later_id_of_two_at_once(self):
        now = timezone.now()
        old = make_published_voice(published_at=now - timedelta(days=1))
        twins = [make_published_voice(published_at=now) for _ in range(2)]

        self.assertEqual(
            shown(self.client.get(wall())), [twins[1].pk, twins[0].pk, old.pk]
        )

    def test_counts_signers_and_statements(self):
        make_founding_voice(1)
        make_founding_voice(2, statement="")
        make_signature()

        response = self.client.get(wall())

        self.assertContains(response, "<b>3 people</b> have signed")
        self.assertContains(response, "1 statement, newest first")

    def test_an_empty_wall_invites(self):
        self.assertContains(self.client.get(wall()), "Yours could be the first")

    def test_has_twelve_voices_on_a_page(self):
        for _ in range(13):
            make_published_voice()

        self.assertEqual(len(shown(self.client.get(wall()))), 12)

    def test_takes_two_queries_whatever_it_shows(self):
        for number in range(PAGE_SIZE + 3):
            make_founding_voice(
                number + 1,
                state="TX",
            )
        older = self.client.get(wall()).context["page"].cursor

        for path in (
            wall(),
            wall(state="TX"),
            wall(state="TX", profession="other"),
            wall(before=older),
        ):
            with self.subTest(path), self.assertNumQueries(2):
                self.client.get(path)

    def test_a_search_takes_a_constant_number_of_queries(self):
        for _ in range(PAGE_SIZE + 3):
            make_published_voice(state="TX")
        older = self.client.get(wall(q="law")).context["page"].cursor

        for path in (
            wall(q="law"),
            wall(q="law", state="TX"),
            wall(q="law", before=older),
        ):
            # The search, its voices, the figures beside it, and those that limit its
            # time and how many run at once.
            with self.subTest(path), self.assertNumQueries(8):
                self.client.get(path)


class FilterTests(TestCase):
    def setUp(self):
        self.nurse = make_published_voice(
            state="TX", profession="Nurse", statement="Courts should hear victims."
        )
        self.farmer = make_published_voice(
            state="TX", profession="Farmer", statement="I was heard in court."
        )
        self.elsewhere = make_published_voice(
            state="NM", profession="Nurse", statement="Nobody is above the law."
        )
        make_voice(state="TX", profession="Nurse", statement="Hear my court story.")

    def test_each_filter_narrows_the_wall(self):
        for query, voices in (
            ({"state": "TX"}, [self.farmer, self.nurse]),
            ({"profession": "health-care"}, [self.elsewhere, self.nurse]),
            ({"q": "court"}, [self.farmer, self.nurse]),
            ({"state": "TX", "profession": "health-care"}, [self.nurse]),
            ({"state": "NM", "q": "court"}, []),
            ({"profession": "farmers", "q": "courts"}, [self.farmer]),
            (
                {"state": "TX", "profession": "health-care", "q": "hearing"},
                [self.nurse],
            ),
            ({"state": "PR"}, []),
            ({"state": "", "profession": "", "q": ""}, [*self.all_newest_first()]),
        ):
            with self.subTest(query):
                self.assertEqual(
                    shown(self.client.get(wall(**query))), [v.pk for v in voices]
                )

    def all_newest_first(self):
        return [self.elsewhere, self.farmer, self.nurse]

    def test_figures_account_for_the_other_filters(self):
        response = self.client.get(wall(state="TX"))

        for option in (
            '<option value="TX" selected>Texas (2)</option>',
            '<option value="NM">New Mexico (1)</option>',
            '<option value="WY">Wyoming (0)</option>',
            '<option value="health-care">Health care (1)</option>',
            '<option value="clergy">Clergy (0)</option>',
        ):
            self.assertContains(response, option)
        self.assertContains(
            response, "<option ", len(PLACES) + len(ProfessionGroup) + 2
        )
        self.assertContains(response, '<a href="?state=NM">New Mexico (1)</a>')
        self.assertContains(
            response, '<a href="?state=TX&amp;profession=farmers">Farmers (1)</a>'
        )
        self.assertNotContains(response, 'href="?state=WY"')
        self.assertEqual(response.context["page"].shown, "2")

    def test_chosen_filters_stay_in_the_form_and_can_be_removed(self):
        response = self.client.get(wall(state="TX", profession="farmers", q="court"))

        self.assertContains(response, '<option value="TX" selected>')
        self.assertContains(response, '<option value="farmers" selected>')
        self.assertContains(response, 'value="court"')
        self.assertEqual(
            [chip.query for chip in response.context["page"].filters.chips()],
            [
                "?q=court&profession=farmers",
                "?q=court&state=TX",
                "?state=TX&profession=farmers",
            ],
        )

    def test_one_voice_matches_and_two_match(self):
        one = self.client.get(wall(state="NM"))
        two = self.client.get(wall(state="TX"))

        self.assertContains(one, "<b>1 statement</b> matches.")
        self.assertContains(two, "<b>2 statements</b> match")

    def test_the_search_is_escaped(self):
        response = self.client.get(wall(q='"><script>alert(1)</script>'))

        self.assertNotContains(response, "<script>alert")

    def test_another_spelling_of_a_state_redirects_to_its_code(self):
        for state in ("tx", "TX ", " TX", "Texas", "TX)."):
            response = self.client.get(wall(state=state, q="law"))

            self.assertRedirects(
                response,
                wall(state="TX", q="law"),
                status_code=301,
                fetch_redirect_response=False,
            )

    def test_invalid_queries_are_not_found(self):
        for query in (
            {"state": "XX"},
            {"profession": "wizards"},
            {"profession": "Nurse"},
            {"before": "nonsense"},
            {"before": "\x00"},
            {"before": "é"},
            {"before": "9" * 3000},
            {"before": "MS4yLjM"},
            {"q": "a\x00b"},
            {"q": "a\ue000b"},
            {"q": "a\ufffdb"},
            {"q": "x" * 201},
            {"before": "MTIzNC41LmY"},
        ):
            with self.subTest(ascii(query)[:60]):
                response = self.client.get(wall(**query))

                self.assertEqual(response.status_code, 404)
                self.assertTemplateUsed(response, "404.html")

    def test_undecodable_bytes_are_not_found(self):
        for query in ("q=%FF", "q=%ED%A0%80", "state=%FF", "before=%FF", "q=a%00"):
            response = self.client.get(f"{reverse('voices:list')}?{query}")

            self.assertEqual(response.status_code, 404, query)


class SearchTests(TestCase):
    def test_finds_by_the_stem_of_a_word(self):
        voice = make_published_voice(statement="Officers denied the victims justice.")
        make_published_voice(statement="Nobody is above the law.")

        for words in ("deny", "denies", "officer", "VICTIM", "victims deny"):
            self.assertEqual(shown(self.client.get(wall(q=words))), [voice.pk], words)

    def test_finds_by_name_profession_and_city(self):
        voice = make_published_voice(
            name="Zelda Fitz", profession="Beekeeper", city="Truth or Consequences"
        )
        make_published_voice()

        for words in ("zelda", "beekeepers", "consequence"):
            self.assertEqual(shown(self.client.get(wall(q=words))), [voice.pk], words)

    def test_supports_quotes_and_operators(self):
        voice = make_published_voice(statement="The rule of law is for all.")
        make_published_voice(statement="All the law, a jury and no rule.")

        for words in ('"rule of law"', "law -jury", "law rule -jury"):
            self.assertEqual(shown(self.client.get(wall(q=words))), [voice.pk], words)

    def test_no_search_is_an_error(self):
        make_published_voice()
        for words in (
            "the",
            "!!!",
            "'",
            '"',
            "a & | ! b:*",
            "\\",
            "%",
            "()",
            "-",
            "😀",
        ):
            self.assertEqual(self.client.get(wall(q=words)).status_code, 200, words)

    def test_the_end_of_a_statement_is_not_joined_with_the_name(self):
        make_published_voice(statement="There is no plan B.", name="J. Doe")

        for words in ('"plan b"', '"j doe"'):
            self.assertEqual(len(shown(self.client.get(wall(q=words)))), 1, words)

    def test_a_search_that_contradicts_itself_matches_nothing_and_is_not_run(self):
        make_published_voice(statement="A court and a jury heard it in public.")

        for words in (
            "court -court",
            "courts heard -court",
            '"jury heard" -jury',
            "court -court or jury -juries",
        ):
            with CaptureQueriesContext(connection) as queries:
                response = self.client.get(wall(q=words))
            self.assertContains(response, "<b>0 statements</b> match.")
            ran = [q["sql"] for q in queries if "voices_voice" in q["sql"]]
            self.assertEqual(ran, [], words)

        with CaptureQueriesContext(connection) as queries:
            self.client.get(wall(q="cuort -court"))
        ran = [q["sql"] for q in queries if "voices_voice" in q["sql"]]
        # Not "court -court", its correction.
        self.assertEqual(len(ran), 1, ran)

        for words in ("court -courtesy", "court -court or jury", 'jury -"jury court"'):
            found = shown(self.client.get(wall(q=words)))
            self.assertEqual(len(found), 1, words)

    def test_a_search_shows_its_total_and_no_figures_per_filter(self):
        make_published_voice(state="TX")
        make_published_voice(state="TX")

        response = self.client.get(wall(q="law"))

        self.assertContains(response, "<b>2 statements</b> match")
        self.assertContains(response, '<option value="TX">Texas</option>')
        self.assertNotContains(response, "Texas (")

    def test_a_search_counts_at_most_a_thousand(self):
        now = timezone.now()
        Voice.objects.bulk_create(
            Voice(
                name="Ada Reyes",
                statement="Nobody is above the law.",
                published_at=now - timedelta(seconds=number),
            )
            for number in range(MAX_MATCHES + 2)
        )

        more = self.client.get(wall(q="law"))
        self.assertContains(more, "<b>more than 1,000 statements</b> match")
        self.assertEqual(len(shown(more)), PAGE_SIZE)
        self.assertEqual(self.client.get(wall()).context["page"].shown, "1,002")
        Voice.objects.filter(pk__in=shown(more)[:2]).delete()
        exactly = self.client.get(wall(q="law"))
        self.assertContains(exactly, "<b>1,000 statements</b> match")


class ByNameTests(TestCase):
    def setUp(self):
        self.texan = make_published_voice(
            state="TX", profession="Nurse", statement="Nobody is above the law."
        )
        self.elsewhere = make_published_voice(
            state="NM", profession="Welder", statement="It happened in Texas."
        )
        make_voice(state="TX", profession="Nurse", name="Still Waiting")

    def found(self, words, **query):
        return shown(self.client.get(wall(q=words, **query)))

    def test_a_state_is_found_by_name_and_in_the_words(self):
        self.assertEqual(self.found("texas"), [self.elsewhere.pk, self.texan.pk])
        self.assertEqual(self.found("New Mexico"), [self.elsewhere.pk])
        self.assertEqual(self.found("texas -happened"), [self.texan.pk])
        self.assertEqual(self.found('"columbus texas"'), [self.texan.pk])

    def test_a_profession_is_found_by_name_and_by_its_group(self):
        for words in ("nurse", "nurses texas", "health care", '"health care"'):
            self.assertEqual(self.found(words), [self.texan.pk], words)
        self.assertEqual(self.found("trades"), [self.elsewhere.pk])

    def test_a_changed_state_is_found_by_its_new_name(self):
        Voice.objects.filter(pk=self.texan.pk).update(state="OH")

        self.assertEqual(self.found("ohio"), [self.texan.pk])
        self.assertEqual(self.found("texas"), [self.elsewhere.pk])

    def test_links_to_all_voices_of_the_state_or_profession(self):
        make_published_voice(state="DC")
        for words, link in (
            ("Texas", '<a class="arrow-link" href="?state=TX">All voices from Texas<'),
            ("texsa", '<a class="arrow-link" href="?state=TX">All voices from Texas<'),
            ("nurse", 'href="?profession=health-care">All voices in “Health care”<'),
            ("d.c.", 'href="?state=DC">All voices from the District of Columbia<'),
        ):
            self.assertContains(self.client.get(wall(q=words)), link)
        for query in (
            {"q": "above"},
            {"q": "Texas", "state": "TX"},
            {"q": "Wyoming"},
            {"q": "rabbi"},
        ):
            self.assertNotContains(
                self.client.get(wall(**query)), 'arrow-link" href="?'
            )

    def test_a_typo_is_corrected_and_the_page_says_so(self):
        for words in ("Texsa", "Texass", "Texs", "TX"):
            response = self.client.get(wall(q=words))

            self.assertEqual(shown(response), [self.elsewhere.pk, self.texan.pk])
            said = f"Nothing matches “<bdi>{words}</bdi>”, so we searched for “<b>Texas"
            self.assertContains(response, said)
            self.assertContains(response, f'value="{words}"')
            self.assertContains(response, f"<h1>Voices: “{words}”</h1>")

    def test_a_typo_is_corrected_within_the_other_filters_and_words(self):
        self.assertEqual(self.found("texsa welder"), [self.elsewhere.pk])
        self.assertEqual(self.found("texsa", state="NM"), [self.elsewhere.pk])

    def test_words_that_are_found_are_not_corrected(self):
        odd = make_published_voice(statement="They said Texsa to me.")

        response = self.client.get(wall(q="Texsa"))

        self.assertEqual(shown(response), [odd.pk])
        self.assertNotContains(response, "Nothing matches")

    def test_quoted_and_excluded_words_stay_as_typed(self):
        for words in ('"Texsa"', "zebra -texsa"):
            self.assertEqual(self.found(words), [])

    def test_a_correction_that_finds_nothing_is_not_mentioned(self):
        response = self.client.get(wall(q="Wyomign"))

        self.assertNotContains(response, "Wyoming”")
        self.assertContains(response, "No published statement matches “Wyomign”.")

    def test_a_correction_takes_one_more_query_and_a_known_word_none(self):
        for words, queries in (("texas", 8), ("texsa", 9), ("wyoming", 7)):
            with self.subTest(words), self.assertNumQueries(queries):
                self.client.get(wall(q=words))


class WordsOfThePageTests(TestCase):
    def test_headings_name_every_filter(self):
        for query, heading in (
            ({"state": "TX"}, "Voices from Texas"),
            ({"state": "DC"}, "Voices from the District of Columbia"),
            ({"state": "AA"}, "Voices from the military or abroad"),
            ({"profession": "clergy"}, "Voices: Clergy"),
            ({"q": "jury"}, "Voices: “jury”"),
            (
                {"state": "TX", "profession": "clergy", "q": "jury"},
                "Voices from Texas: Clergy, “jury”",
            ),
        ):
            response = self.client.get(wall(**query))

            self.assertContains(response, f"<h1>{heading}</h1>")
            self.assertContains(response, f"<title>{heading} · ")

    def test_an_empty_state_invites_to_the_form_with_that_state(self):
        response = self.client.get(wall(state="WY"))

        self.assertContains(
            response, "<b>No statement from Wyoming is published yet.</b>"
        )
        self.assertContains(response, 'href="/voices/add/?state=WY">Add your voice')

    def test_a_search_that_names_an_empty_state_invites_with_that_state(self):
        for words in ("Wyoming", "wy", "wyoming"):
            response = self.client.get(wall(q=words))

            self.assertContains(response, 'href="/voices/add/?state=WY">Add your voice')
        for query in ({"q": "zebra"}, {"q": "Wyoming", "state": "TX"}):
            response = self.client.get(wall(**query))

            self.assertNotContains(response, 'state=WY">Add')

    def test_an_empty_profession_is_named(self):
        make_published_voice(state="WY")

        response = self.client.get(wall(state="WY", profession="clergy"))

        said = "No statement from Wyoming by someone in “Clergy” is published yet."
        self.assertContains(response, said)

    def test_an_empty_search_offers_to_search_everywhere(self):
        response = self.client.get(wall(state="WY", q="zebra"))

        said = "No published statement from Wyoming matches “zebra”."
        self.assertContains(response, said)
        self.assertContains(response, '<a href="?q=zebra">search all voices</a>')
        self.assertContains(response, 'href="/voices/add/?state=WY">Add your voice')
        self.assertNotContains(response, "Yours could be the first")

    def test_only_founding_voices_have_a_number(self):
        founding = make_founding_voice(7)
        voice = make_published_voice(published_at=datetime(2026, 11, 3, 17, tzinfo=UTC))

        for path in (wall(), "/", voice.get_absolute_url(), wall(q="law")):
            response = self.client.get(path)

            self.assertNotContains(response, f"No. {voice.pk}")
            self.assertContains(response, "Nov. 3, 2026")
        for path, number in (
            (wall(), "Founding voice No. 7"),
            ("/", "Founding No.&nbsp;7"),
            (founding.get_absolute_url(), "Founding voice</a> No. 7"),
        ):
            self.assertContains(self.client.get(path), number)


class FeaturedFirstTests(TestCase):
    def setUp(self):
        now = timezone.now()
        self.plain = [
            make_published_voice(published_at=now - timedelta(days=day), state="TX")
            for day in range(PAGE_SIZE)
        ]
        self.featured = [
            make_published_voice(
                published_at=now - timedelta(days=99 - day),
                featured_at=now - timedelta(hours=day // 2),
                state="TX",
            )
            for day in range(PAGE_SIZE + 2)
        ]
        self.founding = make_founding_voice(7, state="TX")
        make_voice(featured_at=None, state="TX")

    def expected(self):
        latest = sorted(self.featured, key=lambda each: (each.featured_at, each.pk))
        voices = [*reversed(latest), *self.plain, self.founding]
        return [voice.pk for voice in voices]

    def test_featured_voices_come_first_and_each_voice_once(self):
        for query in ({}, {"state": "TX"}, {"q": "law"}):
            self.assertEqual(
                walk(self.client, sort="featured", **query), self.expected()
            )

    def test_the_links_between_the_orders_keep_the_filters(self):
        newest = self.client.get(wall(state="TX"))
        featured = self.client.get(wall(state="TX", sort="featured"))

        self.assertContains(newest, '"?state=TX&amp;sort=featured">Featured first<')
        self.assertContains(featured, 'href="?state=TX">Newest first</a>')
        self.assertContains(featured, 'type="hidden" name="sort" value="featured"')
        self.assertContains(featured, 'rel="canonical"')
        self.assertContains(featured, '/voices/?state=TX">')

    def test_takes_one_more_query_at_most(self):
        with self.assertNumQueries(2):
            self.client.get(wall(sort="featured"))
        Voice.objects.update(featured_at=None)
        with self.assertNumQueries(3):
            self.client.get(wall(sort="featured"))

    def test_an_unknown_order_is_the_usual_one(self):
        self.assertEqual(
            shown(self.client.get(wall(sort="random"))), shown(self.client.get(wall()))
        )

    def test_a_place_among_the_featured_needs_that_order(self):
        cursor = self.client.get(wall(sort="featured")).context["page"].cursor

        self.assertEqual(self.client.get(wall(before=cursor)).status_code, 404)

    def test_each_part_reads_its_index(self):
        last = self.featured[-1]
        with connection.cursor() as cursor:
            cursor.execute(
                "SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off"
            )
        first = Voice.objects.featured().after_featured(last.featured_at, last.pk)
        rest = Voice.objects.on_the_wall().filter(featured_at=None).in_wall_order()

        for voices, index in ((first, "voice_featured"), (rest, "voice_wall")):
            plan = voices[: PAGE_SIZE + 1].explain()
            self.assertIn(f"Index Scan using {index} on", plan)
            self.assertNotIn("Sort", plan)


class SearchesAtOnceTests(CommittedTestCase):
    def test_only_so_many_searches_run_at_once(self):
        voice = make_published_voice(state="TX")
        path = wall(q='"law" <', state="TX")
        others = self.enterContext(other_searches())

        busy = self.client.get(path)

        self.assertContains(
            busy, "Many people are searching right now.", status_code=503
        )
        self.assertContains(busy, 'value="&quot;law&quot; &lt;"', status_code=503)
        self.assertContains(busy, '<option value="TX" selected>', status_code=503)
        self.assertNotContains(busy, "match", status_code=503)
        self.assertGreater(int(busy["Retry-After"]), 0)
        self.assertEqual(self.client.get(wall(state="TX")).status_code, 200)
        others[0].rollback()
        self.assertEqual(shown(self.client.get(path)), [voice.pk])

    def test_no_search_keeps_its_place(self):
        make_published_voice()
        calls = [lambda: self.client.get(wall(q="law")).status_code] * 8

        self.assertLessEqual(set(at_once(*calls)), {200, 503})
        self.assertEqual(self.client.get(wall(q="law")).status_code, 200)


class SearchPlanTests(CommittedTestCase):
    def test_a_search_of_many_voices_reads_its_index(self):
        now = timezone.now()
        Voice.objects.bulk_create(
            Voice(name="Ada Reyes", statement="So many words. " * 9, published_at=now)
            for _ in range(3000)
        )
        make_published_voice(state="TX", profession="Nurse")
        owner.execute("ANALYZE voices_voice")

        found = Voice.objects.on_the_wall().matching("texas nurse").in_wall_order()

        plan = found[: MAX_MATCHES + 1].explain()
        self.assertIn("Bitmap Index Scan on voice_search", plan)


class PagingTests(TestCase):
    def make_voices(self, count):
        """Voices, many of which were published at the very same time."""
        now = timezone.now()
        return [
            make_published_voice(
                published_at=now - timedelta(seconds=number // PAGE_SIZE), state="TX"
            )
            for number in range(count)
        ]

    def test_walks_every_voice_once(self):
        voices = self.make_voices(2 * PAGE_SIZE + 5)

        for query in ({}, {"state": "TX"}, {"q": "law"}, {"q": "law", "state": "TX"}):
            seen = walk(self.client, **query)

            self.assertCountEqual(seen, [voice.pk for voice in voices])
            self.assertEqual(len(set(seen)), len(seen))

    def test_a_full_last_page_has_no_link_to_an_empty_one(self):
        self.make_voices(PAGE_SIZE)

        self.assertNotContains(self.client.get(wall()), 'rel="next"')

    def test_a_voice_taken_down_in_between_loses_nobody_else(self):
        voices = self.make_voices(3 * PAGE_SIZE)
        by, reason = make_staff(), make_reason()
        gone = []

        def take_down_the_last_one(response):
            last = Voice.objects.filter(pk=shown(response)[-1])
            gone.append(last.get().pk)
            decide.take_down(last, by, reason)

        seen = walk(self.client, take_down_the_last_one)

        self.assertGreater(len(gone), 2)
        self.assertCountEqual(seen, [voice.pk for voice in voices])

    def test_a_voice_published_in_between_is_not_seen_and_moves_nothing(self):
        voices = self.make_voices(2 * PAGE_SIZE)

        seen = walk(self.client, lambda response: make_published_voice(state="TX"))

        self.assertCountEqual(seen, [voice.pk for voice in voices])

    def test_the_links_keep_the_filters(self):
        self.make_voices(PAGE_SIZE + 1)

        response = self.client.get(wall(state="TX", q="law"))

        self.assertContains(response, "?state=TX&amp;q=law&amp;before=")

    def test_a_page_past_the_last_voice_is_empty(self):
        self.make_voices(PAGE_SIZE + 1)
        older = self.client.get(wall()).context["page"].cursor
        Voice.objects.all().delete()

        response = self.client.get(wall(before=older))

        self.assertEqual(response.status_code, 200)
        self.assertContains(response, "Newest voices")


class DetailTests(TestCase):
    def test_shows_the_voice_and_its_neighbors(self):
        now = timezone.now()
        older, voice, newer = [
            make_published_voice(
                name=f"Ada {name}", state="TX", published_at=now + timedelta(hours=hour)
            )
            for hour, name in enumerate(["Old", "Reyes", "New"])
        ]

        response = self.client.get(voice.get_absolute_url())

        self.assertContains(response, "<bdi>Ada Reyes</bdi> on qualified")
        self.assertContains(response, voice.statement)
        self.assertContains(response, "Columbus, Texas")
        self.assertEqual(response.context["previous"], older)
        self.assertEqual(response.context["next"], newer)
        self.assertContains(response, "All 3 voices from Texas")

    def test_neighbors_are_only_voices_on_the_wall(self):
        now = timezone.now()
        voice = make_published_voice(state="TX")
        make_voice(state="TX", name="Still Waiting")
        make_published_voice(state="TX", name="Gone Down", taken_down_at=now)
        make_published_voice(state="TX", name="Name Alone", statement="")

        response = self.client.get(voice.get_absolute_url())

        for name in ("Still Waiting", "Gone Down", "Name Alone"):
            self.assertNotContains(response, name)

    def test_is_not_found_while_it_is_not_published(self):
        now = timezone.now()
        for fields in (
            {},
            {"declined_at": now},
            {"changes_asked_at": now},
            {"published_at": now, "statement": ""},
        ):
            response = self.client.get(make_voice(**fields).get_absolute_url())

            self.assertEqual(response.status_code, 404)
            self.assertNotContains(response, "Ada", status_code=404)

    def test_is_gone_once_it_is_taken_down(self):
        voice = make_published_voice(taken_down_at=timezone.now())

        response = self.client.get(voice.get_absolute_url())

        self.assertContains(response, "no longer here", status_code=410)
        for private in (voice.name, voice.statement, voice.city):
            self.assertNotContains(response, private, status_code=410)
        self.assertIn("no-store", response["Cache-Control"])
        self.assertNotIn("ETag", response)

    def test_is_back_when_the_takedown_is_undone(self):
        voice = make_published_voice()
        voices, by = Voice.objects.filter(pk=voice.pk), make_staff()
        decide.take_down(voices, by, make_reason())
        self.assertEqual(self.client.get(voice.get_absolute_url()).status_code, 410)

        undoing.undo(voices, by)

        self.assertEqual(self.client.get(voice.get_absolute_url()).status_code, 200)

    def test_an_invalid_id_is_not_found(self):
        for pk in ("0", "999999", str(2**63), "9" * 40, "9" * 5000, "-1", "x", "%00"):
            response = self.client.get(f"/voices/{pk}/")

            self.assertEqual(response.status_code, 404, pk[:30])

    def test_a_voice_without_a_place_or_profession_reads_well(self):
        voice = make_published_voice(city="", state="", profession="")

        response = self.client.get(voice.get_absolute_url())

        self.assertNotContains(response, "More voices from")
        self.assertNotContains(response, "None")

    def test_asks_the_database_three_times(self):
        now = timezone.now()
        voices = [
            make_published_voice(state="TX", published_at=now - timedelta(days=day))
            for day in range(6)
        ]

        with self.assertNumQueries(3):
            self.client.get(voices[3].get_absolute_url())


class TextIsTextTests(TestCase):
    def test_a_statement_is_escaped_wherever_it_is_read(self):
        voice = make_published_voice(
            statement="<script>alert(1)</script> & <b>bold</b>\n\n<img src=x>",
            featured_at=timezone.now(),
        )

        for path in ("/", wall(), wall(q="bold"), voice.get_absolute_url()):
            response = self.client.get(path)

            self.assertContains(response, "&lt;script&gt;alert(1)&lt;/script&gt; &amp;")
            self.assertNotContains(response, "<script>alert")
            self.assertNotContains(response, "<img src=x")

    def test_links_in_a_statement_are_not_made_live(self):
        voice = make_published_voice(
            statement="See https://example.net/x, www.example.net or a@example.net.",
            featured_at=timezone.now(),
        )

        for path in ("/", wall(), voice.get_absolute_url()):
            response = self.client.get(path)

            self.assertContains(response, "https://example.net/x")
            self.assertNotContains(response, 'href="https://example.net')
            self.assertNotContains(response, 'href="http://www.example.net')
            self.assertNotContains(response, "mailto:a@")

    def test_template_syntax_is_plain_text(self):
        voice = make_published_voice(statement="{{ settings.SECRET_KEY }} {% now %}")

        self.assertContains(
            self.client.get(voice.get_absolute_url()), "{{ settings.SECRET_KEY }}"
        )


class PublicPageTests(TestCase):
    def setUp(self):
        self.signature = make_signature(
            email="secret.address@example.com",
            name="Ana Secretname",
            name_display="first",
            voice=make_published_voice(
                name="Ana",
                state="TX",
                statement="Edited words.",
                featured_at=timezone.now(),
            ),
        )
        Voice.objects.update(
            statement_as_sent="Original words.", changes_asked="Asked words."
        )
        make_submission(email="pending.address@example.com", name="Pending Secretname")
        make_voice(name="Waiting Secretname", state="TX", statement="Waiting words.")
        make_signature(
            email="unlisted.address@example.com",
            name="Unlisted Secretname",
            name_display="unlisted",
        )
        make_page("privacy")
        self.pages = [
            reverse("home"),
            reverse("privacy"),
            wall(),
            wall(state="TX"),
            wall(q="words"),
            wall(q="Secretname"),
            self.signature.voice.get_absolute_url(),
        ]

    def test_nothing_private_is_on_any(self):
        for path in self.pages:
            page = self.client.get(path).content.decode()

            for private in (
                ".address@",
                "Secretname</",
                "Ana Secretname",
                "Original words",
                "Asked words",
                "Waiting words",
                self.signature.consent_text,
                self.signature.privacy_text,
            ):
                self.assertNotIn(private, page, path)

    def test_none_reads_a_private_table(self):
        for path in [*self.pages, "/healthz", reverse("voices:thanks"), "/none/"]:
            with CaptureQueriesContext(connection) as queries:
                self.client.get(path)

            for query in queries.captured_queries:
                for table in PRIVATE_TABLES:
                    self.assertNotIn(f'"{table}"', query["sql"], path)

    def test_pages_fetch_nothing_lazily(self):
        for voice in Voice.objects.on_the_wall().fetch_mode(models.FETCH_RAISE):
            self.assertTrue(voice.place_in_full and voice.quote and voice.day)

    def test_each_may_be_cached_briefly_and_has_an_etag(self):
        for path in self.pages:
            response = self.client.get(path)

            self.assertEqual(
                set(response["Cache-Control"].split(", ")),
                {
                    "public",
                    "max-age=0",
                    "s-maxage=2",
                    "stale-while-revalidate=2",
                    "stale-if-error=600",
                },
            )
            self.assertIn("ETag", response)
            self.assertEqual(response["Vary"], "Accept-Encoding")

    def test_an_unchanged_page_gets_a_304(self):
        for path in self.pages:
            etag = self.client.get(path)["ETag"]

            again = self.client.get(path, headers={"if-none-match": etag})

            self.assertEqual(again.status_code, 304, path)
            self.assertEqual(again.content, b"")
            self.assertEqual(again["ETag"], etag)
            self.assertIn("s-maxage=2", again["Cache-Control"])

    def test_a_changed_page_is_sent(self):
        etag = self.client.get(wall())["ETag"]
        make_published_voice()

        response = self.client.get(wall(), headers={"if-none-match": etag})

        self.assertEqual(response.status_code, 200)

    def test_head_matches_get(self):
        for path in self.pages:
            full, head = self.client.get(path), self.client.head(path)

            self.assertEqual(head.status_code, 200)
            self.assertEqual(head.content, b"")
            self.assertEqual(head["Cache-Control"], full["Cache-Control"])

    def test_no_page_sets_a_cookie_for_its_readers(self):
        for path in [*self.pages, "/none/", "/healthz", "/readyz"]:
            response = Client().get(path)

            self.assertEqual(list(response.cookies), [], path)
            self.assertNotIn("Set-Cookie", response)

    def test_staff_read_the_same_pages(self):
        staff = Client()
        staff.force_login(make_staff())

        for path in self.pages:
            self.assertEqual(
                staff.get(path).content, self.client.get(path).content, path
            )

    def test_none_accepts_a_form(self):
        for path in self.pages:
            self.assertEqual(self.client.post(path).status_code, 405, path)
