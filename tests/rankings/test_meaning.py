from django.test import SimpleTestCase

from rankings.meaning import Meaning
from rankings.scoring import Covers, Facts, Immunity, Payer, RightToSue


def meaning(right="", immunity="", covers="", payer="", usps="OH"):
    return Meaning(Facts(right, immunity, covers, payer), usps)


def every_combination():
    for right in RightToSue:
        for immunity in Immunity:
            for covers in ["", *Covers]:
                for payer in ["", *Payer]:
                    yield right, immunity, covers, payer


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
        for facts in every_combination():
            self.assertRegex(meaning(*facts).words, r"^If an? .+\. .+\.$")

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


class DistrictTests(SimpleTestCase):
    def test_in_the_district_nothing_is_said_of_a_state(self):
        for facts in every_combination():
            dc = meaning(*facts, usps="DC")

            self.assertNotRegex(f"{dc.words} {dc.request}", r"\bstates?\b|[{}]")
            self.assertIn(" in the District of Columbia violates", dc.words)
            self.assertEqual(bool(dc.request), bool(meaning(*facts).request))

    def test_the_council_is_asked_for_what_the_law_there_lacks(self):
        unknown = meaning(usps="DC")
        narrow = meaning("court_narrow", "barred", "narrow", usps="DC")

        self.assertEqual(narrow.lawmakers, "the D.C. Council")
        self.assertEqual(unknown.words, "")
        self.assertIn("lets people sue when officials", unknown.request)
        self.assertIn("every right in the U.S. Constitution", narrow.request)
        # It has a right to sue, but not all that a grade needs is known.
        self.assertEqual(meaning("statute", usps="DC").request, "")
        self.assertEqual(meaning("statute", "barred", "all", usps="DC").request, "")
