from django.test import SimpleTestCase

from rankings.meaning import Meaning
from rankings.scoring import Covers, Facts, Immunity, Payer, RightToSue


def meaning(right="", immunity="", covers="", payer=""):
    return Meaning(Facts(right, immunity, covers, payer), "Ohio")


class WordsTests(SimpleTestCase):
    def test_says_whether_one_can_sue_and_what_stands_in_the_way(self):
        for facts, parts in (
            (("statute", "barred", "all"), ("lets you sue", "has rejected qualified")),
            (("court", "limited", "all"), ("allow suits", "removed only in part")),
            (("court", "unclear", "all"), ("allow suits", "not settled whether imm")),
            (("court", "applies", "all"), ("allow suits", "or a similar test")),
            (("statute", "barred", "police"), ("If a police officer in Ohio",)),
            (("statute", "barred", "narrow"), ("prove something more, such as",)),
            (("court", "barred", "entity"), ("only or mainly a government body",)),
            (("court_narrow", "barred", "narrow"), ("only over certain rights",)),
            (("unclear",), ("it is not settled whether you can sue", "federal law")),
            (("none",), ("generally doesn’t let you sue", "federal law")),
        ):
            with self.subTest(facts):
                for part in parts:
                    self.assertIn(part, meaning(*facts).words)

    def test_says_nothing_before_the_state_is_assessed(self):
        self.assertEqual(meaning().words, "")
        self.assertEqual(meaning("statute").words, "")

    def test_every_combination_of_facts_has_words(self):
        for right in RightToSue:
            for immunity in Immunity:
                for covers in ["", *Covers]:
                    for payer in ["", *Payer]:
                        words = meaning(right, immunity, covers, payer).words

                        self.assertRegex(words, r"^If an? .+\. .+\.$")

    def test_asks_for_the_next_thing_that_the_law_lacks(self):
        for facts, part in (
            (("none",), "without immunity"),
            (("statute", "limited", "all"), "bars immunity"),
            (("court_narrow", "barred", "narrow"), "over every right"),
            (("statute", "barred", "narrow"), "without proving more"),
            (("statute", "barred", "police"), "officials of every kind"),
        ):
            with self.subTest(facts):
                self.assertIn(part, meaning(*facts).request)
        self.assertEqual(meaning("statute", "barred", "all").request, "")
        self.assertEqual(meaning().request, "")
