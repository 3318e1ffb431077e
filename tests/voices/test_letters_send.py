"""Each letter is sent once, or at most twice if the sender can't know the outcome."""

import itertools
import smtplib
import socket
from collections import Counter
from datetime import timedelta
from email import message_from_bytes
from unittest import mock

from django.core import mail
from django.core.mail.backends.smtp import EmailBackend
from django.db import DatabaseError, connection
from django.test import Client, TestCase, override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests import owner
from tests.committed import CommittedTestCase, at_once, make_due
from tests.factories import (
    deliver,
    latest_submission,
    make_signature,
    make_submission,
    sign,
)
from tests.mail_server import mail_server
from voices.letters.check import check, check_all
from voices.letters.compose import compose
from voices.letters.mail_server import IDLE, MailServer, MailServerUnreachableError
from voices.letters.queue import queue_confirmation, queue_letter
from voices.letters.send import offer, send_next
from voices.letters.take import BATCH, take
from voices.models import (
    Attempt,
    Letter,
    RefusedAddress,
    SendingRate,
    Signature,
    Submission,
)

SEND = "django.core.mail.backends.locmem.EmailBackend.send_messages"


def smtp(server):
    """Settings that send through SMTP to a test server."""
    host, port = server.server_address
    return override_settings(
        MAILERS={
            "default": {
                "BACKEND": f"{EmailBackend.__module__}.EmailBackend",
                "OPTIONS": {"host": host, "port": port, "timeout": 5},
            }
        },
        MAILS_PER_MINUTE=100_000,
    )


def addressees(server):
    return Counter(message_from_bytes(message)["To"] for message in server.messages)


class AttemptTests(TestCase):
    def setUp(self):
        sign(self.client)

    def letter(self):
        return Letter.objects.get()

    def test_the_attempt_is_recorded_before_the_mail_server_is_contacted(self):
        seen = []

        def look(backend, messages):
            seen.append(self.letter().attempts)
            return len(messages)

        with mock.patch(SEND, look):
            deliver()

        self.assertEqual(seen, [1])

    def test_a_timeout_is_retried_once_after_a_wait(self):
        with mock.patch(SEND, side_effect=TimeoutError) as sending:
            send_next()
            wait = self.letter().send_at - timezone.now()
            for _ in range(4):
                deliver()

        self.assertGreater(wait, timedelta(minutes=14))
        self.assertEqual(sending.call_count, 2)
        self.assertIsNotNone(self.letter().dropped_at)

    def test_an_unreachable_server_uses_up_no_try(self):
        opening = "django.core.mail.backends.locmem.EmailBackend.open"
        for _ in range(3):
            with (
                mock.patch(opening, side_effect=ConnectionRefusedError),
                self.assertRaises(MailServerUnreachableError),
            ):
                deliver()

        self.assertEqual((self.letter().attempts, self.letter().taken_at), (0, None))
        self.assertEqual(len(deliver()), 1)

    def test_a_failing_letter_is_retried_for_about_a_day(self):
        waits = []
        with mock.patch(SEND, side_effect=smtplib.SMTPDataError(451, b"Later.")):
            while Letter.objects.in_flight().exists():
                deliver()
                waits.append(self.letter().send_at - timezone.now())
        # After the last try, the letter is dropped.
        del waits[-1]

        self.assertLess(len(waits), 40)
        self.assertLessEqual(max(waits), timedelta(hours=1))
        total = sum(waits, timedelta())
        self.assertAlmostEqual(total, timedelta(days=1), delta=timedelta(hours=2))

    def test_a_dropped_letter_does_not_count_toward_the_rate(self):
        latest_submission().confirm()

        deliver()

        self.assertFalse(Letter.objects.in_flight().exists())
        self.assertFalse(Attempt.objects.exists())

    def test_a_letter_that_cannot_be_composed_holds_back_no_other(self):
        sign(self.client, email="bea@example.com")
        broken = self.failing_for("ana@example.com")

        with mock.patch("voices.letters.check.compose", broken):
            sent = deliver()

        self.assertEqual([message.to for message in sent], [["bea@example.com"]])
        self.assertEqual(len(deliver()), 1)

    def failing_for(self, email):
        def made(letter):
            if letter.submission.email == email:
                raise ValueError(email)
            return compose(letter)

        return made

    def test_letters_left_when_the_sender_stops_are_released_at_once(self):
        sign(self.client, email="bea@example.com")
        stops = iter([False, True])

        send_next(lambda: next(stops))

        self.assertEqual(len(mail.outbox), 1)
        waiting = Letter.objects.waiting().get()
        self.assertIsNone(waiting.taken_at)
        self.assertLess(waiting.send_at, timezone.now())


class FullDiskTests(CommittedTestCase):
    """The database cannot record that a letter was sent."""

    def setUp(self):
        super().setUp()
        owner.execute(
            "CREATE FUNCTION disk_is_full() RETURNS trigger LANGUAGE plpgsql AS "
            "$$BEGIN RAISE EXCEPTION 'No space left on device'; END$$",
            "CREATE TRIGGER disk_is_full BEFORE UPDATE ON voices_letter "
            "FOR EACH ROW WHEN (NEW.sent_at IS NOT NULL) "
            "EXECUTE FUNCTION disk_is_full()",
        )
        self.addCleanup(owner.execute, "DROP FUNCTION disk_is_full CASCADE")

    def try_to_send(self):
        try:
            while send_next():
                pass
        except DatabaseError:
            pass

    def test_nobody_is_mailed_again_and_again(self):
        for email in ("ana@example.com", "bea@example.com"):
            sign(self.client, email=email)
        with mail_server() as server, smtp(server):
            for _ in range(5):
                self.try_to_send()
            at_first = addressees(server)
            for _ in range(5):
                make_due()
                self.try_to_send()
            later = addressees(server)

        self.assertEqual(set(at_first.values()), {1})
        self.assertLessEqual(max(later.values()), 2)
        self.assertEqual(len(later), 2)


class ManyAtOnceTests(CommittedTestCase):
    def test_concurrent_senders_send_each_letter_once(self):
        submissions = [make_submission() for _ in range(60)]
        for submission in submissions:
            queue_confirmation(submission)

        def send():
            sent = 0
            while found := send_next():
                sent += found
            return sent

        with mail_server() as server, smtp(server):
            at_once(*[send] * 4)

        everyone = {each.email: 1 for each in submissions}
        self.assertEqual(addressees(server), everyone)
        self.assertFalse(Letter.objects.in_flight().exists())

    def test_letters_that_fail_stay_within_the_rate(self):
        for _ in range(4):
            queue_confirmation(make_submission())
        tried = []
        # The clock advances only a microsecond per look, however slow the machine is.
        begun, ticks = timezone.now(), itertools.count()

        def now():
            return begun + timedelta(microseconds=next(ticks))

        def fail(backend, messages):
            tried.append(messages[0].to)
            raise smtplib.SMTPDataError(451, b"Later.")

        def send():
            # One sender makes the other's letters due while it has them, so many
            # rounds send nothing.
            for _ in range(300):
                make_due()
                send_next()
                if len(tried) > 10:
                    break

        with (
            mock.patch(SEND, fail),
            mock.patch("django.utils.timezone.now", now),
            override_settings(MAILS_PER_MINUTE=60),
        ):
            at_once(send, send)

        # No more than the limit for ten seconds.
        self.assertEqual(len(tried), 10)

    def test_two_senders_on_own_connections_share_the_rate(self):
        SendingRate.objects.create(per_minute=120)
        for _ in range(40):
            queue_confirmation(make_submission())

        def send():
            connection = MailServer()
            while send_next(server=connection):
                pass
            connection.close()

        with mail_server() as server, smtp(server):
            at_once(send, send)

        # The limit for ten seconds.
        self.assertEqual(len(server.messages), 20)
        self.assertLessEqual(server.connections, 2)

    def test_a_batch_of_letters_takes_few_statements(self):
        for _ in range(2 * BATCH):
            queue_confirmation(make_submission())
        with mail_server() as server, smtp(server):
            send_next()
            with CaptureQueriesContext(connection) as queries:
                send_next()

        self.assertEqual(len(server.messages), 2 * BATCH)
        # Two for each letter: one before it is offered, and one with the result.
        self.assertEqual(len(queries), 17 + 2 * BATCH)

    def test_letters_held_back_by_their_address_let_others_pass(self):
        emails = [f"ana{number}@example.com" for number in range(BATCH + 2)]
        for email in emails * 2:
            sign(self.client, email=email)
        failed = Letter.objects.order_by("pk")[: len(emails)]
        Letter.objects.filter(pk__in=[each.pk for each in failed]).update(
            attempts=1, failures=1
        )

        with override_settings(MAILS_PER_MINUTE=100_000):
            for _ in range(3):
                send_next()

        self.assertCountEqual([to for each in mail.outbox for to in each.to], emails)

    def test_two_letters_to_one_address_never_leave_at_the_same_time(self):
        for _ in range(2):
            sign(self.client)
        first, second = Letter.objects.order_by("pk")
        Letter.objects.filter(pk=first.pk).update(
            attempts=1, send_at=timezone.now() + timedelta(minutes=5)
        )

        send_next()

        self.assertEqual(mail.outbox, [])
        second.refresh_from_db()
        self.assertEqual((second.attempts, second.taken_at), (0, None))


class ConnectionTests(CommittedTestCase):
    def setUp(self):
        super().setUp()
        self.server = self.enterContext(mail_server())
        self.enterContext(smtp(self.server))
        self.connection = MailServer()
        self.addCleanup(self.connection.close)

    def send(self, count=1):
        for _ in range(count):
            queue_confirmation(make_submission())
        return send_next(server=self.connection)

    def test_several_batches_use_one_connection(self):
        for _ in range(3):
            self.send(4)

        self.assertEqual(len(self.server.messages), 12)
        self.assertEqual(self.server.connections, 1)

    def test_an_idle_connection_is_closed_and_opened_again(self):
        self.send()
        self.connection.close_if_idle()
        self.assertIsNotNone(self.connection.backend.connection)

        self.connection.used_at -= IDLE + 1
        self.connection.close_if_idle()
        self.assertIsNone(self.connection.backend.connection)
        self.send()

        self.assertEqual(len(self.server.messages), 2)
        self.assertEqual(self.server.connections, 2)

    def test_a_connection_that_the_server_closed_costs_no_try(self):
        self.send()
        self.connection.backend.connection.sock.shutdown(socket.SHUT_RDWR)

        self.send()

        self.assertEqual(len(self.server.messages), 2)
        self.assertEqual(set(Letter.objects.values_list("attempts", flat=True)), {1})

    def test_a_refused_letter_does_not_end_the_connection(self):
        self.server.refusal = "550 No such user"
        self.send()
        self.server.refusal = ""
        self.send()

        self.assertEqual(len(self.server.messages), 1)
        self.assertEqual(self.server.connections, 1)

    def test_letters_are_checked_again_if_those_before_them_take_long(self):
        self.server.seconds = 0.6
        with (
            mock.patch("voices.letters.send.FRESH", 0.5),
            mock.patch("voices.letters.check.check_all", wraps=check_all) as checks,
        ):
            self.send(3)

        self.assertEqual(len(self.server.messages), 3)
        self.assertGreaterEqual(checks.call_count, 3)

    def test_a_letter_deleted_after_the_check_does_not_leave(self):
        def refuse(letter):
            RefusedAddress.objects.refuse(letter.address_hash)
            return offer(letter)

        with mock.patch("voices.letters.send.offer", refuse):
            self.send()

        self.assertEqual(self.server.messages, [])
        self.assertFalse(Attempt.objects.exists())

    def test_of_letters_to_one_address_taken_by_two_senders_one_waits(self):
        forms = [make_submission(email="ana@example.com") for _ in range(2)]
        taken = []
        for form in forms:
            queue_confirmation(form)
            taken.append(take())

        # Whoever checks first.
        late = check(taken[1], list(taken[1].ids))
        early = check(taken[0], list(taken[0].ids))

        self.assertEqual(late, [])
        self.assertEqual([letter.submission for letter, _ in early], forms[:1])


class RepeatsTests(TestCase):
    """Somebody submits the form with a signer's address."""

    def setUp(self):
        self.signature = make_signature(email="ana@example.com")

    def told(self):
        # From a new browser, because one browser can't send the same form twice.
        sign(Client(), email="ana@example.com")
        return [message.subject for message in deliver()]

    def age(self, **ago):
        at = timezone.now() - timedelta(**ago)
        Letter.objects.filter(sent_at__isnull=False).update(sent_at=at, taken_at=at)
        Attempt.objects.update(at=at)

    def test_they_are_notified_once_a_week_at_most(self):
        first, second = self.told(), self.told()
        self.age(days=6, hours=23)
        third = self.told()
        self.age(days=7, minutes=1)
        fourth = self.told()

        subject = "You have already signed"
        self.assertEqual([first, second, third, fourth], [[subject], [], [], [subject]])
        # Notified or not, the form can still be corrected.
        self.assertEqual(Submission.objects.unconfirmed().count(), 4)

    def test_a_link_stops_it_and_a_button_starts_it_again(self):
        self.told()
        path = mail.outbox[0].body.split("stops it:\n")[1].split()[0]
        asked = self.client.get(path)
        self.signature.refresh_from_db()
        self.assertIsNone(self.signature.repeats_stopped_at)

        stopped = self.client.post(path)
        self.age(days=8)
        after = self.told()
        looked = self.client.get(path)
        started = self.client.post(path, {"start": "1"})
        again = self.told()

        self.assertContains(asked, "Stop these messages?")
        for page in (stopped, looked):
            self.assertContains(page, "We won’t tell you again")
        self.assertContains(started, "We will tell you again")
        self.assertEqual((after, again), ([], ["You have already signed"]))

    def test_a_signer_who_stopped_it_still_gets_requested_links(self):
        Signature.objects.update(repeats_stopped_at=timezone.now())

        queue_letter(Letter.Kind.MANAGE, self.signature)

        [message] = deliver()
        self.assertEqual(message.subject, "Your link to manage your voice")

    def test_another_link_stops_nothing(self):
        for token in ("x", "1", f"{self.signature.pk}.x"):
            response = self.client.post(f"/voices/stop-repeats/{token}/")

            self.assertContains(response, "don’t recognize this link", status_code=404)
        self.signature.refresh_from_db()
        self.assertIsNone(self.signature.repeats_stopped_at)

    def test_somebody_who_withdrew_is_asked_to_confirm(self):
        self.told()
        Signature.objects.update(withdrawn_at=timezone.now())

        self.assertEqual(self.told(), ["Confirm your voice"])
        self.assertIsNone(latest_submission().confirmed_at)
