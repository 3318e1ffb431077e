from django.contrib.messages import get_messages
from django.db import DatabaseError, transaction
from django.test import Client, TestCase
from django.urls import reverse

from tests.committed import CommittedTestCase, at_once
from tests.factories import (
    deliver,
    make_published_voice,
    make_reason,
    make_signature,
    make_staff,
)
from tests.voices.test_managing import manage_path, press
from voices.managing import changes
from voices.models import Appeal, Decision, Voice
from voices.moderation import decide, undoing

Kind = Decision.Kind
WORDS = "It names nobody."


class AppealTestCase(TestCase):
    """A signer whose voice a moderator declined."""

    def setUp(self):
        self.by, self.other = make_staff("declining"), make_staff("other")
        self.voices = Voice.objects.all()
        self.signature = make_signature()
        self.path = manage_path(self.signature)
        self.decline(self.by)

    def decline(self, by):
        return decide.decline(self.voices, by, make_reason(), tell=True)

    def appeal(self):
        return press(self.client, self.path, "appeal", text=WORDS)

    def appealed_correction(self):
        """A signer whose appeal of a declined correction is open, and their voice."""
        voice = make_published_voice(statement="Published words.")
        signature = make_signature(voice=voice)
        changes.correct(signature, "Better words.")
        one = Voice.objects.filter(pk=voice.pk)
        decide.decline(one, self.by, make_reason(), tell=False)
        changes.appeal(signature, "")
        return signature, one

    def status(self):
        return Voice.objects.get().status


class AppealTests(AppealTestCase):
    def test_brings_a_declined_voice_back_to_the_queue(self):
        self.assertContains(self.client.get(self.path), "You can appeal once")

        response = self.client.get(self.appeal()["Location"])

        self.assertContains(response, "We received your appeal")
        self.assertNotContains(response, "You can appeal once")
        self.assertTrue(Voice.objects.waiting().exists())
        self.assertEqual(Appeal.objects.get().text, WORDS)

    def test_takes_a_constant_number_of_queries(self):
        others = [make_signature() for _ in range(5)]
        self.decline(self.by)
        for other in others:
            changes.appeal(other, "")

        with self.assertNumQueries(16):
            self.appeal()
        with self.assertNumQueries(3):
            self.client.get(self.path)

    def test_a_different_moderator_can_publish(self):
        self.appeal()

        self.assertEqual(decide.publish(self.voices, self.other), 1)

        self.assertEqual(self.status(), "published")
        self.assertEqual(Appeal.objects.get().answer.by, self.other)

    def test_the_declining_moderator_can_neither_publish_nor_decline(self):
        self.appeal()

        self.assertEqual(decide.publish(self.voices, self.by), 0)
        self.assertEqual(self.decline(self.by), 0)
        self.assertEqual(decide.ask_changes(self.voices, self.by, "Shorter."), 0)

        self.assertEqual(self.status(), "waiting")

    def test_the_database_refuses_an_answer_by_the_same_moderator(self):
        self.appeal()

        for kind in (Kind.PUBLISHED, Kind.DECLINED, Kind.CHANGES_ASKED):
            with (
                self.assertRaisesMessage(DatabaseError, "A different moderator"),
                transaction.atomic(),
            ):
                Decision.objects.create(
                    voice=self.signature.voice, kind=kind, by=self.by
                )

    def test_a_second_decline_cannot_be_appealed(self):
        self.appeal()
        self.decline(self.other)

        self.assertNotContains(self.client.get(self.path), "You can appeal once")
        self.appeal()

        self.assertEqual(self.status(), "declined")
        with (
            self.assertRaisesMessage(DatabaseError, "Only a decline"),
            transaction.atomic(),
        ):
            Appeal.objects.create(
                voice=self.signature.voice, decision=Decision.objects.first()
            )

    def test_only_a_decline_can_be_appealed(self):
        published = Decision.objects.create(
            voice=self.signature.voice, kind=Kind.PUBLISHED, by=self.by
        )

        with self.assertRaisesMessage(DatabaseError, "Only a decline"):
            Appeal.objects.create(voice=self.signature.voice, decision=published)

    def test_other_words_that_are_declined_can_be_appealed_again(self):
        self.appeal()
        self.decline(self.other)
        changes.correct(self.signature, "Other words.")
        self.decline(self.by)

        self.appeal()

        self.assertEqual(self.status(), "waiting")
        self.assertEqual(Appeal.objects.count(), 2)

    def test_the_declining_moderator_cannot_undo_the_answer(self):
        self.appeal()
        decide.publish(self.voices, self.other)

        self.assertEqual(undoing.undo(self.voices, self.by), 0)
        self.assertEqual(self.status(), "published")

    def test_undoing_the_answer_opens_the_appeal_again(self):
        self.appeal()
        decide.publish(self.voices, self.other)

        self.assertEqual(undoing.undo(self.voices, self.other), 1)

        self.assertEqual(self.status(), "waiting")
        self.assertEqual(decide.publish(self.voices, self.by), 0)
        # The decline itself has nothing left to undo.
        self.assertEqual(undoing.undo(self.voices, self.other), 0)

    def test_a_decline_after_changes_were_asked_for_is_read_again(self):
        undoing.undo(self.voices, self.by)
        decide.ask_changes(self.voices, self.other, "Shorter.")
        self.decline(self.by)

        self.appeal()

        self.assertEqual(self.status(), "waiting")
        self.assertTrue(Voice.objects.waiting().exists())
        self.assertNotContains(self.client.get(self.path), "Changes requested")

    def test_an_appeal_sent_twice_gets_the_same_answer(self):
        first, second = self.appeal(), self.appeal()

        self.assertEqual(first["Location"], second["Location"])
        self.assertEqual(Appeal.objects.count(), 1)

    def test_an_appeal_of_nothing_is_refused_and_its_text_is_kept(self):
        undoing.undo(self.voices, self.by)

        response = self.appeal()

        self.assertContains(response, "no decision to appeal anymore", status_code=422)
        self.assertContains(response, WORDS, status_code=422)
        self.assertNotContains(response, "You can appeal once", status_code=422)
        self.assertFalse(Appeal.objects.exists())

    def test_an_appeal_of_nothing_survives_a_lost_cookie(self):
        undoing.undo(self.voices, self.by)
        strict = Client(enforce_csrf_checks=True)

        response = press(strict, self.path, "appeal", text=WORDS)

        self.assertContains(response, WORDS, status_code=403)

    def test_the_page_promises_another_reading_only_while_one_is_due(self):
        self.appeal()
        promise = "will read it again"
        self.assertContains(self.client.get(self.path), promise)

        changes.withdraw(self.signature)

        page = self.client.get(self.path)
        self.assertContains(page, "<li>Appealed ")
        self.assertNotContains(page, promise)

    def test_a_declined_correction_waits_again(self):
        _, one = self.appealed_correction()

        self.assertEqual(decide.publish(one, self.by), 0)
        self.assertEqual(one.get().statement, "Published words.")
        self.assertEqual(decide.publish(one, self.other), 1)
        self.assertEqual(one.get().statement, "Better words.")

    def test_going_back_to_the_published_words_ends_the_appeal(self):
        signature, one = self.appealed_correction()

        changes.correct(signature, "Published words.")

        self.assertFalse(Appeal.objects.exists())
        changes.correct(signature, "New words.")
        self.assertEqual(decide.publish(one, self.by), 1)
        self.assertEqual(one.get().statement, "New words.")

    def test_words_emptied_while_taken_down_end_the_appeal(self):
        signature, one = self.appealed_correction()
        decide.take_down(one, self.other, make_reason())

        changes.correct(signature, "")

        self.assertFalse(Appeal.objects.exists())

    def test_the_page_of_a_taken_down_voice_promises_no_other_reading(self):
        signature, one = self.appealed_correction()
        promise = "will read it again"
        self.assertContains(self.client.get(manage_path(signature)), promise)

        decide.take_down(one, self.other, make_reason())

        page = self.client.get(manage_path(signature))
        self.assertContains(page, "<li>Appealed ")
        self.assertNotContains(page, promise)

    def test_the_letter_says_so_until_it_was_used(self):
        (first,) = deliver()
        self.appeal()
        self.decline(self.other)
        (second,) = deliver()

        self.assertIn("you can appeal once", first.body)
        self.assertNotIn("appeal", second.body)

    def test_an_appeal_before_the_letter_left_drops_it(self):
        self.appeal()

        self.assertEqual(deliver(), [])

    def test_nothing_of_it_is_left_of_an_erased_voice(self):
        self.appeal()

        changes.erase(self.signature)

        self.assertFalse(Appeal.objects.exists())

    def test_a_withdrawn_voice_has_none(self):
        changes.withdraw(self.signature)

        self.appeal()

        self.assertFalse(Appeal.objects.exists())

    def test_it_is_in_the_signer_s_data(self):
        self.appeal()

        (appeal,) = self.client.get(f"{self.path}data/").json()["appeals"]

        self.assertEqual((appeal["text"], appeal["decided"]), (WORDS, None))


class StaffTests(AppealTestCase):
    QUEUE = reverse("admin:voices_awaitingvoice_changelist")

    def publish(self, by):
        self.client.force_login(by)
        chosen = {"action": "publish", "_selected_action": [self.signature.voice_id]}
        return self.client.post(self.QUEUE, chosen)

    def test_the_queue_shows_the_appeal_and_who_declined(self):
        self.appeal()
        self.client.force_login(self.by)

        response = self.client.get(self.QUEUE)

        self.assertContains(response, WORDS)
        self.assertContains(response, "declining declined this")
        self.assertContains(
            response, "If there is no other moderator, the appeal stays open."
        )

    def test_the_declining_moderator_is_told_that_it_waits(self):
        self.appeal()

        response = self.publish(self.by)

        self.assertEqual(self.status(), "waiting")
        said = [str(message) for message in get_messages(response.wsgi_request)]
        self.assertIn("Left for another moderator: 1.", said[-2])
        self.assertIn("If there is no other moderator, these voices wait.", said[-1])

    def test_another_moderator_publishes_it(self):
        self.appeal()

        self.publish(self.other)

        self.assertEqual(self.status(), "published")


class AppealAtOnceTests(CommittedTestCase):
    def test_two_at_once_are_one_and_only_another_decides(self):
        by, other = make_staff("declining"), make_staff("other")
        for number in range(3):
            signature = make_signature()
            one = Voice.objects.filter(pk=signature.voice_id)
            decide.decline(one, by, make_reason(), tell=False)

            at_once(
                lambda signature=signature: changes.appeal(signature, ""),
                lambda signature=signature: changes.appeal(signature, ""),
                lambda one=one: decide.publish(one, by),
                lambda one=one: decide.publish(one, other),
            )
            decide.publish(one, by)

            self.assertEqual(Appeal.objects.filter(voice__in=one).count(), 1)
            published = Decision.objects.filter(voice__in=one, kind=Kind.PUBLISHED)
            self.assertFalse(published.filter(by=by).exists(), number)
