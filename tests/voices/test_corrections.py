from functools import partial

from django.test import TestCase
from django.utils import timezone

from tests.committed import CommittedTestCase, at_once
from tests.factories import (
    approve_edit,
    deliver,
    make_published_voice,
    make_reason,
    make_signature,
    make_staff,
    make_voice,
)
from tests.voices.test_tallies import counted_afresh, signers, statements
from voices.managing.changes import (
    correct,
    correct_details,
    erase,
    show_as,
    withdraw,
)
from voices.models import Correction, Decision, Tally, Voice
from voices.moderation import decide, undoing
from voices.wall.models import Edited

OLD = ("Columbus", "OH")
OLD_PLACE = ", ".join(OLD)
STATES = ["NV", "NM", "TX", "AK", "CA"]
PUBLISHED, SENT = "Published words.", "Better words."
SHORTER = "Words."


def signers_by_state():
    states = Tally.objects.signers().by_state()
    return {state: count for state, count in states.items() if count}


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

        waiting = self.voice.corrections.get()
        self.assertEqual(waiting.words, {"statement": "Best words."})

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
            self.assertEqual(waiting.words, {"statement": "Best words."})
            self.assertEqual(waiting.replaced, {})
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
        self.assertEqual(self.correction.replaced, {"statement": PUBLISHED})
        self.assertEqual(self.voice.statement, SENT)
        self.assertEqual(self.voice.statement_as_sent, SENT)

    def test_each_of_several_points_to_its_own(self):
        other = make_published_voice()
        correct(make_signature(voice=other), "Other words.")

        decide.publish(self.voices, self.by)

        for correction in Correction.objects.all():
            self.assertEqual(correction.decision, correction.voice.decisions.get())
            self.assertEqual(
                {"statement": correction.voice.statement}, correction.words
            )

    def test_only_publishing_keeps_what_it_replaced(self):
        decide.decline(self.voices, self.by, make_reason(), tell=False)

        self.again()
        self.assertEqual(self.correction.replaced, {})
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

            undoing.undo(self.voices, self.by)
            self.again()
            self.assertTrue(Voice.objects.waiting().exists())
            self.assertEqual(self.voice.statement, PUBLISHED)
            self.assertEqual(self.correction.words, {"statement": SENT})
            self.assertEqual(self.correction.replaced, {})

        self.correction.delete()
        self.voice.refresh_from_db()
        self.assertIsNone(self.voice.corrected_at)

    def test_a_published_one_that_was_edited_waits_as_edited(self):
        decide.publish(self.voices, self.by)
        approve_edit(self.voice, self.by, statement=SHORTER)

        undoing.undo(self.voices, self.by)

        self.again()
        self.assertEqual((self.voice.statement, self.voice.edited), (PUBLISHED, ""))
        self.assertEqual(self.voice.statement_as_sent, PUBLISHED)
        self.assertEqual(self.correction.words, {"statement": SHORTER})
        decide.publish(self.voices, self.by)
        self.again()
        self.assertEqual(self.voice.statement, SHORTER)
        self.assertEqual(self.voice.statement_as_sent, SENT)
        self.assertEqual(self.voice.edited, Edited.FOR_LENGTH)

    def test_undoing_one_restores_an_edited_statement_with_its_label(self):
        correct(self.signature, PUBLISHED)
        approve_edit(self.voice, self.by, statement=SHORTER)
        correct(self.signature, SENT)
        decide.publish(self.voices, self.by)
        self.again()
        self.assertEqual(self.voice.edited, "")

        undoing.undo(self.voices, self.by)

        self.again()
        self.assertEqual(self.voice.statement, SHORTER)
        self.assertEqual(self.voice.statement_as_sent, PUBLISHED)
        self.assertEqual(self.voice.edited, Edited.FOR_LENGTH)

    def test_undoing_flags_its_words_again(self):
        correct(self.signature, "Call me: 555-010-9999, please.")
        decide.decline(self.voices, self.by, make_reason(), tell=False)
        self.voice.refresh_from_db()
        self.assertEqual(self.voice.flags, [])

        undoing.undo(self.voices, self.by)

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


class DetailsTests(TestCase):
    """A published voice whose author corrects name, city, state, or profession."""

    def setUp(self):
        self.by, self.voices = make_staff(), Voice.objects.all()
        self.voice = make_published_voice(
            name="Ana Reyes", profession="Nurse", statement=PUBLISHED
        )
        self.signature = make_signature(voice=self.voice)

    def again(self):
        self.voice.refresh_from_db()
        self.signature.refresh_from_db()

    def waiting(self):
        return Correction.objects.waiting().get().words

    def test_the_public_ones_stay_until_a_moderator_has_read_them(self):
        new = {"name": "Anna Reyes", "city": "Reno", "state": "NV"}
        correct_details(self.signature, **new)

        self.again()
        self.assertEqual((self.voice.name, self.voice.place), ("Ana Reyes", OLD_PLACE))
        self.assertEqual(self.waiting(), new)
        decide.publish(self.voices, self.by)
        self.again()
        self.assertEqual(
            (self.voice.name, self.voice.place), ("Anna Reyes", "Reno, NV")
        )
        self.assertEqual(self.voice.statement, PUBLISHED)

    def test_undoing_restores_the_earlier_ones(self):
        correct_details(self.signature, city="Reno", state="NV", profession="Lawyer")
        decide.publish(self.voices, self.by)
        self.again()
        self.assertEqual(self.voice.profession_group, "law")

        undoing.undo(self.voices, self.by)

        self.again()
        self.assertEqual(
            (self.voice.profession, self.voice.place), ("Nurse", OLD_PLACE)
        )
        self.assertEqual(self.voice.profession_group, "health-care")
        self.assertEqual(self.waiting()["city"], "Reno")

    def test_the_signature_counts_in_its_new_state_at_once(self):
        correct_details(self.signature, state="NV")

        states = Tally.objects.signers().by_state()
        self.assertEqual((states["NV"], states["OH"]), (1, 0))
        states = Tally.objects.statements().by_state()
        self.assertEqual((states["NV"], states["OH"]), (0, 1))

    def test_figures_and_searches_follow_the_published_state(self):
        correct_details(self.signature, state="NV")
        decide.publish(self.voices, self.by)

        states = Tally.objects.statements().by_state()
        self.assertEqual((states["NV"], states["OH"]), (1, 0))
        self.assertEqual((signers(), statements()), counted_afresh())
        self.assertTrue(self.voices.matching("Nevada").exists())
        self.assertFalse(self.voices.matching("Ohio").exists())

    def test_removed_ones_disappear_at_once_and_for_good(self):
        correct_details(self.signature, city="Reno")
        decide.publish(self.voices, self.by)

        correct_details(self.signature, city="", profession="")
        undoing.undo(self.voices, self.by)

        self.again()
        self.assertEqual((self.voice.city, self.voice.profession), ("", ""))
        self.assertEqual(self.voice.profession_group, "")
        self.assertFalse(Correction.objects.exists())

    def test_a_statement_and_details_wait_together(self):
        correct_details(self.signature, city="Reno")
        correct(self.signature, SENT)
        correct_details(self.signature, state="NV")

        self.assertEqual(
            self.waiting(), {"city": "Reno", "state": "NV", "statement": SENT}
        )

    def test_the_earlier_details_sent_again_leave_none(self):
        correct_details(self.signature, city="Reno")

        correct_details(self.signature, city="Columbus")

        self.assertFalse(Correction.objects.exists())
        self.assertFalse(Voice.objects.waiting().exists())

    def test_unchanged_ones_leave_a_moderator_s_edit(self):
        Voice.objects.update(city="COLUMBUS")

        correct_details(self.signature, city="Columbus", name="Ana Reyes")

        self.assertFalse(Correction.objects.exists())
        self.assertEqual(Voice.objects.get().city, "COLUMBUS")

    def test_a_voice_in_review_has_them_at_once_and_is_read_again(self):
        voice = make_voice()
        signature = make_signature(voice=voice)
        read_at = timezone.now()

        correct_details(signature, name="Bea Cruz", city="Reno")

        voice.refresh_from_db()
        self.assertEqual((voice.name, voice.city), ("Bea Cruz", "Reno"))
        unread = self.voices.filter(pk=voice.pk)
        self.assertFalse(decide.unchanged_since(unread, read_at).exists())

    def test_an_unlisted_signer_s_state_counts(self):
        signature = make_signature(name_display="unlisted", voice=None)

        correct_details(signature, state="NV", name="Bea Cruz")

        self.assertEqual(Tally.objects.signers().by_state()["NV"], 1)
        self.assertEqual(Voice.objects.count(), 1)

    def test_hiding_part_of_a_name_shows_no_unread_word(self):
        correct_details(self.signature, name="Rude Ana")
        show_as(self.signature, "first")

        self.again()
        self.assertEqual(self.voice.name, "R.")
        self.assertEqual(self.waiting(), {"name": "Rude"})

    def test_a_hidden_part_of_a_name_does_not_come_back(self):
        correct_details(self.signature, name="Anna Reyes")
        decide.publish(self.voices, self.by)
        show_as(self.signature, "first")

        undoing.undo(self.voices, self.by)

        self.again()
        self.assertEqual(self.voice.name, "Anna")

    def test_flags_look_at_unread_ones(self):
        make_staff("abc", first_name="Site", last_name="Owner")

        correct_details(self.signature, name="Site Owner")

        self.again()
        self.assertEqual(self.voice.flags, ["like-staff"])

    def test_a_letter_shows_the_declined_ones(self):
        correct_details(self.signature, city="Rudeville")
        decide.decline(self.voices, self.by, make_reason(), tell=True)

        (message,) = deliver()

        self.assertIn("Rudeville, Ohio", message.body)
        self.assertIn("stays as it is", message.body)

    def test_a_withdrawn_signature_keeps_its_own(self):
        withdraw(self.signature)

        correct_details(self.signature, city="Reno", state="NV")

        self.again()
        self.assertEqual((self.signature.city, self.signature.state), OLD)


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
            self.assertEqual(
                Correction.objects.waiting().get().words, {"statement": unread}
            )
            self.assertEqual(
                self.voice.corrected_at, self.voice.corrections.get().sent_at
            )

    def test_details_sent_during_a_decision_are_never_published_unread(self):
        for number in range(5):
            correct_details(self.signature, city=f"Read {number}")
            at = timezone.now()

            at_once(
                lambda at=at: decide.publish(
                    decide.unchanged_since(Voice.objects.all(), at), self.by
                ),
                lambda number=number: correct_details(
                    self.signature, city=f"Unread {number}", state=STATES[number]
                ),
            )

            self.voice.refresh_from_db()
            self.assertNotIn("Unread", self.voice.city)
            words = Correction.objects.waiting().get().words
            self.assertEqual(words["city"], f"Unread {number}")
            self.assertEqual((signers(), statements()), counted_afresh())
            self.assertEqual(signers_by_state(), {STATES[number]: 1})

    def test_two_at_once_leave_one_correction_and_exact_figures(self):
        for number in range(5):
            at_once(
                *[
                    lambda state=state, number=number: correct_details(
                        self.signature, city=f"{state} {number}", state=state
                    )
                    for state in ("NM", "TX")
                ]
            )

            self.signature.refresh_from_db()
            words = Correction.objects.waiting().get().words
            self.assertEqual(words["state"], self.signature.state)
            self.assertEqual(words["city"], self.signature.city)
            self.assertEqual(signers_by_state(), {self.signature.state: 1})

    def test_withdrawing_during_a_decision_shows_and_counts_nothing(self):
        correct_details(self.signature, state="NV")

        at_once(
            lambda: decide.publish(Voice.objects.all(), self.by),
            lambda: withdraw(self.signature),
            lambda: correct_details(self.signature, state="TX"),
        )

        self.assertFalse(Voice.objects.published().exists())
        self.assertFalse(Voice.objects.waiting().exists())
        self.assertEqual((signers(), statements()), (0, {}))
        self.assertEqual(signers_by_state(), {})

    def test_erasing_during_a_decision_leaves_no_text(self):
        at_once(
            lambda: decide.publish(Voice.objects.all(), self.by),
            lambda: erase(self.signature),
        )

        self.voice.refresh_from_db()
        self.assertEqual(self.voice.statement, "")
        self.assertFalse(Correction.objects.exists())
