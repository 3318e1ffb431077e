"""Which letters are sent next, and how many."""

import random
from collections import Counter
from datetime import timedelta
from unittest import mock

from django.db import connection
from django.test import TestCase, override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.committed import CommittedTestCase, at_once
from tests.factories import make_signature, make_submission
from voices.letters.finish import count_failure
from voices.letters.queue import queue_confirmation, queue_letter
from voices.letters.take import BATCH, FIRST, MINUTE, PACE, give_back, take
from voices.letters.turns import current_turn, forget_turns, next_turn
from voices.models import Letter, Submission, Turn
from voices.signatures.models import Lane

CLEAN, SLOW = Letter.Lane.CLEAN, Letter.Lane.SLOW


def make_letters(count, lane=CLEAN, network="", send_at=None):
    """Bulk-insert queued letters, all from one network or each from another."""
    first = next_turn(lane, network) if network else current_turn(lane)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO voices_letter "
            "(kind, signature_id, address_hash, message_id, lane, turn, send_at) "
            "SELECT 'manage', %s, gen_random_uuid(), gen_random_uuid(), %s, "
            "%s + n * %s, coalesce(%s, now()) FROM generate_series(0, %s - 1) n",
            [make_signature().pk, lane, first, int(bool(network)), send_at, count],
        )
    Turn.objects.filter(network_hash=network).update(turn=first + count - 1)


def queue_form(network, lane=Lane.CLEAN):
    submission = make_submission(lane=lane, wide_network_hash=network)
    queue_confirmation(submission)
    return Letter.objects.get(submission=submission)


class ClockTestCase(TestCase):
    """Time passes only in `take_for`, however slow the machine is."""

    def setUp(self):
        self.now = timezone.now() + timedelta(hours=1)
        clock = mock.patch("django.utils.timezone.now", lambda: self.now)
        clock.start()
        self.addCleanup(clock.stop)

    def take_for(self, seconds):
        """Take letters for this many seconds, as senders do; return them."""
        ids = []
        for _ in range(int(seconds)):
            while found := take().ids:
                ids += found
                Letter.objects.filter(pk__in=found).update(sent_at=self.now)
            self.now += timedelta(seconds=1)
        letters = Letter.objects.in_bulk(ids)
        return [letters[pk] for pk in ids]


@override_settings(MAILS_PER_MINUTE=120)
class RateTests(ClockTestCase):
    def test_no_more_than_the_rate_leave_in_a_minute_evenly(self):
        make_letters(500)

        first = self.take_for(PACE.total_seconds())
        rest = self.take_for(50)

        self.assertEqual(len(first), 20)
        self.assertEqual(len(first + rest), 120)

    def test_a_sender_leaves_some_for_others(self):
        make_letters(500)

        self.assertEqual(len(take().ids), BATCH)

    @override_settings(MAILS_PER_MINUTE=1)
    def test_the_slowest_rate_still_lets_letters_leave(self):
        make_letters(5)

        self.assertEqual(len(self.take_for(180)), 3)

    @override_settings(MAILS_PER_MINUTE=12)
    def test_each_attempt_counts_when_a_letter_is_tried_again(self):
        make_letters(1)
        for _ in range(2):
            [letter_id] = take().ids
            count_failure(Letter.objects.get(pk=letter_id))
            self.now += timedelta(seconds=4)
        make_letters(1)

        self.assertEqual(take().ids, [])

    def test_repeatedly_failing_letters_stay_within_the_rate(self):
        make_letters(5)
        made = []

        for _ in range(180):
            for _ in range(5):
                found = take().ids
                made += [self.now] * len(found)
                for letter in Letter.objects.filter(pk__in=found):
                    count_failure(letter)
                Letter.objects.update(send_at=self.now, failures=1, dropped_at=None)
            self.now += timedelta(seconds=1)

        for window, most in ((MINUTE, 120), (PACE, 20)):
            counts = [sum(at <= t < at + window for t in made) for at in set(made)]
            self.assertEqual(max(counts), most)

    def test_returned_letters_do_not_count_toward_the_rate(self):
        make_letters(20)
        taken = take()
        give_back(taken, taken.ids)

        self.assertEqual(len(self.take_for(1)), 20)

    def test_part_of_the_rate_is_reserved_for_letters_people_wait_for(self):
        make_letters(500, Letter.Lane.NOTICE)
        before = self.take_for(60)
        make_letters(500)
        after = self.take_for(10)

        self.assertEqual(len(before), 90)
        self.assertEqual({letter.lane for letter in after}, {CLEAN})
        self.assertEqual(len(after), 20)

    def test_clean_letters_leave_before_notices_and_these_before_updates(self):
        make_letters(2, Letter.Lane.UPDATE)
        make_letters(2, Letter.Lane.NOTICE)
        make_letters(2, CLEAN)

        lanes = [letter.lane for letter in self.take_for(1)]

        self.assertEqual(lanes, ["clean"] * 2 + ["notice"] * 2 + ["update"] * 2)

    def test_letters_that_are_not_due_wait(self):
        make_letters(3, send_at=timezone.now() + timedelta(minutes=1))

        self.assertEqual(take().ids, [])

    def test_taken_letters_are_reserved_for_a_minute(self):
        make_letters(1)
        letter = Letter.objects.get()
        self.assertEqual(take().ids, [letter.pk])
        self.assertEqual(take().ids, [])

        self.now += timedelta(seconds=61)
        self.assertEqual(take().ids, [letter.pk])


@override_settings(MAILS_PER_MINUTE=120)
class LaneTests(ClockTestCase):
    def test_a_carrier_and_a_mail_provider_full_of_letters_delay_nobody_else(self):
        make_letters(5_000, network="carrier")
        make_letters(20_000, network="provider")
        self.take_for(60)

        honest = [queue_form(f"home {number}") for number in range(15)]
        left = self.take_for(10)

        self.assertLessEqual({h.pk for h in honest}, {letter.pk for letter in left})

    def test_the_clean_lane_gets_nine_tenths_despite_a_slow_flood(self):
        make_letters(2_000, SLOW)
        make_letters(500, CLEAN)

        lanes = Counter(letter.lane for letter in self.take_for(60))

        self.assertGreaterEqual(lanes[CLEAN], 108)
        self.assertGreater(lanes[SLOW], 0)

    def test_a_clean_letter_leaves_at_once_whatever_waits_in_the_slow_lane(self):
        make_letters(2_000, SLOW)
        self.take_for(60)

        letter = queue_form("home")

        self.assertIn(letter.pk, [found.pk for found in self.take_for(1)])

    def test_letters_that_failed_go_behind_those_of_other_lanes_too(self):
        make_letters(500, CLEAN)
        Letter.objects.update(attempts=1, failures=1)
        make_letters(5, Letter.Lane.UPDATE)
        make_letters(5, Letter.Lane.NOTICE)

        lanes = Counter(letter.lane for letter in self.take_for(1))

        self.assertEqual(lanes, {CLEAN: 10, "notice": 5, "update": 5})

    def test_letters_that_failed_go_behind_those_that_were_not_tried(self):
        make_letters(100, CLEAN)
        Letter.objects.update(attempts=1, failures=1)

        letter = queue_form("home")

        self.assertIn(letter.pk, [found.pk for found in self.take_for(1)])

    def test_the_slow_lane_gets_no_more_when_nothing_else_waits(self):
        make_letters(500, SLOW)

        self.assertEqual(len(self.take_for(60)), 12)

    @override_settings(MAILS_PER_MINUTE=4)
    def test_the_slow_lane_moves_at_a_low_rate_too(self):
        make_letters(100, SLOW)
        make_letters(100, CLEAN)

        lanes = Counter(letter.lane for letter in self.take_for(600))

        self.assertEqual(lanes, {CLEAN: 36, SLOW: 4})

    def test_a_held_form_makes_no_letter(self):
        submission = make_submission(lane=Lane.HELD)

        queue_confirmation(submission)

        self.assertFalse(Letter.objects.exists())

    def test_taking_takes_a_constant_number_of_queries(self):
        costs = []
        for count in (100, 10_000):
            make_letters(count, network="carrier")
            with CaptureQueriesContext(connection) as queries:
                take()
            costs.append(len(queries))
        with connection.cursor() as cursor:
            # Without statistics, the planner may expect a single row and prefer a sort.
            cursor.execute("SET LOCAL enable_sort = off")
            names = {"lanes": Letter.Lane.values, "now": timezone.now(), "most": BATCH}
            cursor.execute(f"EXPLAIN {FIRST}", names)
            plan = "\n".join(line for (line,) in cursor.fetchall())

        self.assertEqual(costs[0], costs[1])
        self.assertIn("letter_in_flight", plan)
        self.assertNotIn("Seq Scan", plan)

    def test_a_poll_that_finds_nothing_takes_one_query(self):
        make_letters(1, CLEAN, send_at=timezone.now() + MINUTE)

        with self.assertNumQueries(1):
            self.assertEqual(take().ids, [])


class TurnTests(TestCase):
    """Whatever the order of arrivals, networks with waiting letters take turns."""

    def simulate(self, seed):
        """Queue and take in random order; return who was waiting each time."""
        Letter.objects.all().delete()
        Turn.objects.all().delete()
        dice = random.Random(seed)
        networks = [f"network {number}" for number in range(dice.randint(2, 6))]
        weights = [dice.choice([1, 2, 20]) for _ in networks]
        waiting, history = Counter(), []
        for _ in range(150):
            if not waiting.total() or dice.random() < 0.55:
                [network] = dice.choices(networks, weights)
                queue_form(network)
                waiting[network] += 1
                continue
            next_one = Letter.objects.in_flight().order_by("turn", "pk").first()
            network = next_one.submission.wide_network_hash
            history.append((network, {n for n in networks if waiting[n]}, next_one.pk))
            waiting[network] -= 1
            now = timezone.now()
            Letter.objects.filter(pk=next_one.pk).update(taken_at=now, sent_at=now)
        return networks, history

    def test_no_waiting_network_falls_behind_by_more_than_two(self):
        for seed in range(8):
            with self.subTest(seed=seed):
                networks, history = self.simulate(seed)
                for one in networks:
                    for other in networks:
                        self.assert_fair(one, other, history)

    def assert_fair(self, one, other, history):
        ahead = 0
        for network, waiting, _ in history:
            if other not in waiting or network == other:
                ahead = 0
            elif network == one:
                ahead += 1
            self.assertLessEqual(ahead, 2)

    def test_letters_of_one_network_leave_in_order(self):
        networks, history = self.simulate(seed=1)

        for network in networks:
            ids = [pk for name, _, pk in history if name == network]
            self.assertEqual(ids, sorted(ids))

    def test_a_network_that_always_adds_one_starves_nobody(self):
        queue_form("busy")
        other = None
        order = []
        for step in range(12):
            if step == 3:
                other = [queue_form("other") for _ in range(3)]
            queue_form("busy")
            letter = Letter.objects.in_flight().order_by("turn", "pk").first()
            now = timezone.now()
            Letter.objects.filter(pk=letter.pk).update(taken_at=now, sent_at=now)
            order.append(letter.submission.wide_network_hash)

        self.assertEqual(order[3:9].count("other"), len(other))

    def test_turns_without_waiting_letters_are_deleted(self):
        letters = [queue_form("busy") for _ in range(3)]
        self.assertEqual(Turn.objects.get().turn, letters[-1].turn)

        for letter in letters[:2]:
            Letter.objects.filter(pk=letter.pk).update(taken_at=timezone.now())
            forget_turns()
        kept = Turn.objects.count()
        Letter.objects.update(taken_at=timezone.now())
        forget_turns()

        self.assertEqual(kept, 1)
        self.assertFalse(Turn.objects.exists())

    def test_a_requested_link_takes_a_turn_of_the_requester(self):
        signature = make_signature()
        for _ in range(2):
            queue_form("busy")

        queue_letter(Letter.Kind.MANAGE, signature, network_hash="busy")
        queue_letter(Letter.Kind.ADDRESS_ASKED, signature)

        turns = Letter.objects.order_by("pk").values_list("turn", flat=True)
        self.assertEqual(list(turns), [0, 1, 2, 0])


@override_settings(MAILS_PER_MINUTE=120)
class TakingAtOnceTests(CommittedTestCase):
    def test_concurrent_senders_share_letters_and_rate(self):
        make_letters(200)

        found = at_once(*[take] * 8)

        ids = [pk for taken in found for pk in taken.ids]
        self.assertEqual(len(ids), 20)
        self.assertEqual(len(set(ids)), 20)

    def test_concurrent_submissions_of_one_network_get_a_turn_each(self):
        submissions = [make_submission(wide_network_hash="busy") for _ in range(10)]

        at_once(*[lambda each=each: queue_confirmation(each) for each in submissions])

        turns = Letter.objects.order_by("turn").values_list("turn", flat=True)
        self.assertEqual(list(turns), list(range(10)))
        self.assertEqual(Submission.objects.count(), 10)
