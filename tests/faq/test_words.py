import tempfile
from pathlib import Path

from django.test import SimpleTestCase

from tests.faq.texts import write_question
from tests.faq.words import read, recorded, undated

RECORD = "Then record the words: docs/content.md."
UPDATED = "updated = 2026-11-21"


class WordsTests(SimpleTestCase):
    def test_words_change_only_with_their_date(self):
        found, before = list(read()), recorded()

        self.assertEqual(undated(found, before), [], f"Set `updated` here. {RECORD}")
        self.assertEqual(found, before, RECORD)

    def rows(self, **changes):
        with tempfile.TemporaryDirectory() as name:
            write_question(Path(name), **changes)
            return list(read(Path(name)))

    def test_other_words_need_a_later_date(self):
        before = self.rows()
        for changes in (
            {"body": "A rule of courts."},
            {"question": 'question = "What?"'},
            {"citation": 'citation = "42 U.S.C. § 1983"'},
        ):
            self.assertEqual(undated(self.rows(**changes), before), ["questions/what"])
            dated = self.rows(**changes, updated=UPDATED)
            self.assertEqual(undated(dated, before), [])

    def test_what_readers_do_not_read_as_words_needs_none(self):
        before = self.rows()
        for changes in (
            {"order": "order = 2"},
            {"url": 'url = "https://www.example.org/"'},
            {"confidence": 'confidence = "medium"\nnote = "A summary."'},
            {"body": "A  rule of\n*judges*."},
        ):
            self.assertEqual(self.rows(**changes), before)
