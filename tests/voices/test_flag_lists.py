"""The lists of words and the job that flags the queue again."""

from datetime import timedelta
from unittest import mock

from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests.committed import CommittedTestCase, jobs, run_worker
from tests.factories import (
    make_published_voice,
    make_staff,
    make_voice,
)
from voices.flags.rules import Rules
from voices.models import FlagRule, Voice, WatchedWord
from voices.moderation import flagging
from voices.moderation.flagging import FLAG_WAITING

ADD = reverse("admin:voices_watchedword_add")


class FlaggingTests(CommittedTestCase):
    """The queue is flagged again by a job, in steps."""

    def setUp(self):
        super().setUp()
        self.client.force_login(make_staff())
        self.voices = [make_voice(statement=f"Snark {n}.") for n in range(5)]

    def flagged(self):
        return Voice.objects.filter(flags=["vulgar"]).count()

    def add(self):
        return self.client.post(ADD, {"words": "snark", "kind": "vulgar"})

    def test_the_request_only_queues_a_job(self):
        self.add()

        self.assertEqual(self.flagged(), 0)
        [job] = jobs(FLAG_WAITING)
        self.assertEqual(job["args"], {"since": "", "after": 0})

    def test_the_worker_flags_all_in_steps(self):
        with mock.patch.object(flagging, "STEP", 2):
            self.add()
            run_worker("pages")

        self.assertEqual(self.flagged(), 5)
        self.assertEqual(jobs(FLAG_WAITING), [])

    def test_a_step_and_the_job_for_the_next_one_are_one_transaction(self):
        WatchedWord.objects.create(words="snark", kind="vulgar")

        with (
            mock.patch.object(flagging, "STEP", 2),
            mock.patch.object(
                flagging, "queue_flagging", side_effect=KeyboardInterrupt
            ),
            self.assertRaises(KeyboardInterrupt),
        ):
            flagging.flag_waiting("", 0)

        self.assertEqual(self.flagged(), 0)

    def test_the_next_step_goes_on_after_the_last_voice(self):
        at = timezone.now() - timedelta(days=1)
        Voice.objects.update(review_since=at)
        WatchedWord.objects.create(words="snark", kind="vulgar")

        with mock.patch.object(flagging, "STEP", 2):
            flagging.flag_waiting(at.isoformat(), self.voices[1].pk)

        flagged = Voice.objects.filter(flags=["vulgar"]).values_list("pk", flat=True)
        self.assertEqual(set(flagged), {each.pk for each in self.voices[2:4]})
        [job] = jobs(FLAG_WAITING)
        self.assertEqual(job["args"]["after"], self.voices[3].pk)

    def test_the_number_of_queries_is_fixed(self):
        WatchedWord.objects.create(words="snark", kind="vulgar")
        for count in (5, 30):
            while Voice.objects.count() < count:
                make_voice(statement="Snark.")
            Voice.objects.update(flags=[])

            # Savepoints, IDs, voices, corrections, words, staff, update.
            with CaptureQueriesContext(connection) as queries:
                flagging.flag_waiting("", 0)

            self.assertEqual(
                sum(
                    each["sql"].startswith(("SELECT", "UPDATE", "(SELECT"))
                    for each in queries
                ),
                6,
            )

    def test_decided_voices_are_left_alone(self):
        make_published_voice(statement="Snark.")
        self.add()

        run_worker("pages")

        self.assertEqual(self.flagged(), 5)

    def test_words_taken_off_and_kinds_turned_off_count_too(self):
        self.add()
        run_worker("pages")
        rule, _ = FlagRule.objects.get_or_create(kind="vulgar")

        self.client.post(reverse("admin:voices_flagrule_change", args=[rule.pk]), {})
        run_worker("pages")

        self.assertEqual(self.flagged(), 0)

    def test_a_refused_word_queues_nothing(self):
        self.client.post(ADD, {"words": "", "kind": "vulgar"})

        self.assertEqual(jobs(FLAG_WAITING), [])


class RulesQueryTests(TestCase):
    def test_the_lists_and_what_is_off_are_one_query(self):
        FlagRule.objects.filter(kind="link").update(active=False)

        with self.assertNumQueries(1):
            rules = WatchedWord.objects.rules()

        self.assertIsInstance(rules, Rules)
        self.assertEqual(rules.off, {"link"})
        self.assertTrue(rules.lists["vulgar"].words)
