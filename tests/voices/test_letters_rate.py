from datetime import timedelta

from django.core import mail
from django.test import TestCase, override_settings
from django.utils import timezone

from tests.committed import CommittedTestCase, jobs, make_due, run_worker
from tests.factories import make_signature, make_staff, sign
from voices.letters.rate import turn_of
from voices.models import Letter, Voice
from voices.moderation import decide


def make_sent(count, seconds_ago=10):
    at = timezone.now() - timedelta(seconds=seconds_ago)
    signature = make_signature()
    return [
        Letter.objects.create(
            kind=Letter.Kind.PUBLISHED,
            signature=signature,
            address_hash="a",
            sent_at=at,
        )
        for _ in range(count)
    ]


def make_waiting():
    return Letter.objects.create(
        kind=Letter.Kind.PUBLISHED, signature=make_signature(), address_hash="b"
    )


@override_settings(MAILS_PER_MINUTE=4)
class TurnTests(TestCase):
    def wait(self, letter=None, *, kind=Letter.Kind.PUBLISHED):
        """How many seconds such a letter has to wait; 0 where it may leave at once."""
        letter = letter or make_waiting()
        letter.kind = kind
        at = turn_of(letter)
        return (at - timezone.now()).total_seconds() if at else 0

    def test_below_the_rate_nobody_waits(self):
        make_sent(2)

        self.assertEqual(self.wait(), 0)

    def test_at_the_rate_a_letter_waits_until_one_is_a_minute_old(self):
        make_sent(4, seconds_ago=20)
        letter = make_waiting()

        for kind in (Letter.Kind.CONFIRM, Letter.Kind.PUBLISHED):
            self.assertAlmostEqual(self.wait(letter, kind=kind), 40, delta=1)

    def test_some_room_is_held_free_for_what_people_wait_for(self):
        make_sent(3)

        self.assertEqual(self.wait(kind=Letter.Kind.CONFIRM), 0)
        self.assertEqual(self.wait(kind=Letter.Kind.MANAGE), 0)
        self.assertGreater(self.wait(), 0)

    def test_what_left_over_a_minute_ago_counts_no_more(self):
        make_sent(9, seconds_ago=61)

        self.assertEqual(self.wait(), 0)

    def test_who_stands_behind_others_comes_back_after_them(self):
        make_sent(3, seconds_ago=0)
        line = [make_waiting() for _ in range(7)]

        waits = [self.wait(letter) for letter in line]

        for wait, planned in zip(waits, range(60, 181, 20), strict=True):
            self.assertAlmostEqual(wait, planned, delta=1)

    def test_the_slowest_rate_still_lets_letters_leave(self):
        for rate in (0, 1):
            with override_settings(MAILS_PER_MINUTE=rate):
                self.assertEqual(self.wait(), 0)


class WorkerTests(CommittedTestCase):
    @override_settings(MAILS_PER_MINUTE=4)
    def test_no_more_leave_in_a_minute_and_none_is_lost(self):
        for number in range(6):
            make_signature(email=f"signer{number}@example.com")
        decide.publish(Voice.objects.all(), make_staff())
        sign(self.client)
        make_due()

        run_worker()

        self.assertEqual(len(mail.outbox), 3)
        self.assertEqual(mail.outbox[0].to, ["ana@example.com"])
        waiting = jobs()
        self.assertEqual(len(waiting), 4)
        self.assertEqual(
            {(job["status"], job["attempts"], job["priority"]) for job in waiting},
            {("todo", 0, 0)},
        )
        for job in waiting:
            self.assertGreater(job["scheduled_at"], timezone.now())

    @override_settings(MAILS_PER_MINUTE=4)
    def test_a_confirmation_leaves_while_others_wait(self):
        make_sent(3)
        make_signature()
        decide.publish(Voice.objects.all(), make_staff())
        make_due()

        run_worker()
        self.assertEqual(mail.outbox, [])
        sign(self.client)
        run_worker()

        self.assertEqual([message.to for message in mail.outbox], [["ana@example.com"]])

    @override_settings(MAILS_PER_MINUTE=1)
    def test_what_waited_leaves_in_the_next_minute(self):
        [sent] = make_sent(1)
        sign(self.client)
        run_worker()
        self.assertEqual(mail.outbox, [])
        [job] = jobs()
        self.assertEqual(job["priority"], 10)
        sent.sent_at -= timedelta(minutes=1)
        sent.save()

        make_due()
        run_worker()

        self.assertEqual(len(mail.outbox), 1)
        self.assertEqual(jobs(), [])
