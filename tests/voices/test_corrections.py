from functools import partial

from django.test import TestCase
from django.utils import timezone

from tests.committed import CommittedTestCase, at_once
from tests.factories import (
    deliver,
    make_published_voice,
    make_reason,
    make_signature,
    make_staff,
)
from voices.managing.changes import correct, erase, show_as
from voices.models import Correction, Decision, Voice
from voices.moderation import decide

PUBLISHED, SENT = "Published words.", "Better words."


class CorrectionTestCase(TestCase):
    """A published voice whose author sent a correction."""

    def setUp(self):
        self.by, self.voices = make_staff(), Voice.objects.all()
        self.voice = make_published_voice(statement=PUBLISHED)
        self.signature = make_signature(voice=self.voice)
        correct(self.signature, SENT)
        self.again()

    def again(self):
        self.voice.refresh_from_db()
        self.correction = self.voice.corrections.first()


class CorrectionTests(CorrectionTestCase):
    def test_a_second_one_replaces_the_undecided_one(self):
        correct(self.signature, "Best words.")

        self.assertEqual(self.voice.corrections.get().text, "Best words.")

    def test_a_second_one_leaves_nothing_of_a_decided_one(self):
        for answer in (
            decide.publish,
            partial(decide.decline, reason=make_reason(), tell=False),
            partial(decide.ask_changes, changes="Shorter, please."),
        ):
            correct(self.signature, SENT)
            answer(self.voices, self.by)

            correct(self.signature, "Best words.")

            waiting = self.voice.corrections.get()
            self.assertEqual((waiting.text, waiting.replaced), ("Best words.", ""))
            correct(self.signature, PUBLISHED)
            decide.publish(self.voices, self.by)

    def test_the_published_words_sent_again_leave_none(self):
        correct(self.signature, PUBLISHED)

        self.assertFalse(Correction.objects.exists())
        self.assertFalse(Voice.objects.waiting().exists())

    def test_it_points_to_its_decision(self):
        decide.publish(self.voices, self.by)

        self.again()
        self.assertEqual(self.correction.decision, self.voice.decisions.get())
        self.assertEqual(self.correction.replaced, PUBLISHED)
        self.assertEqual(self.voice.statement, SENT)
        self.assertEqual(self.voice.statement_as_sent, SENT)

    def test_each_of_several_points_to_its_own(self):
        other = make_published_voice()
        correct(make_signature(voice=other), "Other words.")

        decide.publish(self.voices, self.by)

        for correction in Correction.objects.all():
            self.assertEqual(correction.decision, correction.voice.decisions.get())
            self.assertEqual(correction.voice.statement, correction.text)

    def test_only_publishing_keeps_what_it_replaced(self):
        decide.decline(self.voices, self.by, make_reason(), tell=False)

        self.again()
        self.assertEqual(self.correction.replaced, "")
        self.assertEqual(self.voice.statement, PUBLISHED)

    def test_the_voice_has_its_date_while_it_waits(self):
        sent_at = self.correction.sent_at
        reason = make_reason()
        for answer in (
            decide.publish,
            partial(decide.decline, reason=reason, tell=False),
            partial(decide.ask_changes, changes="Shorter, please."),
            partial(decide.take_down, reason=reason),
        ):
            self.assertEqual(self.voice.corrected_at, sent_at)

            answer(self.voices, self.by)
            self.again()
            self.assertIsNone(self.voice.corrected_at)
            self.assertFalse(Voice.objects.waiting().exists())

            decide.undo(self.voices, self.by)
            self.again()
            self.assertTrue(Voice.objects.waiting().exists())
            self.assertEqual(self.voice.statement, PUBLISHED)
            self.assertEqual(self.correction.text, SENT)
            self.assertEqual(self.correction.replaced, "")

        self.correction.delete()
        self.voice.refresh_from_db()
        self.assertIsNone(self.voice.corrected_at)

    def test_a_published_one_that_was_edited_waits_as_edited(self):
        decide.publish(self.voices, self.by)
        self.voice.refresh_from_db()
        self.voice.statement = "Edited words."
        decide.edit(self.voice, self.by)

        decide.undo(self.voices, self.by)

        self.again()
        self.assertEqual(self.voice.statement, PUBLISHED)
        self.assertEqual(self.correction.text, "Edited words.")

    def test_undoing_flags_its_words_again(self):
        correct(self.signature, "Call me: 555-010-9999, please.")
        decide.decline(self.voices, self.by, make_reason(), tell=False)
        self.voice.refresh_from_db()
        self.assertEqual(self.voice.flags, [])

        decide.undo(self.voices, self.by)

        self.voice.refresh_from_db()
        self.assertEqual(self.voice.flags, ["phone"])

    def test_a_letter_never_calls_a_later_one_declined(self):
        decide.decline(self.voices, self.by, make_reason(), tell=True)
        correct(self.signature, "Best words.")
        decide.publish(self.voices, self.by)

        (message,) = deliver()

        self.assertEqual(message.subject, "Your voice is published")

    def test_an_erased_voice_keeps_no_text_of_it(self):
        for gone in (erase, partial(show_as, display="unlisted")):
            for answer in (
                lambda: None,
                lambda: decide.publish(self.voices, self.by),
                lambda: decide.decline(self.voices, self.by, make_reason(), tell=False),
            ):
                self.voice = make_published_voice(statement=PUBLISHED)
                self.signature = make_signature(voice=self.voice)
                correct(self.signature, SENT)
                answer()

                gone(self.signature)

                self.again()
                self.assertIsNone(self.correction)
                self.assertIsNone(self.voice.corrected_at)
                self.assertEqual(self.voice.statement, "")


class AtOnceTests(CommittedTestCase):
    def setUp(self):
        super().setUp()
        self.by, self.reason = make_staff(), make_reason()
        self.voice = make_published_voice(statement=PUBLISHED)
        self.signature = make_signature(voice=self.voice)
        correct(self.signature, SENT)

    def test_it_gets_one_decision_of_two(self):
        counts = at_once(
            lambda: decide.publish(Voice.objects.all(), self.by),
            lambda: decide.decline(
                Voice.objects.all(), self.by, self.reason, tell=False
            ),
        )

        self.assertEqual(sum(counts), 1)
        decision = Decision.objects.get()
        self.assertEqual(self.voice.corrections.get().decision, decision)
        self.voice.refresh_from_db()
        published = decision.kind == Decision.Kind.CORRECTION_TAKEN
        self.assertEqual(self.voice.statement, SENT if published else PUBLISHED)

    def test_words_sent_during_a_decision_are_never_published_unread(self):
        for number in range(5):
            read, unread = f"Read {number}.", f"Unread {number}."
            correct(self.signature, read)
            at = timezone.now()

            at_once(
                lambda at=at: decide.publish(
                    decide.unchanged_since(Voice.objects.all(), at), self.by
                ),
                lambda unread=unread: correct(self.signature, unread),
            )

            self.voice.refresh_from_db()
            self.assertNotIn("Unread", self.voice.statement)
            self.assertEqual(Correction.objects.waiting().get().text, unread)
            self.assertEqual(
                self.voice.corrected_at, self.voice.corrections.get().sent_at
            )

    def test_erasing_during_a_decision_leaves_no_text(self):
        at_once(
            lambda: decide.publish(Voice.objects.all(), self.by),
            lambda: erase(self.signature),
        )

        self.voice.refresh_from_db()
        self.assertEqual(self.voice.statement, "")
        self.assertFalse(Correction.objects.exists())
