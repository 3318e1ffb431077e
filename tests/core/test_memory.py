from itertools import count

from django.test import SimpleTestCase, TestCase

from core import memory as module
from core.memory import FIGURES, RANKINGS, Memory
from core.public import Content
from operations import warm
from rankings.states import SLUGS
from tests.factories import (
    make_assessments,
    make_citation,
    make_published_voice,
    make_rankings,
    publishing,
)


class MemoryTests(SimpleTestCase):
    def setUp(self):
        self.memory = Memory()
        self.made = count(1)

    def get(self, shows=FIGURES, name="x"):
        return self.memory.get(shows, name, lambda: next(self.made))

    def test_a_value_is_remembered_until_one_of_its_contents_changes(self):
        self.memory.drop(*Content)
        self.assertEqual((self.get(), self.get()), (1, 1))

        self.memory.drop(Content.RANKINGS, Content.TEXTS)
        self.assertEqual(self.get(), 1)

        for version, content in enumerate(sorted(FIGURES), 2):
            self.memory.drop(content)
            self.assertEqual((self.get(), self.get()), (version, version))

    def test_nothing_is_remembered_without_notifications(self):
        self.assertEqual((self.get(), self.get()), (1, 2))
        self.memory.drop(*Content)
        self.assertEqual((self.get(), self.get()), (3, 3))
        self.memory.drop(*Content, listening=False)
        self.assertEqual((self.get(), self.get()), (4, 5))

    def test_a_value_that_changes_while_it_is_computed_is_not_remembered(self):
        self.memory.drop(*Content)

        def make():
            self.memory.drop(Content.RANKINGS)
            return "old"

        self.assertEqual(self.memory.get(RANKINGS, "x", make), "old")
        self.assertEqual(self.get(RANKINGS), 1)

    def test_values_do_not_pile_up(self):
        self.memory.drop(*Content)
        for number in range(module.MAX_VALUES + 5):
            self.get(name=number)

        self.assertLessEqual(len(self.memory.values), module.MAX_VALUES)


class MemoryPagesTests(TestCase):
    def setUp(self):
        self.memory = module.memory
        self.memory.drop(*Content)
        self.addCleanup(self.memory.drop, *Content, listening=False)
        with publishing() as edition:
            make_assessments(edition)
            make_citation(edition.assessments.get(usps="TX"))
        self.voice = make_published_voice(state="TX")

    def test_pages_ask_for_nothing_that_is_remembered(self):
        for path, queries in (
            ("/", 3),
            ("/voices/", 1),
            (f"/voices/{self.voice.pk}/", 2),
            (f"/rankings/{SLUGS['TX']}/", 2),
            ("/rankings/", 0),
        ):
            before = self.client.get(path).content
            with self.subTest(path), self.assertNumQueries(queries):
                self.assertEqual(self.client.get(path).content, before)

    def test_a_notification_drops_what_shows_the_change(self):
        pages = warm.WarmPages()
        path = f"/rankings/{SLUGS['TX']}/"
        self.client.get(path)
        make_rankings("2026-11-25")
        self.assertNotContains(self.client.get(path), "November 25, 2026")

        pages.hear("rankings")
        self.assertContains(self.client.get(path), "November 25, 2026")

        make_published_voice(state="TX")
        pages.hear("figures soon")
        self.assertContains(self.client.get(path), "All 2 voices")
