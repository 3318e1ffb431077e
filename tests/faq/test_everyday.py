from io import StringIO

import pytest
from django.core.management import call_command
from django.test import TestCase

from faq.everyday import FILE, everyday_words
from faq.models import Case, Page, Question
from faq.searching import search_all
from tests.faq.texts import make_question

URL = "/faq/"


class EverydayWordsTests(TestCase):
    def found(self, words):
        response = self.client.get(URL, {"q": words})
        return [match.text.slug for match in response.context["matches"]]

    def test_an_everyday_word_finds_what_the_texts_say_instead(self):
        make_question("Do officers go to court?", slug="officers")
        make_question("Can I bring a lawsuit?", slug="lawsuit")
        make_question("Who pays?", "Cities indemnify them.", slug="pay")

        for words, slug in (
            ("cop", "officers"),
            ("COPS", "officers"),
            ("sue", "lawsuit"),
            ("suing", "lawsuit"),
            ("paying", "pay"),
            ("cop court", "officers"),
        ):
            with self.subTest(words):
                self.assertEqual(self.found(words), [slug])

    def test_it_still_finds_itself(self):
        make_question("Is it about cops?", slug="cops")

        self.assertEqual(self.found("cop"), ["cops"])

    def test_excluding_it_excludes_nothing_else(self):
        make_question("Do officers pay in court?", slug="officers")

        self.assertEqual(self.found("court -cop"), ["officers"])

    def test_matches_are_marked(self):
        make_question("Do officers pay?")

        response = self.client.get(URL, {"q": "cops"})

        self.assertContains(response, "Do <mark>officers</mark> pay?")

    def test_other_words_find_no_more_than_before(self):
        make_question("Do officers pay?")

        self.assertEqual(self.found("zebra"), [])

    def test_syntax_around_an_everyday_word_is_harmless(self):
        make_question("Do officers pay?", slug="officers")

        for words in (
            '"bad cop"',
            "cop or",
            "(cop)",
            "cop & | !",
            "-cop",
            '"cop',
            "cop:*",
        ):
            with self.subTest(words):
                self.found(words)

    def test_each_line_finds_something_in_our_texts(self):
        call_command("load_content", stdout=StringIO())

        for entry in everyday_words():
            for word in entry.typed:
                found = [
                    *search_all(Question, word, 1),
                    *search_all(Case, word, 1),
                    *search_all(Page, word, 1),
                ]
                with self.subTest(word):
                    self.assertTrue(found)


def test_no_word_is_listed_twice():
    typed = [word for entry in everyday_words() for word in entry.typed]

    assert sorted(typed) == sorted(set(typed))


@pytest.mark.parametrize("line", FILE.read_text().splitlines())
def test_every_line_is_a_comment_blank_or_an_entry(line):
    typed, colon, also = line.partition(":")

    if line and not line.startswith("#"):
        assert colon
        assert all(word.strip() for word in [*typed.split(","), *also.split(",")])
