import csv
from itertools import combinations
from unittest import mock

from django.db import connection
from django.test import SimpleTestCase, TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests.committed import CommittedTestCase
from tests.factories import (
    make_published_voice,
    make_staff,
    make_voice,
)
from tests.voices.wordings import APART, REWORDED
from tools.development import ROOT
from voices.flags import rewording
from voices.models import Voice
from voices.moderation import groups
from voices.tasks import sketch_older_voices
from voices.wall import sketches
from voices.wall.models import Status

VOICES = reverse("admin:voices_voice_changelist")
TEMPLATE = (
    "I am a {} and I want our lawmakers to let a jury decide when an official breaks "
    "the law, because nobody who wears a badge should be free to do what would put the "
    "rest of us in prison."
)
JOBS = ["nurse", "teacher", "farmer", "pastor", "plumber", "writer", "driver", "baker"]


def labeled_statements():
    path = ROOT / "tests/voices/flag_statements.csv"
    with path.open(newline="") as file:
        return [row["statement"] for row in csv.DictReader(file)]


def founding_statements():
    path = ROOT / "voices/data/founding_voices.csv"
    with path.open(newline="") as file:
        return [row["statement"] for row in csv.DictReader(file)]


def are_alike(one, other):
    likeness = rewording.similarity(rewording.compared(one), rewording.compared(other))
    return likeness >= rewording.ALIKE


def ids(*voices):
    return sorted(voice.pk for voice in voices)


class SketchTests(SimpleTestCase):
    def test_case_accents_and_punctuation_do_not_matter(self):
        text = "José’s café was searched; nobody ever said why, and no jury will ask."
        other = "JOSE'S CAFE was searched nobody ever said why -- and no jury will ask"

        self.assertEqual(len(rewording.sketch(text)), rewording.NUMBERS)
        self.assertEqual(rewording.sketch(text), rewording.sketch(other))

    def test_numbers_fit_the_column(self):
        for one, other in REWORDED:
            for number in rewording.sketch(one) + rewording.sketch(other):
                self.assertTrue(-(2**31) <= number < 2**31)

    def test_a_short_text_has_none(self):
        eleven = " ".join(["word"] * (rewording.FEWEST_WORDS - 1))

        self.assertEqual(rewording.sketch(eleven), [])
        self.assertEqual(rewording.sketch(""), [])
        self.assertTrue(rewording.sketch(f"{eleven} more"))

    def test_any_text_has_one(self):
        for name, text in {
            "lone surrogates": "\ud800 " * 20,
            "Chinese": "我 " * 20,
            "NUL": "\0 a" * 20,
            "emoji": "🙂 " * 600,
        }.items():
            with self.subTest(name):
                self.assertIn(len(rewording.sketch(text)), (0, rewording.NUMBERS))

    def test_texts_without_words_are_not_alike(self):
        self.assertEqual(rewording.similarity(set(), set()), 0)


class WordingTests(TestCase):
    def test_finds_every_rewording_that_was_written_by_hand(self):
        for one, other in REWORDED:
            with self.subTest(one[:60]):
                first, second = make_voice(statement=one), make_voice(statement=other)

                self.assertIn(second.pk, groups.reworded(first).ids)
                self.assertIn(first.pk, groups.reworded(second).ids)

    def test_texts_that_share_a_slogan_are_no_group(self):
        for pair in APART:
            with self.subTest(pair[0][:60]):
                first, second = (make_voice(statement=text) for text in pair)

                self.assertFalse(groups.reworded(first))
                self.assertFalse(groups.reworded(second))

    def test_no_two_founding_voices_or_labeled_statements_are_a_group(self):
        texts = [*founding_statements(), *labeled_statements()]
        self.assertEqual(len(texts), 234)
        voices = [make_voice(statement=text) for text in texts]

        for voice in voices:
            self.assertEqual(groups.reworded(voice).ids, [], voice.statement)
        for one, other in combinations(texts, 2):
            self.assertFalse(are_alike(one, other), (one, other))


class GroupTests(TestCase):
    def test_same_and_reworded_texts_are_two_groups(self):
        first = make_voice(statement=TEMPLATE.format("nurse"))
        copies = [make_voice(statement=first.statement.upper()) for _ in range(2)]
        others = [make_voice(statement=TEMPLATE.format(job)) for job in JOBS[1:4]]
        make_voice(
            statement="Something else, which is about as long as the others are."
        )

        same, reworded = groups.same(first), groups.reworded(first)

        self.assertEqual(sorted(same.ids), ids(*copies))
        self.assertEqual(sorted(reworded.ids), ids(*others))
        self.assertEqual((same.size, same.summary), ("2 others", "both waiting"))
        self.assertEqual((reworded.size, reworded.summary), ("3 others", "all waiting"))

    def test_says_how_others_were_decided(self):
        now = timezone.now()
        first = make_voice(statement=TEMPLATE.format("nurse"))
        make_voice(statement=TEMPLATE.format("teacher"), declined_at=now)
        for job in ("farmer", "pastor"):
            make_published_voice(statement=TEMPLATE.format(job))
        make_voice(statement=TEMPLATE.format("plumber"), withdrawn_at=now)
        make_voice(statement=TEMPLATE.format("writer"))

        found = groups.reworded(first)

        self.assertEqual(found.size, "4 others")
        self.assertEqual(found.summary, "2 published, 1 declined, 1 waiting")
        self.assertEqual(found.statuses[Status.PUBLISHED], 2)

    def test_one_other_is_not_others(self):
        first = make_voice(statement=TEMPLATE.format("nurse"))
        make_voice(statement=TEMPLATE.format("teacher"))

        found = groups.reworded(first)

        self.assertEqual((found.size, found.summary), ("1 other", "waiting"))

    def test_counts_up_to_fifty(self):
        first = make_voice(statement=TEMPLATE.format("nurse"))
        for _ in range(groups.MOST):
            make_voice(statement=TEMPLATE.format("teacher"))
        exactly = groups.reworded(first)
        make_voice(statement=TEMPLATE.format("farmer"))

        more = groups.reworded(first)

        self.assertEqual((exactly.size, exactly.summary), ("50 others", "all waiting"))
        self.assertEqual((more.size, more.summary), ("50+ others", ""))
        self.assertEqual(len(more.ids), groups.MOST)

    def test_a_campaign_of_many_wordings_is_cut_too(self):
        first = make_voice(statement=TEMPLATE.format("nurse"))
        for number in range(groups.MOST + 10):
            make_voice(statement=TEMPLATE.format(f"number {number}"))

        self.assertTrue(groups.reworded(first).is_cut)

    def test_takes_two_statements_whatever_the_size(self):
        alone = make_voice(
            statement="Nobody else wrote these words of mine, which are twelve or more."
        )
        first = make_voice(statement=TEMPLATE.format("nurse"))
        short = make_voice(statement="Enough of this!")
        for number in range(20):
            make_voice(statement=TEMPLATE.format(f"number {number}"))

        with self.assertNumQueries(2):
            groups.reworded(first)
        with self.assertNumQueries(1):
            groups.reworded(alone)
        with self.assertNumQueries(0):
            groups.reworded(short)

    def test_reads_no_more_texts_than_the_limit(self):
        first = make_voice(statement=TEMPLATE.format("nurse"))
        for number in range(2 * groups.MAX_TEXTS):
            make_voice(statement=TEMPLATE.format(f"number {number}"))

        texts = list(groups.candidates(first))

        self.assertLessEqual(len(texts), groups.MAX_TEXTS)
        self.assertGreater(len(texts), groups.MAX_TEXTS // rewording.NUMBERS)

    def test_members_of_a_large_campaign_get_different_parts_of_it(self):
        voices = [
            make_voice(statement=TEMPLATE.format(f"number {number}"))
            for number in range(4 * groups.MAX_TEXTS)
        ]

        found = {pk for voice in voices[::40] for pk in groups.reworded(voice).ids}

        self.assertGreater(len(found), 3 * groups.MOST)

    def test_copies_of_one_text_do_not_hide_the_others(self):
        first = make_voice(statement=TEMPLATE.format("nurse"))
        for _ in range(groups.MAX_TEXTS):
            make_voice(statement=TEMPLATE.format("teacher"))
        others = [make_voice(statement=TEMPLATE.format(job)) for job in JOBS[2:]]

        found = groups.texts_like(first)

        self.assertEqual(len(found), 1 + len(others))

    def test_reads_texts_by_index(self):
        first = make_voice(statement=TEMPLATE.format("nurse"))
        with CaptureQueriesContext(
            connection,
        ) as queries:
            list(groups.candidates(first))
        (query,) = queries.captured_queries

        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute(f"EXPLAIN {query['sql']}")
            plan = "\n".join(line for (line,) in cursor.fetchall())

        for place in range(1, rewording.NUMBERS + 1):
            self.assertIn(f"Index Scan using voice_sketch_{place} ", plan)
        self.assertNotIn("Seq Scan", plan)
        self.assertNotIn("Sort", plan)


class RewordedListTests(TestCase):
    def setUp(self):
        self.client.force_login(make_staff())
        self.first = make_voice(name="First", statement=TEMPLATE.format("nurse"))
        make_voice(name="Copy", statement=TEMPLATE.format("nurse").upper())
        make_voice(name="Reworded", statement=TEMPLATE.format("teacher"))
        make_published_voice(name="Published", statement=TEMPLATE.format("farmer"))
        make_voice(name="Other", statement="It is about something else altogether.")

    def names(self, query):
        response = self.client.get(VOICES + query)
        self.assertEqual(response.status_code, 200)
        return sorted(voice.name for voice in response.context["cl"].result_list)

    def test_lists_same_and_reworded_texts(self):
        found = self.names(f"?reworded={self.first.pk}")

        self.assertEqual(found, ["Copy", "First", "Published", "Reworded"])

    def test_combines_with_other_filters_and_searches(self):
        group = f"?reworded={self.first.pk}"

        self.assertEqual(self.names(f"{group}&status=published"), ["Published"])
        self.assertEqual(self.names(f"{group}&q=Reworded"), ["Reworded"])

    def test_cut_lists_have_voices_of_the_chosen_status(self):
        with mock.patch.object(groups, "MAX_LISTED", 1):
            found = self.names(f"?reworded={self.first.pk}&status=published")

        self.assertEqual(found, ["Published"])

    def test_an_unknown_voice_is_no_error(self):
        self.assertEqual(self.names(f"?reworded={self.first.pk + 99}"), [])
        for value in ("x", "-1", "9" * 30, ""):
            response = self.client.get(f"{VOICES}?reworded={value}", follow=True)
            self.assertEqual(response.status_code, 200, value)

    def test_a_short_text_has_no_group(self):
        short = make_voice(name="Short", statement="Enough!")

        self.assertEqual(self.names(f"?reworded={short.pk}"), [])

    def test_the_group_is_decided_on_as_one(self):
        asked = self.client.post(
            f"{VOICES}?reworded={self.first.pk}",
            {
                "action": "publish",
                "select_across": "1",
                "_selected_action": [self.first.pk],
            },
        )
        seen = self.client.get(asked.url).context["preview"].seen

        self.client.post(asked.url, {"seen": seen})

        published = Voice.objects.published().values_list("name", flat=True)
        self.assertEqual(set(published), {"First", "Published", "Reworded"})
        # All capitals are a flag.
        self.assertIsNotNone(Voice.objects.get(name="Copy").first_read_at)
        self.assertFalse(Voice.objects.get(name="Other").is_published)

    def test_takes_as_many_statements_for_a_large_group(self):
        path = f"{VOICES}?reworded={self.first.pk}"
        with CaptureQueriesContext(connection) as before:
            self.client.get(path)
        for job in JOBS[3:]:
            make_voice(statement=TEMPLATE.format(job))

        with self.assertNumQueries(len(before)):
            self.client.get(path)


class OlderVoicesTests(CommittedTestCase):
    def test_voices_of_an_older_release_get_a_sketch(self):
        voices = [make_voice(statement=TEMPLATE.format(job)) for job in JOBS]
        short = make_voice(statement="Enough!")
        Voice.objects.update(sketch=None)
        self.assertFalse(groups.reworded(voices[0]))

        with mock.patch.object(sketches, "STEP", 3):
            sketch_older_voices(0)

        short.refresh_from_db()
        self.assertEqual(short.sketch, [])
        self.assertEqual(sorted(groups.reworded(voices[0]).ids), ids(*voices[1:]))
        self.assertFalse(Voice.objects.filter(sketch=None).exists())

    def test_goes_on_after_a_kill(self):
        for job in JOBS:
            make_voice(statement=TEMPLATE.format(job))
        Voice.objects.update(sketch=None)
        without = Voice.objects.filter(sketch=None)

        with (
            mock.patch.object(sketches, "STEP", 3),
            mock.patch.object(
                sketches.rewording,
                "sketch",
                side_effect=[[1], [2], [3], KeyboardInterrupt],
            ),
            self.assertRaises(KeyboardInterrupt),
        ):
            sketches.add_sketches()
        left = without.count()
        sketches.add_sketches()

        self.assertEqual(left, len(JOBS) - 3)
        self.assertEqual(without.count(), 0)

    def test_stops_in_time(self):
        make_voice(statement=TEMPLATE.format("nurse"))
        Voice.objects.update(sketch=None)

        with mock.patch.object(sketches, "SECONDS", 0):
            count = sketches.add_sketches()

        self.assertEqual(count, 0)

    def test_changes_nothing_else(self):
        voice = make_published_voice(statement=TEMPLATE.format("nurse"))
        Voice.objects.update(sketch=None)
        before = Voice.objects.values().get()

        sketches.add_sketches()

        self.assertEqual(
            Voice.objects.values().get(), before | {"sketch": voice.sketch}
        )
