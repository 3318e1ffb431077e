import smtplib
import subprocess
import sys
import time
from collections import Counter
from datetime import timedelta
from email import message_from_bytes
from unittest import mock

from django.conf import settings
from django.core import mail
from django.db import connection
from django.test import override_settings
from django.utils import timezone
from procrastinate import JobContext
from procrastinate.contrib.django import app

from operations.management.commands.run_worker import SENDERS
from operations.queue import OTHER_QUEUES, UPKEEP
from operations.tasks import remove_old_jobs, retry_stalled
from tests.aaqi.test_logs import logged
from tests.committed import (
    PATIENCE,
    CommittedTestCase,
    as_worker,
    jobs,
    make_due,
    rows,
    run_worker,
    wait_for,
)
from tests.factories import make_signature, make_staff, make_submission, sign
from tests.mail_server import mail_server
from tests.processes import database_environment
from voices.letters.finish import TRIES
from voices.letters.queue import queue_confirmation
from voices.letters.reminders import queue_reminders
from voices.models import Letter, SendingRate, Tally, Voice
from voices.moderation import decide, undoing
from voices.tasks import draw_cards, fold_tallies
from voices.wall.cards import DRAW_CARDS

SEND = "django.core.mail.backends.locmem.EmailBackend.send_messages"


def run_upkeep(task):
    """Run a periodic task of the queue, as the worker does."""

    async def run(worker_app):
        await task.func(mock.Mock(spec=JobContext, app=worker_app), timestamp=0)

    as_worker(run)


def start_worker(server):
    """Start a worker in a separate process on the test database."""
    environment = database_environment() | {"EMAIL_URL": server.url}
    return subprocess.Popen(
        [sys.executable, "manage.py", "run_worker"],
        cwd=settings.BASE_DIR,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


class WorkerTests(CommittedTestCase):
    def test_sends_the_mail_and_leaves_no_job(self):
        sign(self.client)

        run_worker()

        self.assertEqual([message.to for message in mail.outbox], [["ana@example.com"]])
        self.assertIsNotNone(Letter.objects.get().sent_at)
        self.assertEqual(
            rows("SELECT * FROM procrastinate_jobs WHERE queue_name = 'mail'"), []
        )

    def test_a_confirmation_is_sent_before_earlier_letters(self):
        make_signature(email="earlier@example.com")
        decide.publish(Voice.objects.all(), make_staff())
        sign(self.client)
        make_due()

        run_worker()

        self.assertEqual(
            [message.to[0] for message in mail.outbox],
            ["ana@example.com", "earlier@example.com"],
        )

    def test_a_decision_is_mailed_once_the_time_to_undo_is_over(self):
        make_signature()
        decide.publish(Voice.objects.all(), make_staff())
        letter = Letter.objects.get()
        held = (letter.send_at - timezone.now()).total_seconds() / 60

        run_worker()
        before = len(mail.outbox)
        make_due()
        run_worker()

        self.assertAlmostEqual(held, settings.UNDO_MINUTES, delta=0.5)
        self.assertEqual(before, 0)
        self.assertEqual(
            [message.subject for message in mail.outbox], ["Your voice is published"]
        )

    def test_a_decision_undone_in_time_is_not_mailed(self):
        make_signature()
        voices, by = Voice.objects.all(), make_staff()
        decide.publish(voices, by)
        undoing.undo(voices, by)

        make_due()
        run_worker()

        self.assertEqual(mail.outbox, [])
        self.assertFalse(Letter.objects.in_flight().exists())

    @override_settings(UNDO_MINUTES=0)
    def test_without_time_to_undo_a_decision_is_mailed_at_once(self):
        make_signature()
        decide.publish(Voice.objects.all(), make_staff())

        run_worker()

        self.assertEqual(len(mail.outbox), 1)

    def test_a_refusing_mail_server_is_retried_with_growing_waits(self):
        sign(self.client)
        waits = []

        error = smtplib.SMTPDataError(451, b"Later.")
        with mock.patch(SEND, side_effect=error):
            for _ in range(3):
                run_worker()
                letter = Letter.objects.get()
                waits.append((letter.send_at - timezone.now()).total_seconds())
                make_due()
        run_worker()

        for wait, planned in zip(waits, (3, 9, 27), strict=True):
            self.assertAlmostEqual(wait, planned, delta=2)
        self.assertEqual(len(mail.outbox), 1)

    def test_a_letter_that_waits_for_its_next_try_is_left_until_then(self):
        sign(self.client)
        with mock.patch(SEND, side_effect=OSError):
            run_worker()

        run_worker()

        self.assertEqual(mail.outbox, [])
        self.assertEqual(Letter.objects.get().attempts, 1)

    def fail_for_good(self):
        sign(self.client)
        Letter.objects.update(attempts=TRIES - 1, failures=TRIES - 1)
        error = smtplib.SMTPRecipientsRefused({"ana@example.com": (451, b"Later.")})
        with mock.patch(SEND, side_effect=error):
            run_worker()

    def test_a_mail_that_failed_too_often_holds_back_no_other(self):
        self.fail_for_good()

        self.assertIsNotNone(Letter.objects.get().dropped_at)
        sign(self.client)
        run_worker()
        self.assertEqual(len(mail.outbox), 1)

    def test_a_mail_that_failed_too_often_is_logged_without_the_address(self):
        with logged() as text:
            self.fail_for_good()

        self.assertIn("SMTPRecipientsRefused", text.getvalue())
        self.assertNotIn("ana@example.com", text.getvalue())


class UpkeepTests(CommittedTestCase):
    def test_a_failed_job_is_kept_for_a_month(self):
        draw_cards.defer(voice_ids=[])
        with connection.cursor() as cursor:
            cursor.execute("UPDATE procrastinate_jobs SET status = 'failed'")

        run_upkeep(remove_old_jobs)
        self.assertEqual(len(jobs(DRAW_CARDS)), 1)
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE procrastinate_events SET at = at - interval '31 days'"
            )
        run_upkeep(remove_old_jobs)

        self.assertEqual(jobs(DRAW_CARDS), [])

    def test_a_job_of_a_live_worker_is_left_alone(self):
        draw_cards.defer(voice_ids=[])
        with connection.cursor() as cursor:
            cursor.execute(
                "WITH worker AS ("
                "INSERT INTO procrastinate_workers DEFAULT VALUES RETURNING id) "
                "UPDATE procrastinate_jobs SET status = 'doing', "
                "worker_id = (SELECT id FROM worker)"
            )

        run_upkeep(retry_stalled)

        self.assertEqual(jobs(DRAW_CARDS)[0]["status"], "doing")

    def test_the_figures_are_folded(self):
        for _ in range(3):
            make_signature()

        fold_tallies(timestamp=0)

        self.assertEqual(Tally.objects.signers().count(), 1)
        self.assertEqual(Tally.objects.signers().total(), 3)

    def test_upkeep_tasks_are_scheduled(self):
        periodic = {
            entry.task.name: entry.cron
            for entry in app.periodic_registry.periodic_tasks.values()
        }

        self.assertEqual(
            set(periodic),
            {
                "aaqi.retry_stalled",
                "aaqi.remove_old_jobs",
                "accounts.forget",
                "faq.tell_of_what_is_due",
                "rankings.forget_uploads",
                "voices.fold_tallies",
                "voices.forget",
                "voices.measure_wait",
                "voices.queue_reminders",
                "voices.read_bounces",
                "voices.send_digest",
                "voices.store_months",
                "voices.add_sketches",
            },
        )
        self.assertEqual(periodic["aaqi.retry_stalled"], "* * * * *")
        self.assertEqual(periodic["voices.send_digest"], "0 13 * * *")


class KilledWorkerTests(CommittedTestCase):
    def end(self, worker):
        if worker.poll() is None:
            worker.kill()
        worker.wait(PATIENCE)

    def test_the_mail_of_a_killed_worker_is_retried_once_later(self):
        sign(self.client)
        with mail_server() as server:
            server.silent = True
            worker = start_worker(server)
            self.addCleanup(self.end, worker)
            self.assertTrue(server.in_the_middle.wait(PATIENCE))
            worker.kill()
            worker.wait(PATIENCE)

            letter = Letter.objects.get()
            self.assertEqual((letter.attempts, letter.sent_at), (1, None))
            wait = letter.send_at - timezone.now()
            self.assertGreater(wait.total_seconds(), 10 * 60)

            server.silent = False
            make_due()
            second = start_worker(server)
            self.addCleanup(self.end, second)
            self.assertTrue(server.received.wait(PATIENCE))
            wait_for(lambda: Letter.objects.get().sent_at)
            second.terminate()
            self.assertEqual(second.wait(PATIENCE), 0)

        self.assertEqual(len(server.messages), 1)
        self.assertEqual(
            message_from_bytes(server.messages[0])["To"], "ana@example.com"
        )

    def send_with_kills(self, forms, kill_after, queue=lambda: None):
        """Kill a worker after each of these totals; return what left.

        Each form's letter must leave once or twice. Call `queue` before each kill, and
        after the last letter.
        """
        with mail_server() as server:
            server.seconds = 0.05
            for sent in kill_after:
                queue()
                worker = start_worker(server)
                self.addCleanup(self.end, worker)
                wait_for(lambda sent=sent: len(server.messages) >= sent)
                worker.kill()
                worker.wait(PATIENCE)
                make_due()
            server.seconds = 0
            worker = start_worker(server)
            self.addCleanup(self.end, worker)
            wait_for(lambda: not Letter.objects.in_flight().exists())
            queue()
            worker.terminate()
            self.assertEqual(worker.wait(PATIENCE), 0)

        messages = [message_from_bytes(each) for each in server.messages]
        left = Counter(message["To"] for message in messages)
        self.assertEqual(left.keys(), {form.email for form in forms})
        self.assertLessEqual(max(left.values()), 2)
        # At most one more for each sender that was killed.
        self.assertLessEqual(left.total() - len(forms), len(kill_after) * SENDERS)
        return messages

    def test_letters_of_workers_killed_in_mid_batch_leave_once_or_twice(self):
        SendingRate.objects.create(per_minute=100_000)
        forms = [make_submission() for _ in range(60)]
        for form in forms:
            queue_confirmation(form)
        self.send_with_kills(forms, kill_after=(7, 21))

        self.assertFalse(Letter.objects.filter(dropped_at__isnull=False).exists())

    def test_reminders_of_a_killed_worker_leave_once_or_twice_and_never_again(self):
        SendingRate.objects.create(per_minute=100_000)
        at = timezone.now() - timedelta(days=3)
        forms = [make_submission(submitted_at=at, mailed_at=at) for _ in range(20)]
        messages = self.send_with_kills(forms, kill_after=(3, 9), queue=queue_reminders)

        self.assertEqual(
            {message["Subject"] for message in messages},
            {"Reminder: confirm your voice"},
        )
        self.assertEqual(Letter.objects.count(), len(forms))

    def test_a_run_killed_before_it_ends_queues_each_reminder_once_later(self):
        at = timezone.now() - timedelta(days=3)
        for _ in range(5):
            make_submission(submitted_at=at, mailed_at=at)
        code = (
            "import os, django; django.setup()\n"
            "from unittest import mock\n"
            "from voices.letters import reminders\n"
            "reminders.BATCH = 2\n"
            "taken = reminders.find_reminded\n"
            "def die(hashes, calls=[]):\n"
            "    calls.append(1)\n"
            "    if len(calls) == 2: os.kill(os.getpid(), 9)\n"
            "    return taken(hashes)\n"
            "reminders.find_reminded = die\n"
            "reminders.queue_reminders()\n"
        )

        ended = subprocess.run(
            [sys.executable, "-c", code],
            cwd=settings.BASE_DIR,
            env=database_environment(),
            check=False,
            timeout=PATIENCE,
        )
        after_the_kill = Letter.objects.count()
        queued = queue_reminders()

        self.assertEqual(ended.returncode, -9)
        self.assertEqual((after_the_kill, queued), (2, 3))
        self.assertEqual(Letter.objects.count(), 5)

    def test_a_worker_asked_to_stop_finishes_its_job(self):
        sign(self.client)
        with mail_server() as server:
            worker = start_worker(server)
            self.addCleanup(self.end, worker)
            self.assertTrue(server.received.wait(PATIENCE))
            worker.terminate()

            self.assertEqual(worker.wait(PATIENCE), 0)

        self.assertIsNotNone(Letter.objects.get().sent_at)


class OwnWorkTests(CommittedTestCase):
    end = KilledWorkerTests.end

    def test_only_periodic_jobs_share_a_worker(self):
        periodic = {
            entry.task.name for entry in app.periodic_registry.periodic_tasks.values()
        }
        for name, task in app.tasks.items():
            queues = UPKEEP if name in periodic else OTHER_QUEUES
            if task.queue != "builtin":
                self.assertIn(task.queue, queues, name)

    def test_a_long_queue_delays_it_by_less_than_a_second(self):
        for _ in range(20):
            sign(self.client)
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO voices_linkrequest (email_key, wide_network_hash) "
                "SELECT 'n' || n || '@example.com', '' FROM generate_series(1, 3000) n"
            )
            cursor.execute(
                "INSERT INTO procrastinate_jobs "
                "(queue_name, task_name, priority, args) "
                "SELECT 'mail', 'accounts.answer_reset', 10, "
                "jsonb_build_object('request_id', -n) FROM generate_series(1, 3000) n"
            )
        with mail_server() as server:
            server.silent = True
            worker = start_worker(server)
            self.addCleanup(self.end, worker)
            self.assertTrue(server.in_the_middle.wait(PATIENCE))
            waits = []
            for _ in range(5):
                begun = time.monotonic()
                fold_tallies.defer(timestamp=0)
                wait_for(lambda: not jobs("voices.fold_tallies"))
                waits.append(time.monotonic() - begun)
            still_waiting = len(jobs("accounts.answer_reset"))

        self.assertGreater(still_waiting, 0)
        self.assertLess(sorted(waits)[2], 1)
