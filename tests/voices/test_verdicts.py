from functools import partial

from django.db import DatabaseError, transaction
from django.test import TestCase
from django.utils import timezone

from accounts.roles import Role, give, make_roles
from tests.committed import CommittedTestCase, at_once
from tests.factories import (
    deliver,
    make_published_voice,
    make_reason,
    make_report,
    make_signature,
    make_staff,
    make_voice,
)
from voices.managing.changes import correct
from voices.models import (
    Claim,
    Decision,
    Hold,
    Reading,
    ReviewRule,
    Voice,
)
from voices.moderation import undoing, verdicts
from voices.moderation.readings import Verdict
from voices.moderation.verdicts import Wish

PUBLISH = Wish(Verdict.PUBLISH)
FLAGGED = "Call me at 555-010-9999 if the same happened to you."


def person(name, role=Role.MODERATOR):
    make_roles()
    user = make_staff(name, is_superuser=False)
    give(user, role)
    return user


class VerdictTestCase(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.first = person("first")
        cls.second = person("second", Role.SECOND_READER)
        cls.lead = person("lead", Role.LEAD)
        cls.reason = make_reason()
        cls.decline = Wish(Verdict.DECLINE, reason=cls.reason)
        cls.take_down = Wish(Verdict.TAKE_DOWN, reason=cls.reason)

    def give(self, voice, by, wish=PUBLISH):
        return verdicts.give(Voice.objects.filter(pk=voice.pk), by, wish)

    def kinds(self, voice):
        return list(voice.decisions.order_by("pk").values_list("kind", flat=True))


class OneReaderTests(VerdictTestCase):
    def test_a_plain_statement_is_published_at_once(self):
        voice = make_voice()

        outcome = self.give(voice, self.first)

        self.assertEqual(outcome.done, [voice.pk])
        self.assertEqual(self.kinds(voice), ["published"])
        self.assertFalse(Reading.objects.exists())

    def test_a_verdict_that_does_not_apply_changes_nothing(self):
        voice = make_published_voice()

        outcome = self.give(voice, self.first)

        self.assertEqual(outcome, verdicts.Outcome())
        self.assertEqual(self.kinds(voice), [])

    def test_nobody_decides_on_their_own_statement(self):
        self.first.email = "First+x@gmail.com"
        signature = make_signature(email="fir.st@gmail.com")

        outcome = self.give(signature.voice, self.first)

        self.assertEqual(outcome.barred, [signature.voice_id])
        self.assertEqual(self.kinds(signature.voice), [])

    def test_nobody_decides_on_what_somebody_else_reads(self):
        voice = make_voice()
        Claim.objects.take(voice.pk, self.second)

        outcome = self.give(voice, self.first)

        self.assertEqual(outcome.busy, [voice.pk])
        self.assertEqual(self.kinds(voice), [])

    def test_nobody_decides_on_what_is_on_hold(self):
        voice = make_voice()
        Hold.objects.create(voice=voice, by=self.first, note="Same family?")

        outcome = self.give(voice, self.first)

        self.assertEqual(outcome.busy, [voice.pk])

    def test_a_decision_ends_the_claim(self):
        voice = make_voice()
        Claim.objects.take(voice.pk, self.first)

        self.give(voice, self.first)

        self.assertFalse(Claim.objects.exists())

    def test_the_number_of_statements_does_not_depend_on_the_number_of_voices(self):
        def statements(count):
            voices = [make_voice(statement=FLAGGED) for _ in range(count)]
            voices += [make_voice() for _ in range(count)]
            found = Voice.objects.filter(pk__in=[each.pk for each in voices])
            with self.assertNumQueries(self.STATEMENTS):
                verdicts.give(found, self.first, PUBLISH)

        statements(1)
        statements(7)

    # Lock, claims and holds, own and appealed, readings, what applies, what needs two
    # readers (2), publishing, letters, readings, and giving up claims and holds.
    STATEMENTS = 33


class TwoReadersTests(VerdictTestCase):
    def needing_two(self):
        return [
            make_voice(statement=FLAGGED),
            make_voice(edited="length"),
            make_report(make_voice()).voice,
        ]

    def test_the_first_verdict_on_flagged_edited_and_reported_voices_waits(self):
        for voice in self.needing_two():
            with self.subTest(voice):
                outcome = self.give(voice, self.first)

                self.assertEqual(outcome.to_second, [voice.pk])
                self.assertEqual(self.kinds(voice), [])
                voice.refresh_from_db()
                self.assertEqual(voice.status, "waiting")
                self.assertIsNotNone(voice.first_read_at)
        self.assertEqual(deliver(), [])

    def test_a_percentage_of_the_others_waits_too(self):
        ReviewRule.objects.create(second_reading=30)
        voices = [make_voice() for _ in range(200)]

        outcome = verdicts.give(Voice.objects.all(), self.first, PUBLISH)

        self.assertEqual(len(outcome.done) + len(outcome.to_second), len(voices))
        self.assertTrue(30 <= len(outcome.to_second) <= 90, len(outcome.to_second))

    def test_two_equal_verdicts_take_effect(self):
        voice = make_signature().voice
        Voice.objects.filter(pk=voice.pk).update(flags=["phone"])

        self.give(voice, self.first)
        outcome = self.give(voice, self.second)

        self.assertEqual(outcome.done, [voice.pk])
        self.assertEqual(self.kinds(voice), ["published"])
        self.assertEqual(voice.decisions.get().by, self.second)
        reading = Reading.objects.get()
        self.assertTrue(reading.agreed)
        self.assertIsNotNone(reading.closed_at)
        voice.refresh_from_db()
        self.assertIsNone(voice.first_read_at)
        self.assertEqual(len(deliver()), 1)

    def test_nobody_is_both_readers(self):
        voice = make_voice(statement=FLAGGED)

        self.give(voice, self.second)
        outcome = self.give(voice, self.second)

        self.assertEqual(outcome.barred, [voice.pk])
        with self.assertRaises(DatabaseError), transaction.atomic():
            Reading.objects.update(
                second_by=self.second,
                second_verdict="published",
                second_at=timezone.now(),
            )

    def test_a_moderator_without_the_role_is_no_second_reader(self):
        voice = make_voice(statement=FLAGGED)
        self.give(voice, self.second)

        outcome = self.give(voice, self.first)

        self.assertEqual(outcome.barred, [voice.pk])
        self.assertEqual(self.kinds(voice), [])

    def test_a_disagreement_waits_for_a_lead_and_sends_nothing(self):
        voice = make_signature().voice
        Voice.objects.filter(pk=voice.pk).update(flags=["phone"])

        self.give(voice, self.first)
        outcome = self.give(voice, self.second, self.decline)

        self.assertEqual(outcome.disputed, [voice.pk])
        self.assertEqual(self.kinds(voice), [])
        self.assertEqual(deliver(), [])
        self.assertEqual(self.give(voice, self.first).barred, [voice.pk])
        self.assertEqual(self.give(voice, self.lead).done, [voice.pk])
        self.assertEqual(self.kinds(voice), ["published"])
        reading = Reading.objects.get()
        self.assertEqual(reading.settled_by, self.lead)
        self.assertFalse(reading.agreed)

    def test_a_first_verdict_to_take_down_takes_effect_at_once(self):
        voice = make_published_voice()
        make_report(voice)

        outcome = self.give(voice, self.first, self.take_down)

        self.assertEqual(outcome.to_second, [voice.pk])
        self.assertEqual(self.kinds(voice), ["taken-down"])
        voice.refresh_from_db()
        self.assertEqual(voice.status, "taken-down")

    def test_a_second_reader_confirms_a_take_down(self):
        voice = make_published_voice(statement=FLAGGED)

        self.give(voice, self.first, self.take_down)
        outcome = self.give(voice, self.second, self.take_down)

        self.assertEqual(outcome.done, [voice.pk])
        self.assertEqual(self.kinds(voice), ["taken-down"])
        self.assertFalse(Reading.objects.still_open().exists())

    def test_a_lead_puts_back_what_the_second_reader_would_keep(self):
        voice = make_published_voice()
        make_report(voice)
        keep = Wish(Verdict.KEEP)

        self.give(voice, self.first, self.take_down)
        disputed = self.give(voice, self.second, keep)
        settled = self.give(voice, self.lead, keep)

        self.assertEqual(disputed.disputed, [voice.pk])
        self.assertEqual(settled.done, [voice.pk])
        voice.refresh_from_db()
        self.assertEqual(voice.status, "published")
        self.assertIsNone(voice.reported_at)

    def test_new_words_of_the_author_end_the_reading(self):
        signature = make_signature()
        Voice.objects.filter(pk=signature.voice_id).update(flags=["phone"])
        self.give(signature.voice, self.first)

        correct(signature, "Other words, without a phone number.")

        self.assertFalse(Reading.objects.exists())
        signature.voice.refresh_from_db()
        self.assertIsNone(signature.voice.first_read_at)

    def test_messages_to_the_author_are_forgotten_once_it_is_closed(self):
        voice = make_voice(statement=FLAGGED)
        ask = Wish(Verdict.CHANGES, text="Please take out the phone number.")

        self.give(voice, self.first, ask)
        self.give(voice, self.second, ask)

        reading = Reading.objects.get()
        self.assertEqual((reading.first_text, reading.second_text), ("", ""))


class UndoTests(VerdictTestCase):
    def test_undoing_a_lead_s_verdict_reopens_the_dispute(self):
        voice = make_voice(statement=FLAGGED)
        self.give(voice, self.first)
        self.give(voice, self.second, self.decline)
        self.give(voice, self.lead)

        undoing.undo(Voice.objects.filter(pk=voice.pk), self.lead)

        reading = Reading.objects.disputed().get()
        self.assertIsNone(reading.settled_by)
        self.assertEqual(self.give(voice, self.lead, self.decline).done, [voice.pk])

    def test_undoing_a_second_verdict_waits_for_a_second_reader_again(self):
        voice = make_voice(statement=FLAGGED)
        self.give(voice, self.first)
        self.give(voice, self.second)

        undoing.undo(Voice.objects.filter(pk=voice.pk), self.second)

        reading = Reading.objects.still_open().get()
        self.assertEqual((reading.first_by, reading.second_by), (self.first, None))
        self.assertEqual(self.give(voice, self.second).done, [voice.pk])


class TakeBackTests(VerdictTestCase):
    def test_a_first_verdict_is_taken_back(self):
        voice = make_voice(statement=FLAGGED)
        self.give(voice, self.first)

        self.assertFalse(verdicts.take_back(voice.pk, self.second))
        self.assertTrue(verdicts.take_back(voice.pk, self.first))

        self.assertFalse(Reading.objects.exists())
        self.assertFalse(verdicts.take_back(voice.pk, self.first))

    def test_a_first_verdict_stays_once_a_second_is_given(self):
        voice = make_voice(statement=FLAGGED)
        self.give(voice, self.first)
        self.give(voice, self.second, self.decline)

        self.assertFalse(verdicts.take_back(voice.pk, self.first))
        self.assertTrue(verdicts.take_back(voice.pk, self.second))

        reading = Reading.objects.get()
        self.assertIsNone(reading.second_at)
        self.assertEqual(verdicts.latest_reading_of(self.first), reading)

    def test_taking_back_a_take_down_puts_the_words_back(self):
        voice = make_published_voice(statement=FLAGGED)
        self.give(voice, self.first, self.take_down)

        self.assertTrue(verdicts.take_back(voice.pk, self.first))

        voice.refresh_from_db()
        self.assertEqual(voice.status, "published")
        self.assertEqual(self.kinds(voice), ["taken-down", "undone"])


class AtOnceTests(CommittedTestCase):
    def test_two_moderators_never_decide_on_the_same_voice(self):
        one, other = person("one"), person("other")
        decline = Wish(Verdict.DECLINE, reason=make_reason())
        for _ in range(5):
            voice = make_voice()
            found = Voice.objects.filter(pk=voice.pk)

            outcomes = at_once(
                partial(verdicts.give, found, one, PUBLISH),
                partial(verdicts.give, found, other, decline),
            )

            self.assertEqual(sum(len(each.done) for each in outcomes), 1)
            self.assertEqual(Decision.objects.filter(voice=voice).count(), 1)

    def test_two_second_readers_at_once_give_one_second_verdict(self):
        first = person("first")
        seconds = [person(name, Role.SECOND_READER) for name in ("one", "other")]
        voice = make_voice(statement=FLAGGED)
        found = Voice.objects.filter(pk=voice.pk)
        verdicts.give(found, first, PUBLISH)

        outcomes = at_once(
            *(partial(verdicts.give, found, each, PUBLISH) for each in seconds)
        )

        self.assertEqual(sum(len(each.done) for each in outcomes), 1)
        self.assertEqual(Decision.objects.count(), 1)

    def test_of_two_who_claim_a_voice_at_once_one_gets_it(self):
        one, other = person("one"), person("other")
        for _ in range(5):
            voice = make_voice()

            got = at_once(
                partial(Claim.objects.take, voice.pk, one),
                partial(Claim.objects.take, voice.pk, other),
            )

            self.assertEqual(sorted(got), [False, True])
