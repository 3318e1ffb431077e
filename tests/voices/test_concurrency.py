from datetime import timedelta
from functools import partial

from django.conf import settings
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core import addresses
from tests.committed import (
    CommittedTestCase,
    at_once,
    before_commit,
    make_due,
)
from tests.factories import (
    confirm_url,
    latest_submission,
    make_founding_voice,
    make_published_voice,
    make_reason,
    make_signature,
    make_staff,
    make_submission,
    make_voice,
    not_me_url,
    sign,
)
from tests.voices.test_tallies import counted_afresh, signers, statements
from voices.letters.queue import release, send_again
from voices.letters.send import send_next
from voices.managing.changes import correct, erase
from voices.models import (
    Arrival,
    Decision,
    Letter,
    ProposedEdit,
    RefusedAddress,
    Signature,
    Submission,
    Tally,
    Voice,
)
from voices.moderation import decide, undoing
from voices.signatures.models import Lane


def visitor():
    """A client that gets error pages instead of exceptions."""
    return Client(raise_request_exception=False)


class SigningAtOnceTests(CommittedTestCase):
    def test_two_posts_and_two_confirmations_make_one_signature(self):
        for _ in range(5):
            for model in (Submission, Signature, Arrival):
                model.objects.all().delete()

            posted = at_once(
                *[
                    partial(sign, visitor(), email=email)
                    for email in ("ana.reyes@gmail.com", "AnaReyes+x@gmail.com")
                ]
            )
            confirmed = at_once(
                *[
                    partial(visitor().post, confirm_url(submission))
                    for submission in Submission.objects.all()
                ]
            )

            self.assertEqual([response.status_code for response in posted], [303, 303])
            # The later one is thanked, or told that it is already confirmed.
            self.assertLessEqual({r.status_code for r in confirmed}, {200, 303})
            self.assertEqual(Signature.objects.count(), 1)
            self.assertEqual(Submission.objects.unconfirmed().count(), 0)
            self.assertEqual(signers(), 1)

    def test_many_posts_at_once_queue_a_mail_each(self):
        posted = at_once(*[partial(sign, visitor()) for _ in range(10)])

        self.assertEqual({response.status_code for response in posted}, {303})
        self.assertEqual(Submission.objects.count(), 10)
        self.assertEqual(Letter.objects.count(), 10)
        turns = Letter.objects.values_list("lane", "turn")
        self.assertEqual(len(set(turns)), 10)

    def test_ten_confirmations_of_one_form_make_one_signature(self):
        link = confirm_url(make_submission())

        answers = at_once(*[partial(visitor().post, link) for _ in range(10)])

        # Those after the first are thanked, or told that it is already confirmed.
        self.assertLessEqual({answer.status_code for answer in answers}, {200, 303})
        self.assertEqual(Signature.objects.count(), 1)
        self.assertEqual(Voice.objects.count(), 1)
        self.assertEqual(signers(), 1)

    def test_concurrent_guesses_get_no_extra_tries(self):
        submission = make_submission(mailed_at=timezone.now())
        guesses = []

        def guess():
            guesses.append(submission.try_code("no code"))

        at_once(*[guess] * 20)

        submission.refresh_from_db()
        self.assertEqual(submission.code_tries, settings.CODE_TRIES)
        self.assertEqual(guesses, [False] * 20)

    def test_refusing_and_confirming_at_once_is_no_error(self):
        for _ in range(5):
            for model in (Letter, Submission, Signature, RefusedAddress):
                model.objects.all().delete()
            sign(self.client)
            submission, letter = latest_submission(), Letter.objects.get()

            at_once(
                partial(RefusedAddress.objects.refuse, letter.address_hash, submission),
                submission.confirm,
                send_next,
            )

            self.assertFalse(Submission.objects.unconfirmed().exists())
            self.assertNotEqual(
                RefusedAddress.objects.exists(), Signature.objects.exists()
            )
            self.assertEqual(signers(), Signature.objects.count())


class SendingAtOnceTests(CommittedTestCase):
    def test_a_hundred_presses_at_once_queue_one_mail(self):
        submission = make_submission(lane=Lane.HELD)
        Submission.objects.update(submitted_at=timezone.now() - timedelta(hours=1))
        path = reverse("voices:check", args=[submission.ref])

        for _ in range(10):
            posted = at_once(*[lambda: visitor().post(path, {"again": "1"})] * 10)
            statuses = {response.status_code for response in posted}
            self.assertLessEqual(statuses, {200, 429})

        submission.refresh_from_db()
        self.assertEqual((submission.asked_again, submission.lane), (1, Lane.SLOW))
        self.assertEqual(Letter.objects.count(), 1)

    def test_refusing_a_form_whose_email_is_being_queued_is_no_error(self):
        for queue in (
            lambda: send_again(Submission.objects.get().pk),
            lambda: release(Submission.objects.all()),
        ):
            RefusedAddress.objects.all().delete()
            hour_ago = timezone.now() - timedelta(hours=1)
            form = make_submission(lane=Lane.HELD, submitted_at=hour_ago)

            refused = before_commit(queue, partial(visitor().post, not_me_url(form)))

            self.assertEqual(refused.status_code, 200)
            self.assertFalse(Submission.objects.exists())
            self.assertFalse(Letter.objects.exists())
            self.assertTrue(RefusedAddress.objects.exists())

    def test_erasing_while_a_closed_form_asks_again_is_no_error(self):
        hour_ago = timezone.now() - timedelta(hours=1)
        closed, form = [
            make_submission(email="ana@example.com", submitted_at=hour_ago)
            for _ in range(2)
        ]
        form.confirm()

        before_commit(
            partial(send_again, closed.pk), partial(erase, Signature.objects.get())
        )

        self.assertFalse(Submission.objects.exists())
        self.assertFalse(Letter.objects.exists())

    def test_asking_again_for_a_form_that_is_being_refused_is_a_404(self):
        hour_ago = timezone.now() - timedelta(hours=1)
        form = make_submission(submitted_at=hour_ago)
        path = reverse("voices:check", args=[form.ref])
        address_hash = addresses.keyed_hash(form.email_key)

        asked = before_commit(
            partial(RefusedAddress.objects.refuse, address_hash, form),
            lambda: visitor().post(path, {"again": "1"}),
        )

        self.assertEqual(asked.status_code, 404)

    def test_a_decision_is_mailed_once_by_one_worker_after_another(self):
        make_signature()
        decide.publish(Voice.objects.all(), make_staff())
        make_due()

        for _ in range(2):
            at_once(send_next, send_next)

        self.assertEqual(len(mail.outbox), 1)


class DecidingAtOnceTests(CommittedTestCase):
    def test_two_moderators_publish_the_same_voices_once(self):
        signatures = [make_signature() for _ in range(5)]
        staff = [make_staff("one"), make_staff("two")]

        counts = at_once(
            *[
                partial(decide.publish, Voice.objects.order_by(o), by)
                for by, o in zip(staff, ("pk", "-pk"), strict=True)
            ]
        )

        self.assertEqual(sum(counts), 5)
        self.assertEqual(Decision.objects.count(), 5)
        self.assertEqual(Letter.objects.count(), 5)
        self.assertEqual(Letter.objects.in_flight().count(), 5)
        self.assertEqual(
            {letter.signature for letter in Letter.objects.all()}, set(signatures)
        )

    def test_publishing_and_declining_at_once_does_only_one(self):
        voices = [make_voice() for _ in range(6)]
        by, reason = make_staff(), make_reason()

        published, declined = at_once(
            lambda: decide.publish(Voice.objects.all(), by),
            lambda: decide.decline(Voice.objects.all(), by, reason, tell=False),
        )

        self.assertEqual(published + declined, len(voices))
        self.assertEqual(Decision.objects.count(), len(voices))

    def test_two_moderators_undo_one_decision_once(self):
        make_published_voice()
        by = make_staff()
        decide.feature(Voice.objects.all(), by)

        counts = at_once(*[lambda: undoing.undo(Voice.objects.all(), by)] * 2)

        self.assertEqual(sum(counts), 1)

    def test_two_moderators_who_undo_one_decision_send_one_correction(self):
        voice = make_signature().voice
        by, other = make_staff("one"), make_staff("two")
        voices = Voice.objects.filter(pk=voice.pk)
        decide.ask_changes(voices, by, "Shorter, please.")
        decide.publish(voices, by)
        make_due()
        while send_next():
            pass
        decision = voice.decisions.first()

        results = at_once(
            *[
                partial(undoing.undo_latest, voices, each, decision_id=decision.pk)
                for each in (by, other)
            ]
        )

        self.assertEqual(sorted(len(result.done) for result in results), [0, 1])
        [refusal] = [text for result in results for text in result.refused.values()]
        self.assertRegex(refusal, "(one|two) has already undone this decision")
        self.assertEqual(Decision.objects.filter(kind="undone").count(), 1)
        self.assertEqual(Letter.objects.in_flight().get().kind, "reversed")

    def test_a_correction_never_leaves_with_the_same_decision_made_again(self):
        by = make_staff()
        for _ in range(5):
            mail.outbox.clear()
            voice = make_signature().voice
            voices = Voice.objects.filter(pk=voice.pk)
            decide.publish(voices, by)
            make_due()
            send_next()
            undoing.undo(voices, by)
            make_due()

            at_once(send_next, partial(decide.publish, voices, by))
            make_due()
            while send_next():
                pass

            subjects = [message.subject for message in mail.outbox]
            told_again = [
                "We made a mistake about your statement",
                "Your voice is published",
            ]
            self.assertIn(subjects[1:], [[], told_again])

    def test_an_edit_never_restores_words_removed_concurrently(self):
        moderator = Client()
        moderator.force_login(make_staff())
        for _ in range(5):
            voice = make_published_voice()
            signature = make_signature(voice=voice)
            page = reverse("admin:voices_voice_change", args=[voice.pk])
            form = moderator.get(page).context["adminform"].form
            filled = {name: form[name].value() for name in form.fields}

            _, saved = at_once(
                partial(correct, signature, ""),
                partial(moderator.post, page, filled | {"city": "Dayton"}),
            )

            voice.refresh_from_db()
            self.assertEqual(voice.statement, "")
            self.assertNotEqual(voice.city, "Dayton")
            self.assertIn(saved.status_code, {200, 302})
            self.assertFalse(ProposedEdit.objects.exists())


class FiguresAtOnceTests(CommittedTestCase):
    def test_the_figures_are_exact_under_concurrent_writes(self):
        by, reason = make_staff(), make_reason()
        submissions = [make_submission(state=state) for state in ("TX", "NM", "OH") * 4]
        up = [make_founding_voice(n, state="TX") for n in range(6)]
        waiting = [make_voice(state="NM") for _ in range(6)]
        looked = []

        def one(voice):
            return Voice.objects.filter(pk=voice.pk)

        def look():
            looked.extend((signers(), sum(statements().values())) for _ in range(10))

        def fold():
            for _ in range(10):
                Tally.objects.fold()

        def confirm(some):
            for submission in some:
                submission.confirm()

        def publish():
            for voice in waiting:
                decide.publish(one(voice), by)

        def take_down_and_undo():
            for voice in up:
                decide.take_down(one(voice), by, reason)
                if voice.pk % 2:
                    undoing.undo(one(voice), by)

        def move():
            for voice in waiting:
                Voice.objects.filter(pk=voice.pk).update(state="OH")

        at_once(
            *[partial(confirm, submissions[start::4]) for start in range(4)],
            publish,
            take_down_and_undo,
            move,
            fold,
            fold,
            look,
        )

        self.assertEqual((signers(), statements()), counted_afresh())
        Tally.objects.fold()
        self.assertEqual((signers(), statements()), counted_afresh())
        # No reader ever saw a wrong figure.
        for signed, stated in looked:
            self.assertTrue(0 <= signed <= 18 and 0 <= stated <= 12, (signed, stated))
