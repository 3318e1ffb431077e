from django.test import SimpleTestCase

from rankings.states import ELSEWHERE, JURISDICTIONS, PLACES


class StatesTests(SimpleTestCase):
    def test_the_ranked_are_fifty_states_and_the_capital(self):
        self.assertEqual(len(JURISDICTIONS), 51)
        self.assertEqual(JURISDICTIONS["DC"], "District of Columbia")

    def test_people_sign_from_the_territories_and_from_abroad_too(self):
        self.assertEqual(set(ELSEWHERE), {"PR", "GU", "VI", "AS", "MP", "AA"})
        self.assertEqual(len(PLACES), 57)

    def test_every_code_is_two_capitals_and_every_name_its_own(self):
        for code in PLACES:
            self.assertRegex(code, r"\A[A-Z]{2}\Z")
        self.assertEqual(len(set(PLACES.values())), len(PLACES))
