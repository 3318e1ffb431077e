import mailbox
import uuid
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

from django.conf import settings
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import TestCase, override_settings
from django.utils import timezone

from tests.committed import CommittedTestCase, make_due, run_worker
from tests.factories import (
    deliver,
    make_reason,
    make_signature,
    make_staff,
    make_submission,
    sign,
)
from tests.mail_server import mail_server
from voices.letters.bounces import MAX_BYTES, Outcome, read_maildir
from voices.letters.queue import queue_letter
from voices.models import Letter, Signature, Voice
from voices.moderation import decide, undoing
from voices.tasks import read_bounces

REPORT = """\
From: Mail Delivery System <MAILER-DAEMON@mail.example.net>
To: bounces@example.org
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Message-ID: <20261122.1@mail.example.net>
Content-Type: multipart/report; report-type=delivery-status; boundary="part"

--part
Content-Type: text/plain; charset=us-ascii

Your message could not be delivered.

--part
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example.net
Arrival-Date: Sun, 22 Nov 2026 10:00:00 -0500

Final-Recipient: rfc822; ana@example.com
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 {status} No such user

--part
Content-Type: {returned_as}

From: Americans Against Qualified Immunity <voices@example.org>
To: ana@example.com
Message-ID: {message_id}
Subject: Your voice is published

{returned_body}
--part--
"""


def message_id(letter):
    return f"<{letter.message_id}@{settings.SITE_HOST}>"


def bounce(letter, **changes):
    """A mail server's bounce of a letter; a permanent 550 by default."""
    return REPORT.format(
        **{
            "action": "failed",
            "status": "5.1.1",
            "returned_as": "message/rfc822",
            "returned_body": "Hello.",
            "message_id": message_id(letter),
            **changes,
        }
    ).encode()


def make_letter(**fields):
    """A letter that was sent."""
    signature = fields.pop("signature", None) or make_signature(**fields)
    queue_letter(Letter.Kind.PUBLISHED, signature)
    letter = Letter.objects.latest("pk")
    Letter.objects.filter(pk=letter.pk).update(sent_at=timezone.now())
    return letter


class MaildirTestCase(TestCase):
    def setUp(self):
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = str(Path(folder.name, "bounces"))
        self.maildir = mailbox.Maildir(self.path)
        self.letter = make_letter(email="ana@example.com")

    def arrive(self, content):
        return self.maildir.add(content)

    def read(self, content):
        """Deliver a message and read the folder; return the outcome."""
        self.arrive(content)
        (outcome,) = read_maildir(self.path)
        return outcome

    def is_marked(self):
        return Signature.objects.get(email="ana@example.com").bounced_at is not None


class ReportTests(MaildirTestCase):
    def test_a_permanent_bounce_is_recorded_and_is_deleted(self):
        before = timezone.now()

        self.assertEqual(self.read(bounce(self.letter)), Outcome.BOUNCED)

        signature = Signature.objects.get()
        self.assertGreaterEqual(signature.bounced_at, before)
        self.assertEqual(len(self.maildir), 0)

    def test_is_recorded_for_nobody_else(self):
        other = make_signature()

        self.read(bounce(self.letter))

        other.refresh_from_db()
        self.assertIsNone(other.bounced_at)

    def test_is_parsed_in_any_spelling(self):
        for changes in (
            {"returned_as": "text/rfc822-headers"},
            {"status": "5.2.1 (mailbox disabled)"},
            {"status": "5.0.0"},
            {"action": "Failed"},
            {"message_id": f"\n {message_id(self.letter)}"},
            {"message_id": message_id(self.letter).upper()},
        ):
            Signature.objects.update(bounced_at=None)

            self.assertEqual(
                self.read(bounce(self.letter, **changes)), Outcome.BOUNCED, changes
            )
            self.assertTrue(self.is_marked())

    def test_lines_may_end_in_crlf(self):
        wire = bounce(self.letter).replace(b"\n", b"\r\n")

        self.assertEqual(self.read(wire), Outcome.BOUNCED)

    def test_temporary_and_unrelated_bounces_are_not_recorded(self):
        for changes in (
            {"status": "4.2.2"},
            {"status": "4.4.7"},
            {"action": "delayed", "status": "4.0.0"},
            {"action": "delayed", "status": "5.1.1"},
            {"action": "delivered", "status": "2.0.0"},
            {"status": "5.7.1"},
            {"status": "None"},
            {"status": "5"},
        ):
            self.assertEqual(
                self.read(bounce(self.letter, **changes)), Outcome.PASSING, changes
            )
            self.assertFalse(self.is_marked())
        self.assertEqual(len(self.maildir), 0)

    def test_the_second_report_changes_nothing(self):
        self.read(bounce(self.letter))
        marked_at = Signature.objects.get().bounced_at

        self.assertEqual(self.read(bounce(self.letter)), Outcome.BOUNCED)

        self.assertEqual(Signature.objects.get().bounced_at, marked_at)

    def test_a_forged_letter_records_no_bounce(self):
        forged = f"<{uuid.uuid4()}@{settings.SITE_HOST}>"

        outcome = self.read(bounce(self.letter, message_id=forged))

        self.assertEqual(outcome, Outcome.NOBODY)
        self.assertFalse(self.is_marked())

    def test_a_letter_to_a_submission_records_no_bounce(self):
        sign(self.client, email="new@example.com")
        letter = Letter.objects.get(kind=Letter.Kind.CONFIRM)

        self.assertEqual(self.read(bounce(letter)), Outcome.NOBODY)
        self.assertFalse(Signature.objects.filter(bounced_at__isnull=False).exists())

    def test_a_letter_to_an_address_that_was_changed_records_no_bounce(self):
        Signature.objects.update(email="new@example.com", email_key="new@example.com")

        self.assertEqual(self.read(bounce(self.letter)), Outcome.NOBODY)
        self.assertIsNone(Signature.objects.get().bounced_at)

    def test_a_letter_to_somebody_who_left_leaves_nothing_of_them_behind(self):
        content = bounce(self.letter)
        Signature.objects.all().delete()

        self.assertEqual(self.read(content), Outcome.NOBODY)
        self.assertEqual(len(self.maildir), 0)

    def test_an_address_is_known_under_an_earlier_key(self):
        with override_settings(
            SECRET_KEY="n" * 60, SECRET_KEY_FALLBACKS=[settings.SECRET_KEY]
        ):
            self.assertEqual(self.read(bounce(self.letter)), Outcome.BOUNCED)


class FolderTests(MaildirTestCase):
    def test_other_messages_stay_and_do_not_stop_the_rest(self):
        whole = bounce(self.letter)
        strange = [
            b"",
            b"\x00\xff" * 1000,
            b"From: a@example.com\n\nAre you there?",
            b"Content-Type: multipart/report; boundary=x\n\n--x",
            whole.replace(b"multipart/report", b"text/plain"),
            whole.replace(b"message/delivery-status", b"text/plain"),
            whole.replace(b"Action:", b"Reaction:"),
            whole.replace(f"@{settings.SITE_HOST}>".encode(), b"@example.net>"),
            whole.replace(b"us-ascii", b"no-such-charset").replace(b"Status", b"\xff"),
            whole.replace(b"Hello.", b"x" * 5_000_000),
            # Nested too deeply for the parser.
            b"".join(
                b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n)
                for n in range(5000)
            ),
        ]
        understood = {8}
        keys = [self.arrive(content) for content in strange]
        self.arrive(whole)

        counts = read_maildir(self.path)

        left = [key for n, key in enumerate(keys) if n not in understood]
        self.assertEqual(sorted(self.maildir.keys()), sorted(left))
        self.assertEqual(counts[Outcome.LEFT], len(left))
        self.assertEqual(counts[Outcome.BOUNCED], 1)
        self.assertTrue(self.is_marked())

    def test_a_report_that_just_fits_is_read(self):
        content = bounce(self.letter)
        padding = b"x" * (MAX_BYTES - len(content))

        self.assertEqual(
            self.read(content.replace(b"Hello.", b"Hello." + padding)), Outcome.BOUNCED
        )

    def test_messages_already_seen_are_read_too(self):
        seen = mailbox.MaildirMessage(bounce(self.letter))
        seen.set_subdir("cur")
        seen.set_flags("S")

        self.assertEqual(self.read(seen), Outcome.BOUNCED)

    def test_a_message_that_disappears_is_no_error(self):
        key = self.arrive(bounce(self.letter))

        with mock.patch.object(mailbox.Maildir, "keys", return_value=[key, "gone"]):
            counts = read_maildir(self.path)

        self.assertEqual(counts[Outcome.BOUNCED], 1)

    def test_a_notification_stays_until_it_is_stored(self):
        self.arrive(bounce(self.letter))

        with (
            mock.patch("voices.letters.bounces.record", side_effect=ConnectionError),
            self.assertRaises(ConnectionError),
        ):
            read_maildir(self.path)

        self.assertEqual(len(self.maildir), 1)


class CommandTests(MaildirTestCase):
    def run_command(self, **options):
        out = StringIO()
        call_command("read_bounces", stdout=out, **options)
        return out.getvalue()

    def test_prints_counts_and_no_addresses(self):
        self.arrive(bounce(self.letter))
        self.arrive(bounce(self.letter, status="4.2.2"))
        self.arrive(b"From: ben@example.com\n\nHello.")

        said = self.run_command(maildir=self.path)

        self.assertIn(f"{Outcome.BOUNCED}: 1", said)
        self.assertIn(f"{Outcome.PASSING}: 1", said)
        self.assertIn(f"{Outcome.NOBODY}: 0", said)
        self.assertIn(f"{Outcome.LEFT}: 1", said)
        self.assertNotIn("@", said)

    def test_an_invalid_folder_stops_with_a_message(self):
        with TemporaryDirectory() as empty:
            for path in ("", "/no/such/folder", empty, __file__):
                with self.assertRaises(CommandError):
                    self.run_command(maildir=path)

    def test_the_worker_reads_the_folder_of_the_settings(self):
        self.arrive(bounce(self.letter))

        read_bounces(timestamp=0)
        self.assertFalse(self.is_marked())
        with override_settings(BOUNCE_MAILDIR=self.path):
            read_bounces(timestamp=0)

        self.assertTrue(self.is_marked())


class RefusedAtOnceTests(CommittedTestCase):
    """A real mail server refuses the recipient during delivery."""

    def setUp(self):
        super().setUp()
        server = mail_server()
        self.server = server.__enter__()
        self.addCleanup(server.__exit__, None, None, None)
        host, port = self.server.server_address
        settings_of_server = override_settings(
            MAILERS={
                "default": {
                    "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
                    "OPTIONS": {"host": host, "port": port},
                }
            }
        )
        settings_of_server.enable()
        self.addCleanup(settings_of_server.disable)
        self.by = make_staff()

    def publish(self):
        """Publish a voice, so that its signer is emailed; return the signature."""
        signature = make_signature()
        decide.publish(Voice.objects.filter(pk=signature.voice_id), self.by)
        make_due()
        with self.assertNoLogs("procrastinate", "ERROR"):
            run_worker()
        signature.refresh_from_db()
        return signature

    def test_a_permanent_refusal_records_a_bounce_and_drops_the_letter(self):
        for refusal in ("550 No such user", "550 5.1.1 No such user", "553 5.1.3 No."):
            with self.subTest(refusal):
                self.server.refusal = refusal

                signature = self.publish()

                self.assertIsNotNone(signature.bounced_at)
                letter = Letter.objects.get(signature=signature)
                self.assertIsNotNone(letter.dropped_at)
                self.assertIsNone(letter.sent_at)

    def test_a_refusal_of_the_sender_drops_the_letter_and_records_no_bounce(self):
        self.server.refusal = "550 5.7.1 Your network is on a list."

        signature = self.publish()

        self.assertIsNone(signature.bounced_at)
        self.assertIsNotNone(Letter.objects.get().dropped_at)

    def test_a_temporary_refusal_records_no_bounce_and_is_retried(self):
        self.server.refusal = "450 4.2.1 Later."

        signature = self.publish()

        self.assertIsNone(signature.bounced_at)
        self.assertTrue(Letter.objects.in_flight().exists())

    def test_the_letter_of_a_submission_is_dropped_and_records_no_bounce(self):
        self.server.refusal = "550 5.1.1 No such user"
        sign(self.client)

        run_worker()

        self.assertIsNotNone(Letter.objects.get().dropped_at)
        self.assertFalse(Signature.objects.exists())

    def test_the_envelope_sender_is_the_bounce_address(self):
        with override_settings(BOUNCE_ADDRESS="bounces@example.org"):
            self.publish()

        self.assertEqual(self.server.senders, ["bounces@example.org"])
        self.assertIn(
            f"<{settings.DEFAULT_FROM_EMAIL}>".encode(), self.server.messages[0]
        )
        self.assertNotIn(b"bounces@example.org", self.server.messages[0])

    def test_without_a_bounce_address_it_is_the_sender(self):
        self.publish()

        self.assertEqual(self.server.senders, [settings.DEFAULT_FROM_EMAIL])


class MarkedTests(TestCase):
    def test_gets_no_letter_about_its_voice(self):
        make_signature(bounced_at=timezone.now())
        by = make_staff()

        decide.publish(Voice.objects.all(), by)
        self.assertEqual(deliver(), [])
        undoing.undo(Voice.objects.all(), by)
        decide.decline(Voice.objects.all(), by, make_reason(), tell=True)
        self.assertEqual(deliver(), [])

        self.assertFalse(Letter.objects.in_flight().exists())

    def test_a_letter_that_was_queued_before_the_bounce_is_dropped(self):
        signature = make_signature()
        decide.publish(Voice.objects.all(), make_staff())

        Signature.objects.filter(pk=signature.pk).update(bounced_at=timezone.now())

        self.assertEqual(deliver(), [])

    def test_still_gets_the_letters_that_its_owner_requests(self):
        make_signature(email="ana@example.com", bounced_at=timezone.now())

        sign(self.client, email="ana@example.com")

        self.assertEqual([message.to for message in deliver()], [["ana@example.com"]])

    def test_a_new_signature_of_the_address_is_not_bounced(self):
        make_signature(email="ana@example.com", bounced_at=timezone.now()).delete()

        make_submission(email="ana@example.com").confirm()

        self.assertIsNone(Signature.objects.get().bounced_at)
        self.assertEqual(mail.outbox, [])
