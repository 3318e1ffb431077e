import csv
from io import StringIO

from django.core.management import call_command
from django.test import TestCase

from tests.factories import make_reason, make_staff
from voices.management.commands.load_founding_voices import DATA_FILE
from voices.models import Decision, Tally, Voice
from voices.moderation import decide


def load():
    said = StringIO()
    call_command("load_founding_voices", stdout=said)
    return said.getvalue()


def data():
    with DATA_FILE.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


class LoadFoundingVoicesTests(TestCase):
    def setUp(self):
        self.said = load()
        self.first = Voice.objects.filter(founding_number=1)

    def test_loads_every_voice_word_for_word(self):
        self.assertEqual(self.said, "Founding voices added: 34\n")
        for row in data():
            voice = Voice.objects.get(founding_number=row["number"])
            for field in ("name", "profession", "city", "state", "statement"):
                self.assertEqual(getattr(voice, field), row[field])
            self.assertEqual(voice.statement_as_sent, row["statement"])
            self.assertEqual(voice.profession_group, row["group"])
            self.assertEqual(bool(voice.featured_at), bool(row["featured"]))

    def test_they_are_published_and_counted(self):
        self.assertEqual(Voice.objects.on_the_wall().count(), 34)
        self.assertEqual(Tally.objects.signers().total(), 34)

    def test_loading_again_changes_nothing(self):
        before = list(Voice.objects.order_by("pk").values())

        self.assertEqual(load(), "Founding voices unchanged: 34\n")
        self.assertEqual(list(Voice.objects.order_by("pk").values()), before)

    def test_an_unedited_voice_is_updated(self):
        published = self.first.get().published_at
        self.first.update(city="Cmden", statement="Typo.")

        said = load()

        self.assertIn("corrected: 1", said)
        self.assertEqual(self.first.get().city, "Camden")
        self.assertEqual(self.first.get().statement, data()[0]["statement"])
        self.assertEqual(self.first.get().published_at, published)

    def test_an_edited_voice_is_kept(self):
        voice = self.first.get()
        voice.statement = "As its author wants it now."
        decide.edit(voice, make_staff())

        said = load()

        self.assertIn("left to staff: 1", said)
        self.assertEqual(self.first.get().statement, "As its author wants it now.")

    def test_a_taken_down_voice_stays_down(self):
        by, reason = make_staff(), make_reason()
        decide.take_down(self.first, by, reason)
        self.first.update(city="Cmden")

        load()

        self.assertIsNotNone(self.first.get().taken_down_at)
        self.assertEqual(self.first.get().city, "Cmden")
        self.assertEqual(Voice.objects.count(), 34)
        self.assertEqual(Decision.objects.count(), 1)
