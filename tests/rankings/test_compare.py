import re

from tests.rankings.test_rankings_views import LoadedTestCase

URL = "/rankings/compare/"


class CompareTests(LoadedTestCase):
    def test_two_states_stand_beside_one_another(self):
        page = self.client.get(f"{URL}?s=NM&s=TX")

        self.assertContains(page, "<h1>New Mexico and Texas</h1>")
        self.assertContains(page, "100 of 100, rank 1 of 47")
        self.assertContains(page, "0 of 100, rank 27 (shared) of 47")
        self.assertContains(page, "City of Beaumont v. Bouillion")

    def test_ranges_provisional_grades_and_limits_are_shown(self):
        page = self.client.get(f"{URL}?s=AR&s=NM")

        self.assertContains(page, "50 to 60 of 100, rank 10 (shared) of 47")
        self.assertContains(page, "provisional, B at most")
        self.assertContains(page, "0 to 10 of 10")
        self.assertContains(page, '"New Mexico">Recovery is capped at $2 million')
        self.assertNotContains(self.client.get(f"{URL}?s=AR&s=TX"), "Not scored")

    def test_four_states_each_with_every_question(self):
        page = self.client.get(f"{URL}?s=NM&s=TX&s=ca&s=ID").content.decode()
        table = page[page.index("<table") : page.index("</table>")]

        self.assertEqual(table.count('scope="col"'), 5)
        for row in re.findall(r'<tr role="row">.*?</tr>', table, re.DOTALL)[1:]:
            states = re.findall(r'<td role="cell" data-state="([^"]+)">', row)
            self.assertEqual(states, ["New Mexico", "Texas", "California", "Idaho"])
        self.assertIn("Not yet assessed", table)

    def test_a_citation_still_open_is_marked_here_too(self):
        page = self.client.get(f"{URL}?s=MN&s=TX")

        self.assertContains(page, "(not yet checked against the source)", 1)

    def test_the_form_stands_alone_at_first(self):
        page = self.client.get(URL)

        self.assertContains(page, "Choose two to four states")
        self.assertContains(page, "This is not legal advice.")
        self.assertNotContains(page, "<table")
        self.assertNotContains(page, 'role="alert"')

    def test_empty_choices_of_the_form_do_not_count(self):
        page = self.client.get(f"{URL}?s=NM&s=&s=TX&s=")

        self.assertContains(page, "<h1>New Mexico and Texas</h1>")

    def test_nonsense_is_answered_with_a_sentence(self):
        for query, sentence in (
            ("s=NM", "Choose at least two different states."),
            ("s=NM&s=NM&s=nm", "Choose at least two different states."),
            ("s=NM&s=ZZ", "There is no such state."),
            ("s=NM&s=PR", "There is no such state."),
            ("s=%00&s=%FF", "There is no such state."),
            ("s=" + "N" * 3000, "There is no such state."),
            ("s=NM&s=TX&s=CA&s=OH&s=FL", "Compare at most 4 states at a time."),
            ("&".join(f"s={n}" for n in range(900)), "Compare at most 4 states"),
        ):
            with self.subTest(query[:40]):
                page = self.client.get(f"{URL}?{query}")

                self.assertContains(page, sentence, status_code=400)
                self.assertContains(page, "<select", status_code=400)

    def test_what_was_chosen_stays_chosen(self):
        page = self.client.get(f"{URL}?s=NM").content.decode()

        self.assertEqual(
            re.findall(r'value="(\w*)" selected', page.replace("\n", "")), ["NM"]
        )
