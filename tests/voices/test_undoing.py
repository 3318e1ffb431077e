from datetime import timedelta
from unittest import mock

from django.conf import settings
from django.core import mail
from django.test import TestCase
from django.utils import timezone

from accounts.roles import Role
from core import addresses
from tests.factories import (
    deliver,
    make_founding_voice,
    make_moderator,
    make_published_voice,
    make_reason,
    make_signature,
    make_staff,
    make_voice,
    propose_edit,
)
from tests.voices.test_letters import SEND, parts
from voices.letters.check import check
from voices.letters.send import offer, send_next
from voices.letters.take import take
from voices.managing.changes import appeal, correct, erase, withdraw
from voices.models import Decision, Letter, RefusedAddress, Signature, Voice
from voices.moderation import decide, undoing
from voices.moderation.readings import Verdict
from voices.moderation.undoing import undo, undo_latest, why_not_undone
from voices.moderation.verdicts import Wish, give, take_back


class UndoTestCase(TestCase):
    def setUp(self):
        self.by = make_staff()
        self.reason = make_reason()
        self.signature = make_signature(email="ana@example.com")
        self.voice = self.signature.voice
        self.voices = Voice.objects.filter(pk=self.voice.pk)

    def latest(self):
        return self.voice.decisions.first()

    def subjects(self):
        return [letter.subject for letter in deliver()]

    def said(self):
        """The one letter that is sent, in one line, without its footer."""
        [letter] = deliver()
        texts = [" ".join(part.split()) for part in parts(letter)]
        self.assertEqual(letter.to, ["ana@example.com"])
        return texts[0].partition("Hello, ")[2].partition(" If you have a qu")[0]

    def today(self):
        now = timezone.localtime()
        return f"{now:%B} {now.day}, {now.year}"

    def publish(self):
        decide.publish(self.voices, self.by)

    def decline(self, *, tell=True, reason=None):
        decide.decline(self.voices, self.by, reason or self.reason, tell=tell)

    def ask_changes(self):
        decide.ask_changes(self.voices, self.by, "Shorter, please.")

    def take_down(self):
        decide.take_down(self.voices, self.by, self.reason)

    def correct(self, statement="My corrected words."):
        correct(self.signature, statement)


class LetterOfCorrectionTests(UndoTestCase):
    def assert_reversed(self, make, said):
        """Undo a decision before its letter is sent, and once more afterward."""
        make()
        undone = undo_latest(self.voices, self.by)
        self.assertEqual((undone.done, undone.told), ([self.voice.pk], []))
        self.assertEqual(self.subjects(), [])

        make()
        deliver()
        undone = undo_latest(self.voices, self.by)
        self.assertEqual((undone.done, undone.told), ([self.voice.pk], [self.voice.pk]))
        wait = Letter.objects.in_flight().get().send_at - timezone.now()
        self.assertAlmostEqual(wait.total_seconds(), 60 * settings.UNDO_MINUTES, -1)
        self.assertEqual(self.said(), f"On {self.today()}, {said}")

    def url(self):
        return settings.SITE_URL + self.voice.get_absolute_url()

    def test_a_publication(self):
        self.assert_reversed(
            self.publish,
            "we published your statement. That was a mistake of ours, and it is no "
            "longer on the site. A moderator will read it again.",
        )

    def test_a_publication_of_a_name_alone(self):
        self.voices.update(statement="")

        self.assert_reversed(
            self.publish,
            "we published your name. That was a mistake of ours, and it is no longer "
            "on the site. A moderator will read it again.",
        )

    def test_a_decline(self):
        self.assert_reversed(
            self.decline,
            "we decided not to publish your statement. That was a mistake of ours. A "
            "moderator will read it again.",
        )

    def test_a_request_for_changes(self):
        self.assert_reversed(
            self.ask_changes,
            "we asked you to change what you had sent us. That was a mistake of ours, "
            "and you don’t need to change it. A moderator will read it again.",
        )

    def test_a_take_down(self):
        self.publish()
        deliver()

        self.assert_reversed(
            self.take_down,
            "we took your statement down. That was a mistake of ours, and it is on the "
            f"site again. {self.url()}",
        )

    def test_a_published_correction(self):
        self.publish()
        deliver()
        self.correct()

        self.assert_reversed(
            self.publish,
            "we published a change that you had sent us. That was a mistake of ours, "
            "and the site shows again what it showed before. A moderator will read it "
            f"again. {self.url()}",
        )

    def test_a_declined_correction(self):
        self.publish()
        deliver()
        self.correct()

        self.assert_reversed(
            self.decline,
            "we decided not to publish a change that you had sent us. That was a "
            f"mistake of ours. A moderator will read it again. {self.url()}",
        )

    def test_a_request_for_changes_to_a_correction(self):
        self.publish()
        deliver()
        self.correct()

        self.assert_reversed(
            self.ask_changes,
            "we asked you to change what you had sent us. That was a mistake of ours, "
            "and you don’t need to change it. A moderator will read it again. "
            f"{self.url()}",
        )

    def test_decisions_without_letters_need_none(self):
        self.publish()
        deliver()
        for make in (
            lambda: decide.feature(self.voices, self.by),
            lambda: (
                self.voice.reports.create(kind="other")
                and decide.keep(self.voices, self.by)
            ),
        ):
            self.assertEqual(make(), 1)

            self.assertEqual(undo_latest(self.voices, self.by).told, [])
        self.assertEqual(self.subjects(), [])

    def test_an_edit_that_waits_for_its_author_needs_none(self):
        propose_edit(self.voice, self.by, statement="Shorter.")
        deliver()

        undone = undo_latest(self.voices, self.by)

        self.assertEqual((undone.done, undone.told), ([self.voice.pk], []))
        self.assertEqual(self.subjects(), [])

    def test_an_author_who_was_not_told_gets_none(self):
        self.decline(tell=False)

        self.assertEqual(undo_latest(self.voices, self.by).told, [])
        self.assertEqual(self.subjects(), [])

    def test_both_parts_and_the_subject_say_so(self):
        self.publish()
        deliver()
        undo(self.voices, self.by)

        [letter] = deliver()

        self.assertEqual(letter.subject, "We made a mistake about your statement")
        for part in parts(letter):
            self.assertIn("is no longer on the site", " ".join(part.split()))
            self.assertIn("/voices/manage/", part)
            self.assertNotIn(self.voice.get_absolute_url(), part)

    def test_a_letter_that_is_being_sent_counts_as_sent(self):
        self.publish()
        Letter.objects.update(send_at=timezone.now())

        def send_while_undoing(backend, messages):
            mail.outbox.extend(messages)
            self.told = undo_latest(self.voices, self.by).told
            return 1

        with mock.patch(SEND, send_while_undoing):
            send_next()

        self.assertEqual(self.told, [self.voice.pk])
        self.assertIn("no longer on the site", self.said())

    def test_a_letter_that_was_only_taken_is_not_sent(self):
        self.publish()
        Letter.objects.update(send_at=timezone.now())
        taken = take()
        [(letter, _)] = check(taken, list(taken.ids))

        undone = undo_latest(self.voices, self.by)

        self.assertFalse(offer(letter))
        self.assertEqual(undone.told, [])
        self.assertEqual(self.subjects(), [])

    def decided_long_ago(self, kind, days, **fields):
        at = timezone.now() - timedelta(days=settings.MAIL_LOG_KEPT_DAYS + days)
        return Decision.objects.create(
            voice=self.voice, kind=kind, by=self.by, at=at, **fields
        )

    def test_long_after_the_letters_are_deleted_the_author_still_gets_one(self):
        self.decided_long_ago("published", 1)
        self.voices.update(published_at=timezone.now())

        self.assertEqual(undo_latest(self.voices, self.by).told, [self.voice.pk])
        self.assertIn("we published your statement", self.said())

    def test_what_was_undone_long_ago_is_not_mentioned_again(self):
        published = self.decided_long_ago("published", 3)
        self.decided_long_ago("undone", 2, undoes=published)
        self.ask_changes()

        self.assertEqual(undo_latest(self.voices, self.by).told, [])
        self.assertEqual(self.subjects(), [])


class NotToldTests(UndoTestCase):
    """Authors who must get no letter of correction."""

    def setUp(self):
        super().setUp()
        self.publish()
        deliver()

    def test_an_address_on_the_suppression_list(self):
        key = addresses.keyed_hash(self.signature.email_key)
        RefusedAddress.objects.remember(key)

        self.assertEqual(undo_latest(self.voices, self.by).told, [])
        self.assertEqual(self.subjects(), [])

    def test_an_address_that_bounced(self):
        Signature.objects.update(bounced_at=timezone.now())

        self.assertEqual(undo_latest(self.voices, self.by).told, [])
        self.assertEqual(self.subjects(), [])

    def test_an_address_that_bounces_while_the_letter_waits(self):
        undo(self.voices, self.by)
        Signature.objects.update(bounced_at=timezone.now())

        self.assertEqual(self.subjects(), [])

    def test_an_author_who_withdraws_or_erases_while_it_waits(self):
        for leave in (withdraw, erase):
            undo(self.voices, self.by)

            leave(self.signature)

            self.assertEqual(self.subjects(), [])

    def test_a_founding_voice_has_no_author_to_tell(self):
        voice = make_founding_voice(1)
        voices = Voice.objects.filter(pk=voice.pk)
        decide.take_down(voices, self.by, self.reason)

        undone = undo_latest(voices, self.by)

        self.assertEqual((undone.done, undone.told), ([voice.pk], []))


class DecidedAgainTests(UndoTestCase):
    def test_the_same_decision_within_minutes_sends_nothing(self):
        self.publish()
        deliver()
        undo(self.voices, self.by)

        self.publish()

        self.assertFalse(Letter.objects.in_flight().exists())
        self.assertEqual(self.subjects(), [])

    def test_undoing_that_again_sends_a_letter_of_correction(self):
        self.publish()
        deliver()
        undo(self.voices, self.by)
        self.publish()

        self.assertEqual(undo_latest(self.voices, self.by).told, [self.voice.pk])
        self.assertIn("we published your statement", self.said())

    def test_the_same_decision_after_the_correction_is_told_again(self):
        self.publish()
        deliver()
        undo(self.voices, self.by)
        deliver()

        self.publish()

        self.assertEqual(self.subjects(), ["Your voice is published"])

    def test_another_decision_takes_the_place_of_the_correction(self):
        self.publish()
        deliver()
        undo(self.voices, self.by)

        self.decline()

        self.assertEqual(self.subjects(), ["About your statement"])

    def test_undoing_the_other_decision_brings_the_correction_back(self):
        self.publish()
        deliver()
        undo(self.voices, self.by)
        self.decline()

        self.assertEqual(undo_latest(self.voices, self.by).told, [self.voice.pk])
        self.assertIn("we published your statement", self.said())

    def test_a_decline_without_a_letter_leaves_the_correction_true(self):
        self.publish()
        deliver()
        undo(self.voices, self.by)

        self.decline(tell=False)

        said = self.said()
        self.assertTrue(said.endswith("it is no longer on the site."), said)

    def test_a_decline_for_the_same_reason_sends_nothing(self):
        self.decline()
        deliver()
        undo(self.voices, self.by)

        self.decline()

        self.assertEqual(self.subjects(), [])

    def test_a_decline_for_another_reason_is_told(self):
        self.decline()
        deliver()
        undo(self.voices, self.by)

        self.decline(reason=make_reason("Off topic", "It is about something else."))

        [letter] = deliver()
        self.assertIn("It is about something else.", letter.body)

    def test_another_request_for_changes_is_told(self):
        self.ask_changes()
        deliver()
        undo(self.voices, self.by)

        decide.ask_changes(self.voices, self.by, "Please leave out the name.")

        [letter] = deliver()
        self.assertIn("Please leave out the name.", letter.body)

    def test_the_same_decision_on_other_words_is_told(self):
        self.publish()
        deliver()
        undo(self.voices, self.by)
        self.correct("Other words.")

        self.publish()

        [letter] = deliver()
        self.assertIn("Other words.", letter.body)

    def test_a_take_down_that_is_made_again_sends_nothing(self):
        self.publish()
        self.take_down()
        deliver()
        undo(self.voices, self.by)

        self.take_down()

        self.assertEqual(self.subjects(), [])

    def test_keeping_the_voice_leaves_the_correction(self):
        self.publish()
        self.take_down()
        deliver()
        undo(self.voices, self.by)
        self.voice.reports.create(kind="other")

        decide.keep(self.voices, self.by)

        self.assertIn("it is on the site again", self.said())

    def test_new_words_of_the_author_make_a_reversed_take_down_untrue(self):
        self.publish()
        self.take_down()
        deliver()
        self.correct("Other words.")

        undone = undo_latest(self.voices, self.by)

        self.assertEqual((undone.done, undone.told), ([self.voice.pk], []))
        self.assertEqual(self.subjects(), [])

    def test_undoing_two_decisions_sends_one_letter(self):
        self.ask_changes()
        deliver()
        self.publish()
        deliver()

        undo(self.voices, self.by)
        undo(self.voices, self.by)

        self.assertEqual(
            self.said(),
            f"On {self.today()}, we published your statement. That was a mistake of "
            "ours, and it is no longer on the site. A moderator will read it again.",
        )

    def test_an_earlier_request_for_changes_that_still_applies_is_repeated(self):
        self.ask_changes()
        deliver()
        self.publish()
        deliver()

        undo(self.voices, self.by)

        said = self.said()
        self.assertIn("it is no longer on the site. What we asked", said)
        self.assertIn("Shorter, please. You can change it", said)

    def test_that_request_can_then_be_reversed_too(self):
        self.ask_changes()
        deliver()
        self.publish()
        deliver()
        undo(self.voices, self.by)
        deliver()

        undo(self.voices, self.by)

        self.assertIn("we asked you to change what you had sent us", self.said())

    def test_a_publication_can_be_reversed_after_a_take_down_was(self):
        self.publish()
        self.take_down()
        deliver()
        undo(self.voices, self.by)
        self.assertIn("it is on the site again", self.said())

        undo(self.voices, self.by)

        self.assertIn("we published your statement", self.said())


class TwoReadersTests(UndoTestCase):
    def setUp(self):
        super().setUp()
        self.publish()
        self.voice.reports.create(kind="other")
        self.voices.update(reported_at=timezone.now())
        self.first = make_moderator("first")
        give(self.voices, self.first, Wish(Verdict.TAKE_DOWN, self.reason))

    def test_a_first_reader_s_take_down_is_told(self):
        self.assertEqual(self.subjects(), ["We took your statement down"])

    def test_a_lead_who_keeps_the_voice_reverses_it(self):
        deliver()
        second = make_moderator("second", Role.SECOND_READER)
        give(self.voices, second, Wish(Verdict.KEEP))
        self.assertEqual(self.subjects(), [])

        give(self.voices, make_moderator("lead", Role.LEAD), Wish(Verdict.KEEP))

        self.assertIn("it is on the site again", self.said())

    def test_a_first_reader_who_takes_it_back_within_minutes_tells_nobody(self):
        self.assertTrue(take_back(self.voice.pk, self.first))

        self.assertTrue(self.voices.published().exists())
        self.assertEqual(self.subjects(), ["Your voice is published"])


class RefusalTests(UndoTestCase):
    def assert_refused(self, refusal, by=None, decision=None):
        decision = decision or self.latest()
        before = Decision.objects.count()

        undone = undo_latest(self.voices, by or self.by, decision_id=decision.pk)

        self.assertEqual(undone.done, [])
        self.assertIn(refusal, undone.refused[self.voice.pk])
        self.assertEqual(Decision.objects.count(), before)
        self.voice.refresh_from_db()
        said = why_not_undone(self.voice, decision, by or self.by)
        self.assertEqual(said, undone.refused[self.voice.pk])

    def test_an_undo_cannot_be_undone(self):
        self.publish()
        undo(self.voices, self.by)

        self.assert_refused("An undo can't be undone.")

    def test_a_decision_is_undone_once(self):
        self.publish()
        decision = self.latest()
        undo(self.voices, make_staff("second"))

        self.assert_refused("second has already undone this", decision=decision)

    def test_a_later_decision_has_to_be_undone_first(self):
        self.publish()
        published = self.latest()
        decide.feature(self.voices, self.by)

        self.assert_refused("a later decision, “Featured”", decision=published)

    def test_a_withdrawn_voice(self):
        self.publish()
        withdraw(self.signature)

        self.assert_refused("The author has withdrawn this voice.")

    def test_an_edit_that_its_author_has_answered(self):
        edit = propose_edit(self.voice, self.by, statement="Shorter.")
        edit.reject()

        self.assert_refused("The author has answered the edit")

    def test_an_edit_of_a_founding_voice(self):
        voice = make_founding_voice(1)
        decision = Decision.objects.create(voice=voice, kind="edited", by=self.by)

        refusal = why_not_undone(voice, decision, self.by)

        self.assertEqual(refusal, "A decision of the kind “Edited” can't be undone.")

    def test_a_decline_that_its_author_has_appealed(self):
        self.decline()
        appeal(self.signature, "Please read it again.")

        self.assert_refused("The author has appealed this decision")

    def test_the_answer_to_an_appeal_against_one_s_own_decline(self):
        self.decline()
        appeal(self.signature, "Please read it again.")
        decide.publish(self.voices, make_staff("second"))

        self.assert_refused("It answers an appeal against your own decision")

    def test_a_correction_whose_earlier_words_are_gone(self):
        self.publish()
        self.correct()
        self.publish()
        self.voice.corrections.all().delete()

        self.assert_refused("no longer stored")

    def test_one_s_own_voice(self):
        author = make_staff("author", email="Ana@example.com")
        self.publish()

        self.assert_refused("It is your own voice", by=author)

    def test_a_decision_of_another_voice_is_not_touched(self):
        other = make_voice()
        decide.publish(Voice.objects.filter(pk=other.pk), self.by)
        self.publish()

        undone = undo_latest(self.voices, self.by, decision_id=other.decisions.get().pk)

        self.assertEqual(undone.done, [])
        self.assertEqual(undone.refused[self.voice.pk], undoing.NOTHING)
        self.assertEqual(Voice.objects.published().count(), 2)

    def test_a_voice_without_decisions(self):
        undone = undo_latest(self.voices, self.by)

        self.assertEqual(undone.refused, {self.voice.pk: undoing.NOTHING})

    def test_the_named_decision_is_undone_if_it_is_the_latest(self):
        self.publish()

        done = undo(self.voices, self.by, decision_id=self.latest().pk)

        self.assertEqual(done, 1)
        self.assertFalse(self.voices.published().exists())


class PermissionTests(UndoTestCase):
    def setUp(self):
        super().setUp()
        self.publish()

    def test_moderators_undo_their_own_decisions(self):
        for role in (Role.MODERATOR, Role.SECOND_READER):
            moderator = make_moderator(f"a {role}", role)
            voice = make_voice()
            decide.publish(Voice.objects.filter(pk=voice.pk), moderator)

            self.assertEqual(undo(Voice.objects.filter(pk=voice.pk), moderator), 1)

    def test_moderators_do_not_undo_those_of_others(self):
        for role in (Role.MODERATOR, Role.SECOND_READER):
            undone = undo_latest(self.voices, make_moderator(f"a {role}", role))

            self.assertEqual(undone.done, [])
            self.assertEqual(
                undone.refused[self.voice.pk],
                "Only a lead may undo another moderator's decision.",
            )
        self.assertTrue(self.voices.published().exists())

    def test_leads_and_administrators_do(self):
        for role in (Role.LEAD, Role.ADMINISTRATOR):
            undone = undo_latest(self.voices, make_moderator(f"a {role}", role))

            self.assertEqual(undone.done, [self.voice.pk])
            self.publish()

    def test_some_are_undone_although_others_are_not(self):
        moderator = make_moderator()
        mine = make_published_voice()
        decide.feature(Voice.objects.filter(pk=mine.pk), moderator)

        undone = undo_latest(Voice.objects.all(), moderator)

        self.assertEqual(undone.done, [mine.pk])
        self.assertEqual(list(undone.refused), [self.voice.pk])
