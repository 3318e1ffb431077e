import re
from html import unescape

from django.test import SimpleTestCase
from hypothesis import given
from hypothesis import strategies as st

from core.diffs import only_removes, paired_diff, word_diff


class WordDiffTests(SimpleTestCase):
    def test_marks_the_words_that_went_and_came(self):
        self.assertEqual(
            word_diff("I saw Officer Dow lie.", "I saw an officer lie."),
            "I saw <del>Officer</del><ins>an</ins> "
            "<del>Dow</del><ins>officer</ins> lie.",
        )

    def test_text_is_text_in_every_part(self):
        diff = word_diff("<b>same</b> <i>old</i>", "<b>same</b> <script>new</script>")

        self.assertEqual(
            diff,
            "&lt;b&gt;same&lt;/b&gt; <del>&lt;i&gt;old&lt;/i&gt;</del>"
            "<ins>&lt;script&gt;new&lt;/script&gt;</ins>",
        )

    @given(st.text(), st.text())
    def test_both_texts_can_be_read_from_it(self, before, after):
        diff = word_diff(before, after)

        kept = re.sub(r"<ins>.*?</ins>", "", diff, flags=re.DOTALL)
        came = re.sub(r"<del>.*?</del>", "", diff, flags=re.DOTALL)
        self.assertEqual(unescape(re.sub(r"</?del>", "", kept)), before)
        self.assertEqual(unescape(re.sub(r"</?ins>", "", came)), after)


class PairedDiffTests(SimpleTestCase):
    def test_each_text_marks_its_own_changes(self):
        self.assertEqual(
            paired_diff("I saw <b> lie.", "Then I saw <i> lie."),
            (
                "I saw <del>&lt;b&gt;</del> lie.",
                "<ins>Then </ins>I saw <ins>&lt;i&gt;</ins> lie.",
            ),
        )

    @given(st.text(), st.text())
    def test_without_marks_both_are_the_texts(self, before, after):
        left, right = paired_diff(before, after)

        self.assertEqual(unescape(re.sub(r"</?del>", "", left)), before)
        self.assertEqual(unescape(re.sub(r"</?ins>", "", right)), after)


class OnlyRemovesTests(SimpleTestCase):
    def test_words_that_are_left_out_are_removed(self):
        for before, after in (
            ("I saw an officer lie, and nobody cared.", "I saw an officer lie."),
            ("Last May, an officer – my neighbor – lied.", "An officer lied."),
            ("a b c x a y b z c", "x a b c"),
        ):
            self.assertTrue(only_removes(before, after))

    def test_other_changes_are_not(self):
        for after in (
            "We call cops the murderers.",
            "We call the murderer cops.",
            "We call the cops, always.",
            "We – call the murderers: cops!",
        ):
            self.assertFalse(only_removes("We call the murderers cops.", after))
