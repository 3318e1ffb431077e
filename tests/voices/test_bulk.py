"""Bulk decisions, and undoing them as a whole."""

import signal
import subprocess
import sys
from functools import partial
from unittest import mock

from django.conf import settings
from django.db import IntegrityError, OperationalError, connection, transaction
from django.test import TestCase
from django.utils import timezone

from tests.committed import (
    PATIENCE,
    CommittedTestCase,
    at_once,
    before_commit,
    jobs,
)
from tests.factories import (
    deliver,
    make_published_voice,
    make_reason,
    make_signature,
    make_staff,
    make_voice,
)
from tests.processes import database_environment
from tests.voices.bulk import give, make_voices, seen
from voices.managing import changes
from voices.models import (
    Batch,
    Claim,
    Decision,
    Hold,
    Letter,
    Reading,
    Report,
    ReviewRule,
    Voice,
)
from voices.moderation import bulk, decide, undo_batch, undoing, verdicts
from voices.moderation.bulk import ChangedError
from voices.moderation.readings import Verdict
from voices.moderation.verdicts import Wish
from voices.wall.cards import CARDS_IN_A_JOB, DRAW_CARDS

FLAGGED = "Call 555-010-9999."
# The statements of a bulk decision, for any number of voices.
STATEMENTS = {
    Verdict.PUBLISH: 44,
    Verdict.DECLINE: 45,
    Verdict.CHANGES: 44,
    Verdict.KEEP: 24,
    Verdict.TAKE_DOWN: 53,
}
STATEMENTS_TO_UNDO = {
    Verdict.PUBLISH: 19,
    Verdict.DECLINE: 22,
    Verdict.CHANGES: 19,
    Verdict.KEEP: 10,
    Verdict.TAKE_DOWN: 22,
}


class BulkTestCase(TestCase):
    def setUp(self):
        self.by, self.other = make_staff(), make_staff("other")
        self.reason = make_reason()

    def wish(self, verdict):
        """What goes with each verdict."""
        if verdict in {Verdict.DECLINE, Verdict.TAKE_DOWN}:
            return {"reason": self.reason}
        return {"text": "Shorter, please."} if verdict == Verdict.CHANGES else {}

    def voices_for(self, verdict, count):
        """Voices to which the verdict applies, half of them for a second reader.

        All voices to keep are reported, so they all go to a second reader.
        """
        now = timezone.now()
        published = {"published_at": now} if verdict in AFTERWARD else {}
        voices = make_voices(count, **published)
        some = list(voices.values_list("pk", flat=True)[: count // 2])
        if verdict == Verdict.KEEP:
            some = list(voices.values_list("pk", flat=True))
        if verdict in AFTERWARD:
            Voice.objects.filter(pk__in=some).update(reported_at=now)
            Report.objects.bulk_create(
                Report(voice_id=pk, kind="other", arrived_at=now) for pk in some
            )
        else:
            Voice.objects.filter(pk__in=some).update(flags=["phone"])
        return voices


# Verdicts on published voices.
AFTERWARD = {Verdict.KEEP, Verdict.TAKE_DOWN}


class GiveTests(BulkTestCase):
    def test_publishes_all_with_a_log_row_and_a_letter_each(self):
        voices = make_voices(5)

        done = give(voices, self.by)

        self.assertEqual(voices.published().count(), 5)
        self.assertEqual((done.batch.count, done.batch.to_second), (5, 0))
        self.assertEqual((done.batch.kind, done.batch.by), ("published", self.by))
        log = Decision.objects.filter(batch=done.batch, by=self.by, kind="published")
        self.assertEqual(
            sorted(log.values_list("voice", flat=True)),
            sorted(voices.values_list("pk", flat=True)),
        )
        self.assertEqual(len({mail.to[0] for mail in deliver()}), 5)

    def test_takes_the_same_number_of_statements_for_any_number_of_voices(self):
        for verdict, statements in STATEMENTS.items():
            for count in (4, 300):
                voices = self.voices_for(verdict, count)
                checksum = seen(voices)
                wish = Wish(verdict, **self.wish(verdict))

                with (
                    self.subTest(verdict, count=count),
                    self.assertNumQueries(statements),
                ):
                    done = bulk.give(voices, checksum, self.by, wish)

                given = len(done.outcome.done) + len(done.outcome.to_second)
                self.assertEqual(given, count)

    def test_flagged_voices_wait_for_a_second_reader(self):
        make_voices(4)
        flagged = make_signature(voice=make_voice(statement=FLAGGED)).voice

        done = give(Voice.objects.all(), self.by)

        self.assertEqual(done.outcome.to_second, [flagged.pk])
        self.assertEqual((done.batch.count, done.batch.to_second), (4, 1))
        self.assertEqual(Reading.objects.get().batch, done.batch)
        self.assertEqual(Letter.objects.count(), 4)

    def test_a_percentage_waits_for_a_second_reader(self):
        ReviewRule.objects.create(second_reading=100)
        voices = make_voices(3)

        done = give(voices, self.by)

        self.assertEqual(len(done.outcome.to_second), 3)
        self.assertFalse(Decision.objects.exists())

    def test_what_somebody_else_reads_or_holds_is_left_out(self):
        claimed, held, *_ = make_voices(4)
        Claim.objects.take(claimed.pk, self.other)
        Hold.objects.create(voice=held, by=self.other, note="Is this the same person?")

        done = give(Voice.objects.all(), self.by)

        self.assertEqual(done.outcome.busy, sorted([claimed.pk, held.pk]))
        self.assertEqual(len(done.outcome.done), 2)

    def test_corrections_appeals_and_readings_are_left_out(self):
        corrected = make_signature(voice=make_published_voice())
        changes.correct(corrected, "Better words.")
        appealed = make_signature()
        one = Voice.objects.filter(pk=appealed.voice_id)
        decide.decline(one, self.other, self.reason, tell=False)
        changes.appeal(appealed, "")
        flagged = make_signature(voice=make_voice(statement=FLAGGED))
        verdicts.give(
            Voice.objects.filter(pk=flagged.voice_id), self.other, Wish(Verdict.PUBLISH)
        )
        plain = make_signature()
        waiting = Voice.objects.waiting()

        shown = bulk.preview(bulk.pick(waiting), self.by, Verdict.PUBLISH)
        done = give(waiting, self.by)

        self.assertEqual((shown.count, shown.done, shown.to_second), (4, 1, 0))
        self.assertEqual(sorted(shown.left_out.values()), [1, 1, 1])
        self.assertEqual(done.outcome.done, [plain.voice_id])
        self.assertEqual(done.left_out, 3)

    def test_a_moderator_s_own_statement_is_left_out(self):
        own = make_signature(email="me@example.com")
        self.by.email = "Me@example.com"
        make_signature()

        shown = bulk.preview(bulk.pick(Voice.objects.all()), self.by, Verdict.PUBLISH)
        done = give(Voice.objects.all(), self.by)

        self.assertEqual(done.outcome.barred, [own.voice_id])
        self.assertEqual(list(shown.left_out.values()), [1])

    def test_the_preview_says_what_then_happens(self):
        for verdict in Verdict:
            voices = self.voices_for(verdict, 6)
            shown = bulk.preview(bulk.pick(voices), self.by, verdict)

            done = give(voices, self.by, verdict, **self.wish(verdict))

            with self.subTest(verdict):
                self.assertEqual(shown.done, len(done.outcome.done))
                self.assertEqual(shown.to_second, len(done.outcome.to_second))
                self.assertEqual(shown.left_out, {})

    def test_a_verdict_that_applies_to_none_leaves_no_batch(self):
        make_published_voice()

        done = give(Voice.objects.all(), self.by)

        self.assertIsNone(done.batch)
        self.assertFalse(Batch.objects.exists())
        self.assertFalse(Decision.objects.exists())

    def test_a_selection_that_changed_is_refused(self):
        voices = make_voices(3)
        first = voices.earliest("pk")
        for change in (
            lambda: decide.publish(Voice.objects.filter(pk=first.pk), self.other),
            lambda: changes.correct(first.signature, "Other words."),
            lambda: Voice.objects.filter(pk=first.pk).update(
                reported_at=timezone.now()
            ),
            lambda: make_voices(1),
        ):
            checksum = seen(Voice.objects.all())
            change()
            before = Decision.objects.count()

            with self.assertRaises(ChangedError):
                bulk.give(Voice.objects.all(), checksum, self.by, Wish(Verdict.PUBLISH))

            self.assertEqual(Decision.objects.count(), before)
            self.assertFalse(Batch.objects.exists())

    def test_too_many_and_none_are_refused(self):
        voices = make_voices(4)

        with mock.patch.object(bulk, "MOST", 3), self.assertRaises(ChangedError):
            give(voices, self.by)
        with self.assertRaises(ChangedError):
            give(Voice.objects.none(), self.by)

    def test_no_letter_leaves_while_the_decision_can_be_undone_unnoticed(self):
        give(make_voices(3), self.by)

        now = timezone.now()
        for letter in Letter.objects.all():
            minutes = (letter.send_at - now).total_seconds() / 60
            self.assertAlmostEqual(minutes, settings.UNDO_MINUTES, delta=0.5)

    def test_cards_are_drawn_by_jobs_of_a_limited_size(self):
        count = 2 * CARDS_IN_A_JOB + 1
        voices = make_voices(count)

        give(voices, self.by)

        drawn = [job["args"]["voice_ids"] for job in jobs(DRAW_CARDS)]
        self.assertEqual([len(ids) for ids in drawn], [CARDS_IN_A_JOB] * 2 + [1])
        together = {pk for ids in drawn for pk in ids}
        self.assertEqual(together, set(voices.values_list("pk", flat=True)))


class UndoTests(BulkTestCase):
    def before(self, voices):
        fields = (
            "pk",
            "status",
            "reported_at",
            "reason",
            "changes_asked",
            "first_read_at",
        )
        return list(voices.order_by("pk").values_list(*fields))

    def test_restores_every_voice_and_logs_each(self):
        for verdict in Verdict:
            voices = self.voices_for(verdict, 6)
            before = self.before(voices)
            done = give(voices, self.by, verdict, **self.wish(verdict))
            logged = list(Decision.objects.filter(batch=done.batch))

            undone = undo_batch.undo(done.batch.pk, self.by)

            with self.subTest(verdict):
                self.assertEqual(self.before(voices), before)
                self.assertEqual(undone.decisions, len(logged))
                self.assertEqual(undone.decisions + undone.taken_back, 6)
                self.assertEqual((undone.left, undone.told), (0, 0))
                rows = Decision.objects.filter(undoes__in=logged, kind="undone")
                self.assertEqual(rows.filter(by=self.by).count(), len(logged))
                self.assertFalse(Reading.objects.exists())
                self.assertFalse(Letter.objects.in_flight().exists())
        done.batch.refresh_from_db()
        self.assertEqual(done.batch.undone_by, self.by)
        self.assertEqual(deliver(), [])

    def test_takes_the_same_number_of_statements_for_any_batch(self):
        for verdict, statements in STATEMENTS_TO_UNDO.items():
            for count in (4, 300):
                voices = self.voices_for(verdict, count)
                done = give(voices, self.by, verdict, **self.wish(verdict))

                with (
                    self.subTest(verdict, count=count),
                    self.assertNumQueries(statements),
                ):
                    undone = undo_batch.undo(done.batch.pk, self.by)

                self.assertEqual(undone.decisions + undone.taken_back, count)

    def test_a_second_time_changes_nothing(self):
        batch = give(make_voices(3), self.by).batch
        undo_batch.undo(batch.pk, self.by)
        give(Voice.objects.all(), self.other)

        self.assertIsNone(undo_batch.undo(batch.pk, self.by))

        self.assertEqual(Voice.objects.published().count(), 3)
        self.assertEqual(Decision.objects.filter(kind="undone").count(), 3)

    def test_the_log_has_one_undo_for_each_decision(self):
        give(make_voices(1), self.by)
        decision = Decision.objects.get()
        undo = {"voice": decision.voice, "kind": "undone", "undoes": decision}
        Decision.objects.create(**undo, by=self.by)

        with self.assertRaises(IntegrityError), transaction.atomic():
            Decision.objects.create(**undo, by=self.other)

    def test_what_was_changed_since_is_left_alone(self):
        voices = make_voices(7)
        (taken_down, featured, undone, corrected, withdrawn, again, *_) = voices
        batch = give(voices, self.by).batch

        def one(voice):
            return Voice.objects.filter(pk=voice.pk)

        decide.take_down(one(taken_down), self.other, self.reason)
        decide.feature(one(featured), self.other)
        undoing.undo(one(undone), self.other)
        changes.correct(corrected.signature, "Better words.")
        changes.withdraw(withdrawn.signature)
        undoing.undo(one(again), self.other)
        decide.publish(one(again), self.other)

        result = undo_batch.undo(batch.pk, self.by)

        self.assertEqual((result.decisions, result.left), (1, 6))
        statuses = dict(voices.values_list("pk", "status"))
        self.assertEqual(statuses[taken_down.pk], "taken-down")
        self.assertEqual(statuses[featured.pk], "published")
        self.assertEqual(statuses[corrected.pk], "published")
        self.assertEqual(statuses[withdrawn.pk], "withdrawn")
        self.assertEqual(statuses[again.pk], "published")

    def test_what_a_second_reader_has_decided_is_left_alone(self):
        voices = make_voices(3, flags=["phone"])
        agreed, disputed, unread = voices.order_by("pk")
        batch = give(voices, self.by).batch
        for voice, verdict in ((agreed, Verdict.PUBLISH), (disputed, Verdict.DECLINE)):
            verdicts.give(
                Voice.objects.filter(pk=voice.pk),
                self.other,
                Wish(verdict, reason=self.reason),
            )

        result = undo_batch.undo(batch.pk, self.by)

        self.assertEqual((result.decisions, result.taken_back, result.left), (0, 1, 2))
        self.assertEqual(Voice.objects.get(pk=agreed.pk).status, "published")
        open_one = Reading.objects.still_open().get()
        self.assertEqual(open_one.voice, disputed)
        self.assertIsNone(Voice.objects.get(pk=unread.pk).first_read_at)

    def test_an_appealed_decline_is_left_alone(self):
        signature = make_signature()
        make_signature()
        batch = give(
            Voice.objects.all(), self.by, Verdict.DECLINE, reason=self.reason
        ).batch
        changes.appeal(signature, "")

        result = undo_batch.undo(batch.pk, self.by)

        self.assertEqual((result.decisions, result.left), (1, 1))

    def test_a_lead_s_own_statement_is_left_alone(self):
        own = make_signature(email="lead@example.com").voice
        make_signature()
        batch = give(Voice.objects.all(), self.by).batch
        self.other.email = "lead@example.com"

        result = undo_batch.undo(batch.pk, self.other)

        self.assertEqual((result.decisions, result.left), (1, 1))
        own.refresh_from_db()
        self.assertTrue(own.is_published)

    def test_authors_who_had_been_emailed_get_a_letter_of_reversal(self):
        told, untold = (make_signature() for _ in range(2))
        batch = give(Voice.objects.all(), self.by).batch
        Letter.objects.filter(signature=told).update(attempts=1, sent_at=timezone.now())

        result = undo_batch.undo(batch.pk, self.by)

        self.assertEqual(result.told, 1)
        letter = Letter.objects.get(kind=Letter.Kind.REVERSED)
        self.assertEqual(letter.signature, told)
        self.assertIsNotNone(Letter.objects.get(signature=untold).dropped_at)

    def test_undoing_before_the_letter_left_tells_nobody(self):
        make_signature()
        batch = give(Voice.objects.all(), self.by).batch

        result = undo_batch.undo(batch.pk, self.by)

        self.assertEqual(result.told, 0)
        self.assertEqual(deliver(), [])

    def test_reports_open_again_except_doubtful_ones_for_the_queue(self):
        voices = make_voices(2, published_at=timezone.now())
        first, second = voices.order_by("pk")
        Report.objects.create(voice=first, kind="other")
        Report.objects.create(voice=second, kind="other", suspicions=["honeypot"])
        batch = give(voices, self.by, Verdict.TAKE_DOWN, reason=self.reason).batch

        undo_batch.undo(batch.pk, self.by)

        self.assertEqual(Report.objects.still_open().count(), 2)
        reported = {
            voice.pk: voice.reported_at is not None for voice in voices.order_by("pk")
        }
        self.assertEqual(reported, {first.pk: True, second.pk: False})


class AtOnceTests(CommittedTestCase):
    def setUp(self):
        super().setUp()
        self.staff = [make_staff("one"), make_staff("two")]

    def test_two_moderators_do_not_both_decide_on_a_voice(self):
        for _ in range(3):
            voices = make_voices(20)
            checksum, reason = seen(voices), make_reason()

            def decide_on(by, wish, voices=voices, checksum=checksum):
                try:
                    return bulk.give(voices, checksum, by, wish).batch
                except ChangedError:
                    return None

            wishes = [Wish(Verdict.PUBLISH), Wish(Verdict.DECLINE, reason=reason)]
            batches = at_once(
                *[
                    partial(decide_on, by, wish)
                    for by, wish in zip(self.staff, wishes, strict=True)
                ]
            )

            (batch,) = filter(None, batches)
            log = Decision.objects.filter(voice__in=voices)
            self.assertEqual(log.count(), 20)
            self.assertEqual(log.filter(batch=batch).count(), 20)

    def test_an_overlapping_bulk_decision_waits_and_is_refused(self):
        voices = make_voices(6)
        some = voices.filter(pk__gt=voices.order_by("pk")[2].pk)
        checksum = seen(some)

        def decide_on_some():
            with self.assertRaises(ChangedError):
                bulk.give(some, checksum, self.staff[1], Wish(Verdict.PUBLISH))

        before_commit(partial(give, voices, self.staff[0]), decide_on_some)

        self.assertEqual(Decision.objects.count(), 6)

    def test_a_batch_is_undone_once(self):
        batch = give(make_voices(10), self.staff[0]).batch

        results = at_once(
            *[partial(undo_batch.undo, batch.pk, by) for by in self.staff]
        )

        self.assertEqual([result is None for result in results].count(True), 1)
        self.assertEqual(Decision.objects.filter(kind="undone").count(), 10)

    def test_undoing_a_batch_and_one_of_its_decisions_at_once_undoes_each_once(self):
        voices = make_voices(10)
        batch = give(voices, self.staff[0]).batch

        at_once(
            partial(undo_batch.undo, batch.pk, self.staff[0]),
            partial(undoing.undo, voices, self.staff[1]),
        )

        self.assertEqual(Decision.objects.filter(kind="undone").count(), 10)
        self.assertEqual(voices.published().count(), 0)


class CrashTests(CommittedTestCase):
    """A crash in mid-decision leaves neither decisions nor letters."""

    def setUp(self):
        super().setUp()
        self.by = make_staff()
        self.voices = make_voices(5)

    def assert_nothing_happened(self):
        self.assertEqual(self.voices.waiting().count(), 5)
        for model in (Decision, Batch, Letter, Reading):
            self.assertFalse(model.objects.exists(), model)
        self.assertEqual(jobs(DRAW_CARDS), [])
        # It can simply be done again.
        self.assertEqual(len(give(self.voices, self.by).outcome.done), 5)
        self.assertEqual(Decision.objects.count(), 5)
        self.assertEqual(Letter.objects.count(), 5)

    def test_of_the_process(self):
        code = (
            "import os, django; django.setup()\n"
            "from django.contrib.auth.models import User\n"
            "from tests.voices.bulk import give\n"
            "from voices.models import Voice\n"
            "from voices.moderation import decide\n"
            "decide.queue_letters = lambda *args, **kwargs: os.kill(os.getpid(), 9)\n"
            "give(Voice.objects.all(), User.objects.get())\n"
        )

        ended = subprocess.run(
            [sys.executable, "-c", code],
            cwd=settings.BASE_DIR,
            env=database_environment(),
            check=False,
            timeout=PATIENCE,
        )

        self.assertEqual(ended.returncode, -signal.SIGKILL)
        self.assert_nothing_happened()

    def test_of_the_connection(self):
        def terminate(*args, **kwargs):
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

        def decide_on_all():
            with (
                mock.patch.object(decide, "queue_letters", terminate),
                self.assertRaises(OperationalError),
            ):
                give(self.voices, self.by)

        at_once(decide_on_all)

        self.assert_nothing_happened()
