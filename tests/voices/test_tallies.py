import random

from django.db import connection
from django.test import TestCase
from django.utils import timezone

from tests.factories import (
    make_founding_voice,
    make_published_voice,
    make_reason,
    make_signature,
    make_staff,
    make_voice,
)
from voices.models import Signature, Tally, Voice
from voices.moderation import decide, undoing
from voices.tasks import fold_tallies


def signers():
    return Tally.objects.signers().total()


def statements():
    return Tally.objects.statements().cells()


def counted_afresh():
    """The same figures, counted from the rows themselves."""
    cells = {}
    for voice in Voice.objects.on_the_wall():
        cell = (voice.state, voice.profession_group)
        cells[cell] = cells.get(cell, 0) + 1
    founding = Voice.objects.published().filter(founding_number__isnull=False).count()
    counting = Signature.objects.filter(counted_at__isnull=False, withdrawn_at=None)
    return founding + counting.count(), cells


def run(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)


class TallyTests(TestCase):
    def all_of(self, voice):
        return Voice.objects.filter(pk=voice.pk)

    def test_follows_publishing_taking_down_and_undoing(self):
        by = make_staff()
        voice = make_voice(state="TX", profession="Nurse")
        one = {("TX", "health-care"): 1}

        self.assertEqual(statements(), {})
        decide.publish(self.all_of(voice), by)
        self.assertEqual(statements(), one)
        decide.take_down(self.all_of(voice), by, make_reason())
        self.assertEqual(statements(), {})
        undoing.undo(self.all_of(voice), by)
        self.assertEqual(statements(), one)
        undoing.undo(self.all_of(voice), by)
        self.assertEqual(statements(), {})

    def test_a_correction_moves_a_statement_to_another_cell(self):
        voice = make_published_voice(state="TX", profession="Nurse")

        voice.state = "NM"
        voice.profession_group = "other"
        voice.save()

        self.assertEqual(statements(), {("NM", "other"): 1})

    def test_a_name_alone_is_no_statement(self):
        make_published_voice(statement="")

        self.assertEqual(statements(), {})

    def test_a_founding_voice_counts_while_it_is_published(self):
        by = make_staff()
        voice = make_founding_voice(1)

        self.assertEqual(signers(), 1)
        decide.take_down(self.all_of(voice), by, make_reason())
        self.assertEqual(signers(), 0)

    def test_a_signature_counts_whether_or_not_its_voice_is_published(self):
        signature = make_signature()
        make_signature(name_display="unlisted")

        decide.publish(self.all_of(signature.voice), make_staff())

        self.assertEqual(signers(), 2)

    def test_a_signature_counts_until_it_is_withdrawn(self):
        signature = make_signature(counted_at=None)
        self.assertEqual(signers(), 0)

        Signature.objects.update(counted_at=timezone.now())
        self.assertEqual(signers(), 1)
        Signature.objects.update(withdrawn_at=timezone.now())
        self.assertEqual(signers(), 0)
        Signature.objects.update(withdrawn_at=None)
        signature.delete()

        self.assertEqual(signers(), 0)

    def test_follows_rows_changed_with_sql(self):
        make_signature(state="TX")
        for number in (1, 2):
            make_founding_voice(number, state="TX")
            make_voice(state="TX")

        run(
            "UPDATE voices_voice SET published_at = now() WHERE founding_number IS NULL"
        )
        run("UPDATE voices_voice SET state = 'NM' WHERE founding_number = 1")
        run("UPDATE voices_signature SET state = 'NM'")
        run("DELETE FROM voices_voice WHERE founding_number = 2")

        self.assertEqual((signers(), statements()), counted_afresh())
        self.assertEqual(signers(), 2)
        self.assertEqual(Tally.objects.signers().filter(state="TX").total(), 0)

    def test_a_change_without_effect_on_figures_writes_no_row(self):
        make_published_voice()
        before = Tally.objects.count()

        Voice.objects.update(name="Another Name")

        self.assertEqual(Tally.objects.count(), before)

    def test_folding_leaves_one_row_per_cell(self):
        chance = random.Random(7)
        for number in range(40):
            founding = {"founding_number": number, "published_at": None}
            voice = make_published_voice(
                **founding if number % 2 else {},
                state=chance.choice(["TX", "NM", "OH"]),
                profession=chance.choice(["Nurse", "Farmer", ""]),
            )
            if number % 5 == 0:
                Voice.objects.filter(pk=voice.pk).update(taken_down_at=timezone.now())
        before = (signers(), statements())

        fold_tallies(timestamp=0)

        self.assertEqual((signers(), statements()), before)
        self.assertEqual(before, counted_afresh())
        cells = Tally.objects.values_list("subject", "state", "profession_group")
        self.assertEqual(len(set(cells)), len(cells))
        self.assertFalse(Tally.objects.filter(change=0).exists())

    def test_folding_an_empty_table_works(self):
        Tally.objects.fold()

        self.assertEqual(signers(), 0)
