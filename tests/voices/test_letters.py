import re
import smtplib
from datetime import timedelta
from email import message_from_bytes, policy
from unittest import mock

from django.conf import settings
from django.core import mail
from django.db import transaction
from django.test import TestCase, override_settings
from django.utils import timezone
from django.utils.html import strip_tags

from core import addresses
from tests.committed import CommittedTestCase, rows
from tests.factories import (
    deliver,
    latest_submission,
    make_reason,
    make_signature,
    make_staff,
    make_submission,
    sign,
)
from voices.letters.check import check
from voices.letters.queue import queue_confirmation, queue_letter, queue_letters
from voices.letters.send import send_next
from voices.letters.take import take
from voices.managing.changes import correct
from voices.models import (
    Attempt,
    Letter,
    RefusedAddress,
    Signature,
    Submission,
    Voice,
)
from voices.moderation import decide, undoing
from voices.signatures import tokens

SEND = "django.core.mail.backends.locmem.EmailBackend.send_messages"


def parts(message):
    """The text and HTML parts, as a mail program shows them."""
    parsed = message_from_bytes(message.message().as_bytes(), policy=policy.default)
    return [
        parsed.get_body((kind,)).get_content().replace("\r\n", "\n")
        for kind in ("plain", "html")
    ]


def shown(client, message):
    """The page behind an email's link, before its button is pressed."""
    link = re.search(r"(/voices/confirm/[\w.:-]+/)", message.body)[1]
    return client.get(link).content.decode()


def refused(code, address="ana@example.com"):
    return smtplib.SMTPRecipientsRefused({address: (code, b"No.")})


class EveryLetterTests(TestCase):
    def test_has_the_headers_of_automated_mail(self):
        sign(self.client)

        message = deliver()[0].message()

        self.assertEqual(message["Auto-Submitted"], "auto-generated")
        self.assertEqual(message["To"], "ana@example.com")
        self.assertIn(settings.SITE_NAME, message["From"])
        self.assertIn(f"<{settings.DEFAULT_FROM_EMAIL}>", message["From"])
        self.assertEqual(message["Reply-To"], settings.CONTACT_EMAIL)
        self.assertRegex(message["Message-ID"], rf"\A<[\w-]+@{settings.SITE_HOST}>\Z")
        self.assertEqual(message.get_content_type(), "multipart/alternative")

    def test_has_the_same_message_id_on_every_try(self):
        sign(self.client)
        tried = []

        def fail(backend, messages):
            tried.extend(message.message()["Message-ID"] for message in messages)
            raise smtplib.SMTPDataError(451, b"Later.")

        for _ in range(2):
            with mock.patch(SEND, fail):
                deliver()
        sent = deliver()[0].message()["Message-ID"]

        self.assertEqual(tried, [sent, sent])

    def test_two_letters_have_two_message_ids(self):
        for _ in range(2):
            sign(self.client)
            deliver()

        self.assertEqual(len({m.message()["Message-ID"] for m in mail.outbox}), 2)

    def test_says_who_sends_it_and_from_where_in_both_parts(self):
        sign(self.client)

        for part in parts(deliver()[0]):
            self.assertIn(f"un by {settings.OPERATOR_NAME}", part)
            self.assertIn(settings.POSTAL_ADDRESS, part)
            self.assertIn(settings.SITE_NAME, part)
            self.assertIn(settings.SITE_URL, part)


class ConfirmLetterTests(TestCase):
    def test_both_parts_hold_a_link_that_works(self):
        for index in range(2):
            sign(self.client, email=f"ana{index}@example.com")
            part = parts(deliver()[0])[index]

            link = re.search(
                rf"{settings.SITE_URL}(/voices/confirm/[\w.:-]+/)", part
            ).group(1)

            self.assertEqual(self.client.get(link).status_code, 200)
            self.assertEqual(self.client.post(link).status_code, 303)
        self.assertEqual(Signature.objects.count(), 2)

    def test_both_parts_hold_a_way_to_refuse_and_the_days(self):
        sign(self.client)

        for part in parts(deliver()[0]):
            link = re.search(rf"{settings.SITE_URL}(/voices/not-me/[\w.:-]+/)", part)
            self.assertEqual(self.client.get(link.group(1)).status_code, 200)
            self.assertIn(f"{settings.CONFIRM_LINK_DAYS} days", part)

    def test_both_parts_hold_the_code_that_the_page_takes(self):
        answer = sign(self.client)

        text, html = parts(deliver()[0])
        code = re.search(r"\b[0-9]{6}\b", text.split("have open: ")[1]).group()
        self.assertIn(f'<p class="code">{code}</p>', html)
        self.assertEqual(
            self.client.post(answer["Location"], {"code": code}).status_code, 303
        )

    def test_its_page_shows_what_will_be_published_and_nothing_more(self):
        sign(self.client, name_display="initial", statement="Rights & <b>law</b>.")

        page = shown(self.client, deliver()[0])

        self.assertIn("Rights &amp; &lt;b&gt;law&lt;/b&gt;.", page)
        self.assertIn("Ana R., Nurse, Columbus, Ohio", strip_tags(page))
        self.assertNotIn("ana@example.com", page)

    def test_its_page_says_that_an_unlisted_name_does_not_appear(self):
        sign(self.client, name_display="unlisted")

        page = shown(self.client, deliver()[0])

        self.assertIn("Nothing about you will be published", page)
        self.assertNotIn("Columbus", page)

    def test_the_code_expires_days_after_the_mail_was_sent(self):
        sign(self.client)
        Submission.objects.update(submitted_at=timezone.now() - timedelta(days=9))

        deliver()

        mailed = latest_submission().mailed_at
        self.assertLess(timezone.now() - mailed, timedelta(minutes=1))


class AlreadySignedLetterTests(TestCase):
    def setUp(self):
        self.signature = make_signature(email="ana.reyes@gmail.com", name="Ana Reyes")
        sign(
            self.client,
            email="AnaReyes+other@gmail.com",
            name="Mallory Buynow",
            statement="Visit my shop.",
        )
        self.letter = deliver()[0]

    def test_goes_to_the_address_that_signed_and_speaks_to_its_owner(self):
        self.assertEqual(self.letter.to, ["ana.reyes@gmail.com"])
        for part in parts(self.letter):
            self.assertIn("already signed", " ".join(part.split()))

    def test_contains_no_user_input(self):
        for part in parts(self.letter):
            for typed in ("Mallory", "Buynow", "shop", "other@"):
                self.assertNotIn(typed, part)

    def test_has_no_link_or_code_to_confirm(self):
        code = tokens.code(latest_submission().ref)
        for part in parts(self.letter):
            self.assertNotIn("/confirm/", part)
            self.assertNotIn(code, part)

    def test_the_form_stays_for_a_corrected_address_without_a_code(self):
        submission = latest_submission()
        code = tokens.code(submission.ref)

        self.assertEqual(submission.name, "Mallory Buynow")
        self.assertIsNone(submission.confirmed_at)
        self.assertIsNone(submission.mailed_at)
        self.assertFalse(submission.try_code(code))
        self.assertEqual(Signature.objects.count(), 1)

    def test_a_form_confirmed_between_queueing_and_sending_is_dropped(self):
        sign(self.client, email="bea@example.com")
        latest_submission().confirm()

        self.assertEqual(deliver(), [])


class DecisionLetterTests(TestCase):
    def setUp(self):
        self.by = make_staff()
        self.signature = make_signature(email="ana@example.com", name="Ana Reyes")
        self.voice = self.signature.voice
        self.voices = Voice.objects.filter(pk=self.voice.pk)

    def test_published_says_where(self):
        decide.publish(self.voices, self.by)

        letter = deliver()[0]
        self.assertEqual(letter.to, ["ana@example.com"])
        self.assertEqual(letter.subject, "Your voice is published")
        for part in parts(letter):
            self.assertIn(f"{settings.SITE_URL}{self.voice.get_absolute_url()}", part)
            self.assertIn(self.voice.statement, part)

    def test_published_has_links_to_share_in_both_parts(self):
        decide.publish(self.voices, self.by)

        for part in parts(deliver()[0]):
            for service in ("WhatsApp", "Bluesky", "LinkedIn"):
                self.assertIn(service, part)
            self.assertIn("https://wa.me/?text=", part)

    def test_a_name_alone_that_is_published_has_no_page(self):
        self.voices.update(statement="")

        decide.publish(self.voices, self.by)

        for part in parts(deliver()[0]):
            self.assertNotIn(self.voice.get_absolute_url(), part)
            self.assertIn("among those published", part)

    def test_declined_has_the_reason_if_the_author_may_see_it(self):
        reason = make_reason(explanation="It tells where <somebody> lives.")

        decide.decline(self.voices, self.by, reason, tell=True)

        text, html = parts(deliver()[0])
        self.assertIn("It tells where <somebody> lives.", text)
        self.assertIn("It tells where &lt;somebody&gt; lives.", html)
        self.assertIn(self.voice.statement, " ".join(text.split()))

    def test_declined_is_not_mailed_otherwise(self):
        decide.decline(self.voices, self.by, make_reason(), tell=False)

        self.assertEqual(deliver(), [])

    def test_changes_asked_says_which(self):
        decide.ask_changes(self.voices, self.by, "Please leave out the <name>.")

        text, html = parts(deliver()[0])
        self.assertIn("Please leave out the <name>.", text)
        self.assertIn("Please leave out the &lt;name&gt;.", html)

    def test_taken_down_has_the_reason_and_the_words(self):
        self.voices.update(published_at=timezone.now())
        reason = make_reason(explanation="It tells where <somebody> lives.")

        decide.take_down(self.voices, self.by, reason)

        [letter] = deliver()
        self.assertEqual(letter.to, ["ana@example.com"])
        self.assertEqual(letter.subject, "We took your statement down")
        text, html = parts(letter)
        self.assertIn("It tells where <somebody> lives.", text)
        self.assertIn("It tells where &lt;somebody&gt; lives.", html)
        for part in (text, html):
            said = " ".join(part.split())
            self.assertIn(self.voice.statement, said)
            self.assertIn("Your signature still counts.", said)
            self.assertIn("/voices/manage/", said)
            self.assertNotIn(self.voice.get_absolute_url(), said)

    def test_a_name_alone_that_is_taken_down_is_called_a_name(self):
        self.voices.update(published_at=timezone.now(), statement="")

        decide.take_down(self.voices, self.by, make_reason())

        [letter] = deliver()
        self.assertEqual(letter.subject, "We took your name down")
        for part in parts(letter):
            self.assertNotIn("statement", part)

    def test_taken_down_does_not_say_that_an_uncounted_signature_counts(self):
        self.voices.update(published_at=timezone.now())
        Signature.objects.update(counted_at=None, rejected_at=timezone.now())

        decide.take_down(self.voices, self.by, make_reason())

        for part in parts(deliver()[0]):
            self.assertNotIn("still counts", part)

    def test_taken_down_is_not_mailed_once_the_author_has_sent_other_words(self):
        self.voices.update(published_at=timezone.now())
        decide.take_down(self.voices, self.by, make_reason())

        correct(self.signature, "Other words.")

        self.assertEqual(deliver(), [])

    def test_a_founding_voice_has_no_recipient(self):
        Signature.objects.all().delete()

        self.assertEqual(decide.publish(self.voices, self.by), 1)
        self.assertFalse(Letter.objects.exists())

    def test_a_decision_that_was_undone_before_its_mail_left_is_not_mailed(self):
        for decision in (
            lambda: decide.publish(self.voices, self.by),
            lambda: decide.decline(self.voices, self.by, make_reason(), tell=True),
            lambda: decide.ask_changes(self.voices, self.by, "Shorter, please."),
            lambda: (
                self.voices.update(published_at=timezone.now()),
                decide.take_down(self.voices, self.by, make_reason()),
            ),
        ):
            decision()
            undoing.undo(self.voices, self.by)

            self.assertEqual(deliver(), [])
        self.assertEqual(Letter.objects.filter(dropped_at=None).count(), 0)

    def test_a_decision_that_was_undone_and_made_again_is_mailed_once(self):
        decide.publish(self.voices, self.by)
        undoing.undo(self.voices, self.by)
        decide.publish(self.voices, self.by)

        self.assertEqual(len(deliver()), 1)

    def test_an_earlier_decision_than_the_undone_one_is_still_mailed(self):
        decide.ask_changes(self.voices, self.by, "Shorter, please.")
        decide.publish(self.voices, self.by)
        undoing.undo(self.voices, self.by)

        [letter] = deliver()
        self.assertIn("Shorter, please.", letter.body)

    def test_a_voice_taken_down_before_its_mail_left_is_not_called_published(self):
        decide.publish(self.voices, self.by)
        decide.take_down(self.voices, self.by, make_reason())

        self.assertEqual(
            [letter.subject for letter in deliver()], ["We took your statement down"]
        )

    def test_an_address_that_refused_is_not_mailed(self):
        sign(self.client, email="ana@example.com")
        RefusedAddress.objects.remember(Letter.objects.get().address_hash)
        Letter.objects.all().delete()

        decide.publish(self.voices, self.by)

        self.assertFalse(Letter.objects.exists())


class ManyLettersTests(TestCase):
    FIELDS = (
        "kind",
        "signature",
        "address_hash",
        "lane",
        "turn",
        "send_at",
        "attempts",
    )

    def queued(self):
        letters = Letter.objects.order_by("signature")
        return list(letters.values_list(*self.FIELDS))

    def test_are_the_same_as_if_each_were_queued_alone(self):
        signatures = [make_signature() for _ in range(3)]
        at = timezone.now() + timedelta(minutes=5)
        for signature in signatures:
            queue_letter(Letter.Kind.DECLINED, signature, at=at)
        one_by_one = self.queued()
        Letter.objects.all().delete()

        count = queue_letters(Letter.Kind.DECLINED, Signature.objects.all(), at)

        self.assertEqual(count, 3)
        self.assertEqual(self.queued(), one_by_one)
        self.assertEqual(len({letter.message_id for letter in Letter.objects.all()}), 3)

    def test_refused_addresses_get_none_under_any_key(self):
        told, refused, refused_before = (make_signature() for _ in range(3))
        RefusedAddress.objects.remember(addresses.keyed_hash(refused.email_key))
        old = addresses.keyed_hash(refused_before.email_key, "an earlier key")
        RefusedAddress.objects.remember(old)

        with override_settings(SECRET_KEY_FALLBACKS=["an earlier key"]):
            count = queue_letters(Letter.Kind.PUBLISHED, Signature.objects.all())

        self.assertEqual(count, 1)
        self.assertEqual(Letter.objects.get().signature, told)

    def test_take_as_many_statements_for_many_signers_as_for_one(self):
        for count in (1, 20):
            while Signature.objects.count() < count:
                make_signature()

            with self.assertNumQueries(5):
                queue_letters(Letter.Kind.PUBLISHED, Signature.objects.all())

    def test_for_nobody_queues_none(self):
        self.assertEqual(
            queue_letters(Letter.Kind.PUBLISHED, Signature.objects.none()), 0
        )

    def test_letters_that_somebody_awaits_need_a_turn(self):
        with self.assertRaises(ValueError):
            queue_letters(Letter.Kind.MANAGE, Signature.objects.all())


class SendLetterTests(TestCase):
    def setUp(self):
        sign(self.client)
        self.letter = Letter.objects.get()

    def test_a_letter_is_sent_once(self):
        for _ in range(3):
            deliver()

        self.assertEqual(len(mail.outbox), 1)

    def test_a_letter_deleted_while_it_waits_is_no_error(self):
        taken = take()
        self.letter.delete()

        self.assertEqual(check(taken, taken.ids), [])

    def test_a_hard_refusal_drops_it(self):
        with (
            mock.patch(SEND, side_effect=refused(550)),
            self.assertLogs("voices.letters.send", "WARNING") as logs,
        ):
            deliver()

        self.letter.refresh_from_db()
        self.assertIsNotNone(self.letter.dropped_at)
        self.assertIsNone(self.letter.sent_at)
        self.assertNotIn("ana@example.com", str(logs.output))
        sign(self.client)
        self.assertEqual(len(deliver()), 1)

    def test_a_soft_refusal_is_retried(self):
        with mock.patch(SEND, side_effect=refused(451)):
            deliver()

        self.letter.refresh_from_db()
        self.assertIsNone(self.letter.dropped_at)
        self.assertEqual(len(deliver()), 1)

    def test_an_unreachable_mail_server_is_retried(self):
        for error in (ConnectionRefusedError, TimeoutError, smtplib.SMTPException):
            with mock.patch(SEND, side_effect=error):
                deliver()

        self.assertEqual(len(deliver()), 1)

    def test_a_form_submitted_during_sending_gets_its_own_mail(self):
        def send_in_another(backend, messages):
            mail.outbox.extend(messages)
            sign(self.client, city="Dayton")
            return 1

        with mock.patch(SEND, send_in_another):
            send_next()

        self.letter.refresh_from_db()
        self.assertIsNotNone(self.letter.sent_at)
        self.assertIn("Dayton", shown(self.client, deliver()[0]))

    def test_a_form_is_mailed_even_if_another_was_given_up(self):
        with mock.patch(SEND, side_effect=refused(550)):
            deliver()
        sign(self.client, city="Akron")

        self.assertIn("Akron", shown(self.client, deliver()[0]))

    def test_an_address_that_keeps_refusing_is_left_alone(self):
        for city in ("Dayton", "Akron"):
            sign(self.client, city=city)

        with mock.patch(SEND, side_effect=refused(550)) as sending:
            for _ in range(4):
                deliver()

        self.assertEqual(sending.call_count, 3)
        self.assertFalse(Letter.objects.in_flight().exists())

    def test_a_form_refused_during_sending_is_no_error(self):
        def refuse(backend, messages):
            RefusedAddress.objects.refuse(self.letter.address_hash, latest_submission())
            return 1

        with mock.patch(SEND, refuse):
            deliver()

        self.assertFalse(Submission.objects.exists())
        self.assertFalse(Letter.objects.exists())


class QueueTests(CommittedTestCase):
    def test_queued_letters_hold_no_personal_data(self):
        sign(self.client)

        waiting = str(rows("SELECT * FROM voices_letter, voices_turn"))
        self.assertNotIn("ana", waiting)
        self.assertNotIn("127.0.0", waiting)

    def test_the_letter_is_queued_with_its_form_or_not_at_all(self):
        with self.assertRaises(ZeroDivisionError), transaction.atomic():
            queue_confirmation(make_submission())
            self.assertEqual(Letter.objects.count(), 1)
            raise ZeroDivisionError

        self.assertFalse(Letter.objects.exists())
        self.assertFalse(Submission.objects.exists())

    def test_the_letter_is_queued_with_its_decision_or_not_at_all(self):
        make_signature()
        by = make_staff()
        with self.assertRaises(ZeroDivisionError), transaction.atomic():
            decide.publish(Voice.objects.all(), by)
            self.assertEqual(Letter.objects.count(), 1)
            raise ZeroDivisionError

        self.assertFalse(Letter.objects.exists())
        self.assertFalse(Voice.objects.published().exists())

    def test_a_form_that_cannot_be_mailed_leaves_nothing_behind(self):
        with (
            mock.patch("voices.signing.views.queue_confirmation", side_effect=OSError),
            self.assertRaises(OSError),
        ):
            sign(self.client)

        self.assertFalse(Submission.objects.exists())
        self.assertFalse(Letter.objects.exists())

    def test_the_sixth_mail_of_a_day_waits_until_the_day_is_over(self):
        signature = make_signature(email="ana@example.com")
        signature.voice.published_at = timezone.now()
        signature.voice.save()
        now = timezone.now()
        for hour in range(settings.MAILS_PER_ADDRESS_PER_DAY):
            queue_letter(Letter.Kind.PUBLISHED, signature)
            at = now - timedelta(hours=10 - hour)
            deliver()
            Attempt.objects.filter(at__gt=now - timedelta(hours=1)).update(at=at)

        queue_letter(Letter.Kind.PUBLISHED, signature)

        self.assertEqual(deliver(), [])
        sixth = Letter.objects.in_flight().get()
        self.assertEqual(sixth.send_at, now + timedelta(hours=14))
        self.assertIsNone(sixth.taken_at)
