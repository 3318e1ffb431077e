from django.test import SimpleTestCase, TestCase
from django.utils.safestring import SafeString, mark_safe

from faq.blocks import cached_block
from faq.models import Question, TimelineEntry
from tests.faq.texts import SOURCE, make_entry, make_page, make_question


class BlockTests(SimpleTestCase):
    def setUp(self):
        self.rendered = []

        @cached_block
        def block(entry: TimelineEntry) -> SafeString:
            self.rendered.append(entry.title)
            return mark_safe(entry.title)

        self.block = block

    def test_renders_the_same_words_once(self):
        for _ in range(2):
            block = self.block(TimelineEntry(title="A", sources=[SOURCE]))

            self.assertEqual(block, "A")
        self.assertEqual(self.rendered, ["A"])

    def test_renders_again_if_anything_differs(self):
        entries = [
            TimelineEntry(title="A"),
            TimelineEntry(title="B"),
            TimelineEntry(title="A", sources=[SOURCE]),
            TimelineEntry(title="A", as_of="2026-11-27"),
        ]
        for entry in entries:
            self.block(entry)

        self.assertEqual(self.rendered, ["A", "B", "A", "A"])


class PageOfBlocksTests(TestCase):
    def test_shows_an_edited_text_as_edited(self):
        question = make_question("What is it?", answer="Old words.")
        self.client.get("/faq/")
        question.answer = "New words."
        question.save()

        response = self.client.get("/faq/")

        self.assertContains(response, "<p>New words.</p>", html=True)
        self.assertNotContains(response, "Old words.")

    def test_drops_a_text_that_is_no_longer_public(self):
        make_question("What is it?", answer="Secret words.")
        self.client.get("/faq/")
        Question.objects.update(publish_at=None)

        self.assertNotContains(self.client.get("/faq/"), "Secret words.")

    def test_shows_an_entry_with_its_new_source(self):
        entry = make_entry(sources=[SOURCE | {"citation": "An old one"}])
        make_page("explained", body="[[timeline]]")
        self.client.get("/explained/")
        TimelineEntry.objects.filter(pk=entry.pk).update(
            sources=[SOURCE | {"citation": "A new one"}]
        )

        response = self.client.get("/explained/")

        self.assertContains(response, "A new one")
        self.assertNotContains(response, "An old one")
