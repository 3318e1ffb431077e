import tempfile
from datetime import date, timedelta
from io import StringIO
from pathlib import Path

from django.core.management import CommandError, call_command
from django.test import TestCase
from django.utils import timezone

from faq.fixtures.load import load
from faq.models import Case, Page, Question
from tests.committed import CommittedTestCase, at_once
from tests.faq.texts import make_question, write_case, write_question

PAGE = """+++
slug = "explained"
title = "How"
lede = "From the start."
updated = 2026-11-20
{}+++
{}"""
SOURCES = '[[sources]]\ncitation = "42 U.S.C. § 1983"\nconfidence = "high"\n'


class FolderTestCase(TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def load(self, **options):
        out = StringIO()
        call_command("load_content", folder=self.folder, stdout=out, **options)
        return out.getvalue()


class LoadContentTests(FolderTestCase):
    def test_adds_what_is_missing_and_publishes_it(self):
        write_question(self.folder)
        write_case(self.folder)

        said = self.load()

        self.assertIn("questions: 1 added", said)
        question = Question.objects.public().get()
        self.assertEqual(question.slug, "what")
        self.assertEqual(question.answer, "A rule of *judges*.\n")
        self.assertEqual(question.words, "A rule of judges.")
        self.assertEqual(question.sources[0]["fact"], 7)
        self.assertEqual(Case.objects.public().get().state, "TX")

    def test_a_second_time_changes_nothing(self):
        write_question(self.folder)
        write_case(self.folder)
        self.load()
        before = list(Question.objects.values())

        said = self.load()

        self.assertIn("cases: 1 unchanged", said)
        self.assertEqual(list(Question.objects.values()), before)
        self.assertEqual(Question.history.count(), 1)

    def test_corrects_what_nobody_has_touched(self):
        write_question(self.folder)
        self.load()
        write_question(self.folder, body="A better answer.")

        said = self.load()

        self.assertIn("questions: 1 corrected", said)
        self.assertEqual(Question.objects.get().answer, "A better answer.\n")

    def test_dates_a_text_by_its_file_and_not_by_the_day_of_loading(self):
        write_question(self.folder)

        self.load()

        question = Question.objects.get()
        self.assertEqual(question.updated, date(2026, 11, 20))
        self.assertEqual(question.history.get().updated, date(2026, 11, 20))
        response = self.client.get("/faq/what/")
        self.assertContains(response, "November 20, 2026</time>")

    def test_a_correction_brings_its_own_date(self):
        write_question(self.folder)
        self.load()
        write_question(self.folder, body="Better.", updated="updated = 2026-11-21")

        self.load()

        versions = Question.objects.get().history.values_list("updated", flat=True)
        self.assertEqual(list(versions), [date(2026, 11, 21), date(2026, 11, 20)])

    def test_an_as_of_date_comes_and_goes_with_its_file(self):
        write_question(self.folder, updated="updated = 2026-11-20\nas_of = 2026-11-19")
        self.load()
        self.assertEqual(Question.objects.get().as_of, date(2026, 11, 19))
        write_question(self.folder)

        self.load()

        self.assertIsNone(Question.objects.get().as_of)

    def test_leaves_alone_what_staff_have_changed_and_says_so(self):
        write_question(self.folder)
        write_question(self.folder, "other")
        self.load()
        Question.objects.filter(slug="what").update(
            answer="Ours.", edited_at=timezone.now()
        )
        write_question(self.folder, body="A better answer.")

        said = self.load()

        self.assertIn("questions: 1 left to staff: what.md", said)
        self.assertIn("questions: 1 unchanged", said)
        self.assertEqual(Question.objects.get(slug="what").answer, "Ours.")

    def test_leaves_alone_what_staff_have_written_at_the_same_address(self):
        make_question(slug="what", answer="Written here.")
        write_question(self.folder)

        self.assertIn("left to staff: what.md", self.load())

        self.assertEqual(Question.objects.get().answer, "Written here.")

    def test_does_not_publish_again_what_staff_took_back(self):
        write_question(self.folder)
        self.load()
        Question.objects.update(publish_at=None, edited_at=timezone.now())

        self.load()

        self.assertFalse(Question.objects.public().exists())

    def test_only_checks_when_asked_to(self):
        write_question(self.folder)

        self.assertIn("Valid texts: 1", self.load(check=True))

        self.assertFalse(Question.objects.exists())


class BadFileTests(FolderTestCase):
    def refused(self, *sentences):
        """Assert that nothing is loaded and that each sentence is in the error."""
        write_case(self.folder, "a-good-one")
        for check in (True, False):
            with self.assertRaises(CommandError) as caught:
                self.load(check=check)
            for sentence in sentences:
                self.assertIn(sentence, str(caught.exception))
        self.assertFalse(Case.objects.exists())
        self.assertFalse(Question.objects.exists())

    def test_names_the_key_that_is_missing(self):
        write_question(self.folder, topic="")

        self.refused("questions/what.md:1: The key “topic” is missing.")

    def test_names_the_line_of_a_key_that_is_none(self):
        write_question(self.folder, order='order = 1\nfeatured = "x"')

        self.refused("questions/what.md:5: “featured” is not a key of questions.")

    def test_refuses_a_text_without_its_date_or_with_one_to_come(self):
        later = timezone.localdate() + timedelta(days=2)
        write_question(self.folder, "undated", updated="")
        write_question(self.folder, "later", updated=f"updated = {later}")
        write_question(self.folder, "words", updated='updated = "2026-11-20"')

        self.refused(
            "questions/undated.md:1: The key “updated” is missing.",
            "questions/later.md:6: updated: This day is in the future.",
            "questions/words.md:6: “updated” should be of type date.",
        )

    def test_refuses_a_value_of_another_type(self):
        write_question(self.folder, order='order = "1"')

        self.refused("questions/what.md:4: “order” should be of type int.")

    def test_refuses_a_number_beyond_all_bounds(self):
        write_question(self.folder, order=f"order = {10**30}")

        self.refused("questions/what.md:4: order: ")

    def test_refuses_a_state_and_a_kind_that_are_unknown(self):
        write_case(self.folder, state='state = "ZZ"', kind='kind = "pirate"')

        self.refused(
            "cases/doe-v-roe.md:6: state: Value 'ZZ' is not a valid choice.",
            "cases/doe-v-roe.md:5: kind: Value 'pirate' is not a valid choice.",
        )

    def test_refuses_a_case_without_an_outcome(self):
        write_case(self.folder, "missing", outcome="")
        write_case(self.folder, "empty", outcome='outcome = ""')
        write_case(self.folder, "unknown", outcome='outcome = "settled"')
        write_case(self.folder, "unsaid", outcome_sentence="")
        write_case(self.folder, "silent", outcome_sentence='outcome_sentence = ""')

        self.refused(
            "cases/missing.md:1: The key “outcome” is missing.",
            "cases/unsaid.md:1: The key “outcome_sentence” is missing.",
            "cases/silent.md:16: outcome_sentence: This field cannot be blank.",
            "cases/empty.md:18: outcome: This field cannot be blank.",
            "cases/unknown.md:18: outcome: Value 'settled' is not a valid choice.",
        )

    def test_refuses_a_denied_case_on_the_home_page(self):
        write_case(self.folder, outcome='outcome = "immunity-denied"')

        self.refused("The home page shows only cases in which immunity was granted.")

    def test_refuses_a_text_without_a_source(self):
        path = write_question(self.folder)
        said = path.read_text()
        before, _, after = said.partition("[[sources]]")
        path.write_text(f"{before}sources = []\n+++{after.partition('+++')[2]}")

        self.refused("questions/what.md:1:", "at least one source")

    def test_refuses_a_source_that_says_nothing(self):
        write_question(self.folder, citation='citation = ""')

        self.refused("questions/what.md:8: sources: Row 1: citation:")

    def test_refuses_a_medium_case_that_is_featured_or_has_no_caveat(self):
        write_case(self.folder, confidence='confidence = "medium"')

        self.refused("needs a caveat", "can’t be on the home page")

    def test_refuses_two_files_with_one_slug(self):
        write_question(self.folder)
        write_question(self.folder, "zwei", slug='slug = "what"')

        self.refused("questions/zwei.md:2: The slug and the file name differ.")

    def test_names_the_line_of_broken_toml(self):
        write_question(self.folder, question='question = "What')

        self.refused("questions/what.md:5: Not TOML:")

    def test_refuses_a_file_without_its_data(self):
        path = write_question(self.folder)
        path.write_text("# Only text")

        self.refused("questions/what.md:1: The file must start with TOML")

    def test_refuses_what_is_not_text(self):
        write_question(self.folder).write_bytes(b"+++\n\xff\n+++\n")
        write_question(self.folder, "nul", body="One\n\nTwo\0")

        self.refused("what.md:2: The file is not UTF-8.", "nul.md:17: There is an")

    def test_refuses_a_megabyte(self):
        write_question(self.folder, body="word " * 200_000)
        write_question(self.folder, "long", body="word " * 10_000)

        self.refused("what.md:1: The file has 1,000,", "long.md:15: The text has 50,00")

    def test_names_the_line_of_what_is_unsafe_in_a_text(self):
        write_question(
            self.folder,
            body="Good.\n\n<script>alert(1)</script>\n\n[here](javascript:alert(1))\n"
            "\nBad <b>nesting\n\n# Too big\n\n![x](x.png) and [^none]",
        )

        self.refused(
            "what.md:17: Raw HTML is not allowed",
            "what.md:19: A link can’t point to “javascript:”",
            "what.md:21: Raw HTML is not allowed",
            "what.md:23: Start headings with two",
            "what.md:25: Images are not allowed",
            "what.md:25: The footnote [^none] has no text.",
        )

    def test_refuses_a_page_that_asks_for_what_is_not_there(self):
        path = self.folder / "pages" / "explained.md"
        path.parent.mkdir()
        path.write_text(PAGE.format(SOURCES, "[[chart:none]]\n\n{{ secret_key }}"))

        self.refused("pages/explained.md:1:", "{{ secret_key }}, [[chart:none]]")
        self.assertFalse(Page.objects.exists())


class TwoLoadersTests(CommittedTestCase):
    def test_add_each_text_once(self):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            for number in range(5):
                write_question(folder, f"what-{number}")

            outcomes = at_once(lambda: load(folder), lambda: load(folder))

        done = sorted(
            {outcome.done for outcome in half} for half in map(list, outcomes)
        )
        self.assertCountEqual(done, [{"added"}, {"unchanged"}])
        self.assertEqual(Question.objects.count(), 5)
