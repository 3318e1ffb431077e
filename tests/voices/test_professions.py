import csv

from django.test import SimpleTestCase

from voices.management.commands.load_founding_voices import DATA_FILE
from voices.professions import WORDS_FILE, ProfessionGroup, propose_group


class ProposeGroupTests(SimpleTestCase):
    def test_every_group_can_be_reached(self):
        with WORDS_FILE.open(newline="", encoding="utf-8") as file:
            reached = {propose_group(row["words"]) for row in csv.DictReader(file)}

        self.assertEqual(reached | {ProfessionGroup.OTHER}, set(ProfessionGroup))
        self.assertEqual(len(ProfessionGroup), 11)

    def test_words_decide_regardless_of_their_context(self):
        for profession, group in {
            "nurse": "health-care",
            "Retired NURSE": "health-care",
            "Law student": "students",
            "lawyer": "law",
            "Army veteran": "military-and-veterans",
            "Police officer (retired)": "first-responders",
            "farmer": "farmers",
            "pastor": "clergy",
            "teacher": "teachers",
            "electrician": "builders-and-trades",
        }.items():
            with self.subTest(profession):
                self.assertEqual(propose_group(profession), group)

    def test_only_whole_words_count(self):
        self.assertEqual(propose_group("Navyblue painting club"), "other")
        self.assertEqual(propose_group("Studentess"), "other")

    def test_an_unknown_profession_is_other_and_none_is_none(self):
        self.assertEqual(propose_group("Juggler"), "other")
        self.assertEqual(propose_group(""), "")


class FoundingProfessionsTests(SimpleTestCase):
    def test_every_founding_voice_has_one_of_the_groups(self):
        with DATA_FILE.open(newline="", encoding="utf-8") as file:
            groups = [row["group"] for row in csv.DictReader(file)]

        self.assertEqual(len(groups), 34)
        self.assertLessEqual(set(groups), set(ProfessionGroup.values))
