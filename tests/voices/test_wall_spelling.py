import time

from django.test import SimpleTestCase

from voices.wall.spelling import correct, known_words, shortened


class CorrectTests(SimpleTestCase):
    def test_one_wrong_letter_is_corrected(self):
        for typed, corrected in (
            ("Texsa", "Texas"),
            ("californa", "California"),
            ("massachusets", "Massachusetts"),
            ("massachusettz", "Massachusetts"),
            ("nusre", "nurse"),
            ("taecher", "teacher"),
            ("polise", "police"),
            ("immunitty", "immunity"),
            ("new mexcio", "new Mexico"),
            ("law and ordr of texsa", "law and ordr of Texas"),
        ):
            self.assertEqual(correct(typed), corrected)

    def test_codes_and_other_names_of_places_become_names(self):
        for typed, corrected in (
            ("tx", "Texas"),
            ("D.C.", "District of Columbia"),
            ("USVI", "U.S. Virgin Islands"),
            ("in", "Indiana"),
            ("nurse TX", "nurse Texas"),
        ):
            self.assertEqual(correct(typed), corrected)

    def test_nothing_else_changes(self):
        for typed in (
            "Texas",
            "texas nurse",
            "zebra",
            "the law or me",
            '"texsa"',
            "“texsa”",
            '"texsa',
            "-texsa",
            "cta",
            "😀",
            "'",
        ):
            self.assertEqual(correct(typed), "", typed)

    def test_words_differ_by_one_letter_if_they_share_a_shortened_form(self):
        for other in ("nurse", "nurs", "nursee", "nurxe", "nusre", "xnurse"):
            self.assertTrue(shortened("nurse") & shortened(other), other)
        for other in ("purses", "nubby", "esrun"):
            self.assertFalse(shortened("nurse") & shortened(other), other)

    def test_the_longest_search_takes_milliseconds(self):
        known_words()
        correct("texsa")
        begun = time.process_time()

        correct("texsa abcdefghi " * 12)

        self.assertLess(time.process_time() - begun, 0.1)

    def test_the_list_is_small_and_clean(self):
        self.assertIn("texas", known_words())
        self.assertNotIn("words", known_words())
        self.assertLess(len(known_words()), 1000)
        for word in known_words():
            self.assertRegex(word, r"\A[a-z]{4,}\Z")
