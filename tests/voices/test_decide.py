from django.db import transaction
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
from voices.models import Decision, Letter, Voice
from voices.moderation import decide, propose, undoing


class DecideTests(TestCase):
    def setUp(self):
        self.by = make_staff()
        self.reason = make_reason()

    def test_each_returns_the_number_of_voices_changed(self):
        waiting = [make_voice() for _ in range(3)]
        make_published_voice()
        make_voice(review_since=None)

        self.assertEqual(decide.publish(Voice.objects.all(), self.by), 3)
        self.assertEqual(decide.publish(Voice.objects.all(), self.by), 0)
        self.assertEqual(
            set(Decision.objects.values_list("voice_id", flat=True)),
            {voice.pk for voice in waiting},
        )

    def test_a_voice_not_in_the_queue_is_not_published(self):
        make_voice(review_since=None)

        self.assertEqual(decide.publish(Voice.objects.all(), self.by), 0)

    def test_a_decision_whose_log_row_fails_is_not_made(self):
        voice = make_signature().voice
        with self.assertRaises(ValueError), transaction.atomic():
            decide.publish(Voice.objects.all(), by="nobody")

        voice.refresh_from_db()
        self.assertFalse(voice.is_published)
        self.assertFalse(Decision.objects.exists())
        self.assertFalse(Letter.objects.exists())

    def test_undoing_goes_back_step_by_step(self):
        voice = make_voice()
        voices = Voice.objects.filter(pk=voice.pk)
        decide.ask_changes(voices, self.by, "Shorter, please.")
        decide.publish(voices, self.by)
        decide.feature(voices, self.by)
        decide.take_down(voices, self.by, self.reason)

        statuses = []
        while undoing.undo(voices, self.by):
            now = voices.get()
            statuses.append(
                (now.is_published, bool(now.featured_at), bool(now.changes_asked_at))
            )

        self.assertEqual(
            statuses,
            [
                (True, False, True),
                (True, False, True),
                (False, False, True),
                (False, False, False),
            ],
        )
        self.assertTrue(voices.waiting().exists())

    def test_a_voice_without_a_statement_is_not_featured_again(self):
        voice = make_published_voice(featured_at=timezone.now())
        decide.unfeature(Voice.objects.all(), self.by)
        Voice.objects.update(statement="")

        undoing.undo(Voice.objects.all(), self.by)

        voice.refresh_from_db()
        self.assertIsNone(voice.featured_at)

    def test_changes_are_requested_once_at_a_time(self):
        make_voice()
        decide.ask_changes(Voice.objects.all(), self.by, "Please leave out the name.")

        again = decide.ask_changes(Voice.objects.all(), self.by, "And the city.")

        self.assertEqual(again, 0)
        self.assertEqual(
            Voice.objects.get().changes_asked, "Please leave out the name."
        )

    def test_a_founding_voice_s_edit_keeps_a_concurrent_decision(self):
        voice = make_founding_voice(1)
        opened = Voice.objects.get(pk=voice.pk)
        decide.feature(Voice.objects.all(), self.by)

        opened.statement = "Edited."
        propose.edit(opened, self.by)

        voice.refresh_from_db()
        self.assertEqual(voice.statement, "Edited.")
        self.assertIsNotNone(voice.featured_at)
        self.assertEqual(voice.edited, "")

    def test_a_taken_down_voice_loses_its_place_on_the_home_page(self):
        make_published_voice(featured_at=timezone.now())

        decide.take_down(Voice.objects.all(), self.by, self.reason)

        self.assertIsNone(Voice.objects.get().featured_at)
