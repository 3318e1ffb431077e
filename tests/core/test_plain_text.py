import unicodedata

from django.core.exceptions import ValidationError
from django.test import SimpleTestCase
from hypothesis import given
from hypothesis import strategies as st

from core.plain_text import (
    tidy_line,
    tidy_paragraphs,
    validate_name,
    validate_one_line,
    validate_plain_text,
)


class TidyTests(SimpleTestCase):
    def test_a_line_has_single_spaces_and_composed_letters(self):
        self.assertEqual(tidy_line("  Jose\u0301 \t\u00a0 Reyes "), "José Reyes")

    def test_paragraphs_keep_one_empty_line_between_them(self):
        self.assertEqual(
            tidy_paragraphs("\r\n one  two \r\n\r\n\r\n\rthree\n"), "one two\n\nthree"
        )

    @given(st.text())
    def test_tidying_twice_is_tidying_once(self, text):
        self.assertEqual(tidy_line(tidy_line(text)), tidy_line(text))
        self.assertEqual(tidy_paragraphs(tidy_paragraphs(text)), tidy_paragraphs(text))

    @given(st.text())
    def test_tidying_takes_out_nothing_but_white_space(self, text):
        self.assertEqual(
            "".join(tidy_paragraphs(text).split()),
            "".join(unicodedata.normalize("NFC", text).split()),
        )


class PlainTextTests(SimpleTestCase):
    def test_text_in_any_script_is_text(self):
        for text in (
            "Nobody is above the law.",
            "Two\nlines.",
            "日本語、한국어, العربية",
            "می\u200cخواهم",
            "👩\u200d⚖️ 🇺🇸",
            "“Quotes” – and dashes…",
        ):
            validate_plain_text(text)

    def test_what_is_no_text_is_refused_by_its_number(self):
        for character in (
            "\x00",
            "\x07",
            "\x1b",
            "\x7f",
            "\x85",
            "\u200b",
            "\u202e",
            "\u2066",
            "\u2028",
            "\ufeff",
            "\ue000",
            "\U000e0000",
            "\ud800",
        ):
            with (
                self.subTest(ascii(character)),
                self.assertRaisesMessage(ValidationError, f"U+{ord(character):04X}"),
            ):
                validate_plain_text(f"before{character}after")

    def test_what_did_not_arrive_as_text_is_refused(self):
        with self.assertRaisesMessage(ValidationError, "Some characters were garbled"):
            validate_plain_text("Jos\ufffd")

    def test_the_place_is_right_after_a_flag_of_many_characters(self):
        flag = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"

        with self.assertRaisesMessage(ValidationError, "after “\U0001f3f4 is heard”"):
            validate_plain_text(f"{flag} is heard\ufffd")

    def test_what_no_browser_breaks_a_line_in_is_bounded(self):
        man, joiner = "\N{MAN}", "\N{ZERO WIDTH JOINER}"
        ka, virama = "\N{DEVANAGARI LETTER KA}", "\N{DEVANAGARI SIGN VIRAMA}"
        for text in (
            (man + joiner) * 200,
            (ka + virama) * 200,
            "\N{HANGUL CHOSEONG KIYEOK}" * 500,
            "\N{WAVING BLACK FLAG}" + "\N{TAG LATIN SMALL LETTER A}" * 300,
        ):
            with self.subTest(text[:4]), self.assertRaises(ValidationError) as refused:
                validate_plain_text(text)
            self.assertIn(refused.exception.code, {"joined", "not_text"})

    def test_what_people_write_in_any_script_is_not(self):
        kiss = "👩🏽\u200d❤\ufe0f\u200d💋\u200d👨🏿"
        for text in (
            *("👨\u200d👩\u200d👧\u200d👦" * 80, kiss * 40, "🏴\U000e0067\U000e007f"),
            *("र्त्स्न्य कात्स्न्र्य", "می\u200cخواهم\u200c" * 50, "한국어" * 100),
            *("ᄒ\u1161ᆫ" * 100, "ക്ഷ്ത്ര്യ", "සිංහල", "ཧཱུྃ", "ខ្ញុំស្រឡាញ់"),
        ):
            with self.subTest(text[:8]):
                validate_plain_text(text)

    def test_a_line_is_one_line(self):
        for text in ("Ana\nReyes", "Ana\rReyes"):
            with self.assertRaisesMessage(ValidationError, "on one line"):
                validate_one_line(text)


class NameTests(SimpleTestCase):
    def test_names_are_names(self):
        for name in (
            "Ana",
            "Ana-María O’Neil Jr.",
            "Dr. J. R. R. Reyes, Ph.D.",
            "محمد",
            "李小龍",
            "X Æ A-12",
            "St. Louis",
        ):
            with self.subTest(name):
                validate_name(name)

    def test_an_address_is_no_name(self):
        for name in (
            "ana@example.com",
            "Ana @home",
            "https://example.org",
            "HTTP://x",
            "www.example.info",
            "buy at example.com",
        ):
            with (
                self.subTest(name),
                self.assertRaisesMessage(ValidationError, "not an email or web"),
            ):
                validate_name(name)

    def test_a_formula_is_no_name(self):
        for name in ("=SUM(A1)", "+Ana", "-Ana", "|cmd", "%Ana"):
            with (
                self.subTest(name),
                self.assertRaisesMessage(ValidationError, "can’t begin with"),
            ):
                validate_name(name)

    def test_a_name_has_a_letter(self):
        for name in ("123", "…", "👍", ""):
            with (
                self.subTest(name),
                self.assertRaisesMessage(ValidationError, "letters in it"),
            ):
                validate_name(name)

    def test_a_name_holds_no_mark_that_turns_it_around(self):
        with self.assertRaisesMessage(ValidationError, "U+202E"):
            validate_name("Ana\u202eseyeR")
