from django.template import Context, Template
from django.test import TestCase

from tests.factories import make_published_voice, make_signature, make_voice
from tests.voices.test_petition import ask_for_something_else


def show(usps="OH"):
    template = Template("{% load voices %}{% state_voices usps %}")
    return template.render(Context({"usps": usps}))


class StateVoicesTests(TestCase):
    def test_shows_the_newest_statements_of_the_state_only(self):
        for number in range(4):
            make_published_voice(statement=f"Statement {number}.")
        make_published_voice(state="TX", statement="From elsewhere.")
        make_voice(statement="Still waiting.")

        page = show()

        for text in ("Statement 1.", "Statement 2.", "Statement 3."):
            self.assertIn(text, page)
        for text in ("Statement 0.", "elsewhere", "waiting"):
            self.assertNotIn(text, page)
        self.assertIn("All 4 voices", page)

    def test_fewer_than_ten_signers_are_not_shown_as_a_number(self):
        for _ in range(9):
            make_signature(name_display="unlisted")

        page = show()

        self.assertIn("We show how many people from Ohio have signed once", page)
        self.assertNotIn("<b>9</b>", page)

    def test_numbers_withheld_in_the_count_files_are_withheld_here(self):
        for state, number in (("AK", 3), ("OH", 12), ("TX", 15)):
            for _ in range(number):
                make_signature(state=state, name_display="unlisted")

        # With 30 in all and 12 and 15 shown, anyone could infer the three.
        self.assertNotIn("<b>12</b>", show("OH"))
        self.assertIn("<b>15</b> people from Texas", show("TX"))

    def test_ten_or_more_signers_are_shown_as_a_number(self):
        for _ in range(10):
            make_signature(name_display="unlisted")

        self.assertIn("<b>10</b> people from Ohio have signed", show())

    def test_a_state_without_a_statement_invites_the_first(self):
        page = show("AK")

        self.assertIn("No statement from Alaska is published yet.", page)
        self.assertIn("Yours could be the first here.", page)
        self.assertIn("We show how many people from Alaska have signed once", page)
        self.assertNotIn("statements here", page)
        self.assertIn('href="/voices/add/?state=AK"', page)

    def test_a_statement_that_waits_is_not_denied(self):
        make_voice(state="AK")

        page = show("AK")

        self.assertIn("No statement from Alaska is published yet.", page)
        self.assertNotIn("would be the first", page)

    def test_the_number_who_signed_earlier_words_is_not_the_states(self):
        for _ in range(12):
            make_signature(state="TX", name_display="unlisted")
        ask_for_something_else()

        note = "Across the country and abroad, 12 people signed the earlier words."
        self.assertIn(note, show("AK"))

    def test_asks_the_database_twice(self):
        for _ in range(5):
            make_published_voice()

        with self.assertNumQueries(2):
            show()

    def test_statements_do_not_contradict_a_number_of_signers_that_is_withheld(self):
        for _ in range(3):
            make_published_voice()

        page = " ".join(show().split())

        self.assertIn("3 statements here. We show how many people from Ohio", page)
        self.assertIn("once there are at least 10 and the number doesn’t reveal", page)

    def test_the_district_has_its_article(self):
        self.assertIn("Voices from the District of Columbia", show("DC"))
