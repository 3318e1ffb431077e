import re

from django.conf import settings
from django.test import TestCase
from django.utils import timezone

from core import addresses
from tests.factories import (
    deliver,
    make_founding_voice,
    make_reason,
    make_signature,
    make_staff,
    propose_edit,
)
from voices.letters.compose import PRIVATE_LINK
from voices.managing.changes import appeal, correct, correct_details
from voices.models import RefusedAddress, Signature, Voice
from voices.moderation import decide, undoing
from voices.moderation.previews import (
    MESSAGE,
    preview,
    preview_of_edit,
    previews,
    reversal,
)
from voices.moderation.readings import Verdict

LONG = "It tells where somebody lives, which readers could use to go there. " * 3


class PreviewTestCase(TestCase):
    def setUp(self):
        self.by = make_staff()
        self.reason = make_reason(explanation=LONG.strip())
        self.signature = make_signature(email="ana@example.com")
        self.voice = self.signature.voice
        self.voices = Voice.objects.filter(pk=self.voice.pk)

    def publish(self):
        decide.publish(self.voices, self.by)

    def decline(self):
        decide.decline(self.voices, self.by, self.reason, tell=True)

    def ask_changes(self, changes="Please leave out the <name> & the city."):
        decide.ask_changes(self.voices, self.by, changes)

    def take_down(self):
        decide.take_down(self.voices, self.by, self.reason)

    def correct(self):
        """Publish the voice, and let its author send other words."""
        self.publish()
        deliver()
        correct(self.signature, "My corrected words.")
        self.signature.refresh_from_db()
        correct_details(self.signature, city="Dayton")
        self.voice.refresh_from_db()

    def without_link(self, text):
        # The signature in the token has the time at which it was made.
        page = rf"{settings.SITE_URL}/voices/manage/{self.signature.ref}[^/]+/"
        self.assertRegex(text, page)
        return re.sub(rf"{page}(edit/\d+/)?", PRIVATE_LINK, text)

    def assert_sent(self, found):
        """The one letter that is sent equals the preview, except for the link."""
        [letter] = deliver()
        self.assertEqual(found.subject, letter.subject)
        self.assertEqual(found.text, self.without_link(letter.body))
        for secret in (self.signature.ref, "/voices/manage/"):
            self.assertNotIn(secret, found.text)
        self.assertIn(PRIVATE_LINK, found.text)


class LetterTests(PreviewTestCase):
    def test_publishing(self):
        found = preview(self.voice, Verdict.PUBLISH)

        self.publish()

        self.assert_sent(found)

    def test_publishing_a_name_alone(self):
        self.voices.update(statement="")
        self.voice.refresh_from_db()
        found = preview(self.voice, Verdict.PUBLISH)

        self.publish()

        self.assert_sent(found)

    def test_declining(self):
        found = preview(self.voice, Verdict.DECLINE, self.reason)

        self.decline()

        self.assertIn("you can appeal once", found.text)
        self.assert_sent(found)

    def test_declining_again_after_an_appeal(self):
        self.decline()
        deliver()
        appeal(self.signature, "Please read it again.")
        self.voice.refresh_from_db()
        found = preview(self.voice, Verdict.DECLINE, self.reason)

        decide.decline(self.voices, make_staff("other"), self.reason, tell=True)

        self.assertNotIn("appeal", found.text)
        self.assert_sent(found)

    def test_asking_for_changes(self):
        changes = "Please leave out the <name> & the city. " * 5
        found = preview(self.voice, Verdict.CHANGES, changes=changes)

        self.ask_changes(changes)

        self.assert_sent(found)

    def test_asking_for_changes_before_the_message_is_written(self):
        found = preview(self.voice, Verdict.CHANGES)

        self.assertIn(f"\n{MESSAGE}\n", found.text)

    def test_publishing_a_correction(self):
        self.correct()
        found = preview(self.voice, Verdict.PUBLISH)

        self.publish()

        self.assertIn("My corrected words.", found.text)
        self.assert_sent(found)

    def test_declining_a_correction(self):
        self.correct()
        found = preview(self.voice, Verdict.DECLINE, self.reason)

        self.decline()

        self.assertIn("My corrected words.", found.text)
        self.assert_sent(found)

    def test_asking_for_changes_to_a_correction(self):
        self.correct()
        found = preview(self.voice, Verdict.CHANGES, changes="Shorter, please.")

        self.ask_changes("Shorter, please.")

        self.assertIn("Before we can publish your\nchange", found.text)
        self.assert_sent(found)

    def test_taking_down(self):
        self.publish()
        deliver()
        self.voice.refresh_from_db()
        found = preview(self.voice, Verdict.TAKE_DOWN, self.reason)

        self.take_down()

        self.assert_sent(found)

    def test_an_edit(self):
        found = preview_of_edit(self.voice, {"statement": "Shorter.", "city": "Akron"})

        propose_edit(self.voice, self.by, statement="Shorter.", city="Akron")

        self.assert_sent(found)

    def test_an_edit_that_asks_nobody(self):
        words = {"profession_group": "health", "statement": self.voice.statement}

        self.assertIsNone(preview_of_edit(self.voice, words))
        self.assertIsNone(preview_of_edit(make_founding_voice(1), {"city": "Akron"}))


class NoLetterTests(PreviewTestCase):
    def assert_none_but(self, *verdicts):
        found = previews(self.voice, [self.reason])
        sent = {verdict for (verdict, _), letter in found.items() if letter}
        self.assertEqual(sent, set(verdicts))

    def test_only_verdicts_that_apply_send_one(self):
        self.assert_none_but(Verdict.PUBLISH, Verdict.DECLINE, Verdict.CHANGES)
        self.publish()
        self.voice.refresh_from_db()
        self.assert_none_but(Verdict.TAKE_DOWN)
        self.take_down()
        self.voice.refresh_from_db()
        self.assert_none_but()

    def test_keeping_sends_none(self):
        self.assertIsNone(preview(self.voice, Verdict.KEEP))

    def test_nobody_gets_one_at_an_address_that_refuses_mail(self):
        RefusedAddress.objects.remember(addresses.keyed_hash("ana@example.com"))

        self.assert_none_but()

    def test_nobody_gets_one_at_an_address_that_bounced(self):
        Signature.objects.update(bounced_at=timezone.now())

        self.assert_none_but()

    def test_a_founding_voice_has_nobody_to_write_to(self):
        self.voice = make_founding_voice(1)

        self.assert_none_but()

    def test_what_the_author_was_told_before_is_not_sent_again(self):
        self.publish()
        deliver()
        undoing.undo(self.voices, self.by)
        self.voice.refresh_from_db()

        self.assert_none_but(Verdict.DECLINE, Verdict.CHANGES)

    def test_a_decline_that_the_author_was_told_of_before_depends_on_the_reason(self):
        other = make_reason("Off topic", "It is about something else.")
        self.decline()
        deliver()
        undoing.undo(self.voices, self.by)
        self.voice.refresh_from_db()

        found = previews(self.voice, [self.reason, other])

        self.assertIsNone(found[Verdict.DECLINE, self.reason.pk])
        self.assertIn(other.explanation, found[Verdict.DECLINE, other.pk].text)


class PreviewsTests(PreviewTestCase):
    def test_each_equals_the_letter_rendered_by_itself(self):
        reasons = [self.reason, make_reason("Off topic", "It is about taxes & trade.")]
        for prepare in (lambda: None, self.correct):
            prepare()
            for (verdict, pk), letter in previews(self.voice, reasons).items():
                reason = next((each for each in reasons if each.pk == pk), None)
                self.assertEqual(letter, preview(self.voice, verdict, reason))

    def test_all_take_three_queries(self):
        reasons = [make_reason(f"Reason {number}") for number in range(12)]
        self.correct()
        decide.decline(self.voices, self.by, self.reason, tell=False)
        correct(self.signature, "More words.")

        voice = Voice.objects.get()

        with self.assertNumQueries(3):
            found = previews(voice, reasons)

        self.assertEqual(len([letter for letter in found.values() if letter]), 26)

    def test_without_a_correction_they_take_two(self):
        reasons = [make_reason(f"Reason {number}") for number in range(12)]

        with self.assertNumQueries(2):
            previews(self.voice, reasons)


class ReversalTests(PreviewTestCase):
    def assert_reversal(self):
        decision = self.voice.decisions.first()
        self.voice.refresh_from_db()
        found = reversal(self.voice, decision)

        undoing.undo(self.voices, self.by)

        self.assert_sent(found)

    def test_a_publication(self):
        self.publish()
        deliver()

        self.assert_reversal()

    def test_a_decline(self):
        self.decline()
        deliver()

        self.assert_reversal()

    def test_a_request_for_changes(self):
        self.ask_changes()
        deliver()

        self.assert_reversal()

    def test_a_take_down(self):
        self.publish()
        self.take_down()
        deliver()

        self.assert_reversal()

    def test_a_published_correction(self):
        self.correct()
        self.publish()
        deliver()

        self.assert_reversal()

    def test_a_declined_correction(self):
        self.correct()
        self.decline()
        deliver()

        self.assert_reversal()

    def test_a_request_for_changes_to_a_correction(self):
        self.correct()
        self.ask_changes()
        deliver()

        self.assert_reversal()

    def test_a_publication_after_a_request_for_changes(self):
        self.ask_changes()
        deliver()
        self.publish()
        deliver()

        self.assert_reversal()

    def test_an_author_who_was_not_told_gets_none(self):
        self.publish()
        self.voice.refresh_from_db()

        self.assertIsNone(reversal(self.voice, self.voice.decisions.get()))

    def test_a_decision_without_a_letter_needs_none(self):
        self.publish()
        deliver()
        decide.feature(self.voices, self.by)
        self.voice.refresh_from_db()

        self.assertIsNone(reversal(self.voice, self.voice.decisions.first()))

    def test_nobody_gets_one_at_an_address_that_bounced(self):
        self.publish()
        deliver()
        Signature.objects.update(bounced_at=timezone.now())
        self.voice.refresh_from_db()

        self.assertIsNone(reversal(self.voice, self.voice.decisions.get()))
