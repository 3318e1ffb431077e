from django.test import SimpleTestCase

from tests.faq.told import read, recorded, told


class ToldTests(SimpleTestCase):
    def test_quotations_and_figures_are_as_recorded(self):
        found, before = set(read()), set(recorded())

        hint = "If a source says so, record it: docs/content.md."
        self.assertEqual(found - before, set(), hint)
        self.assertEqual(before - found, set(), hint)

    def test_an_edit_in_a_quotation_or_of_a_figure_is_seen(self):
        before = list(told("In 2014 he said “no clear law” to $71,000.[^12]"))

        self.assertEqual(before[0], ("quotation", "no clear law"))
        self.assertEqual(before[1], ("figures", "2014 71,000"))
        for other in ("In 2014 he said “no law” to $71,000.", "“no clear law”, 2014"):
            self.assertNotEqual(list(told(other)), before)
        self.assertEqual(list(told("To $71,000, in 2014: “no clear law”")), before)
