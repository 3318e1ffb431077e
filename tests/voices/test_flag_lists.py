"""What a word would have caught, and the job that flags the queue again."""

from datetime import timedelta
from unittest import mock
from urllib.parse import urlencode

from django.contrib.auth.models import Permission
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from core.search_budget import SearchTooLong, TooManySearches
from tests.committed import CommittedTestCase, jobs, run_worker
from tests.factories import (
    make_published_voice,
    make_reason,
    make_staff,
    make_voice,
)
from voices.flags.rules import Rules
from voices.models import FlagRule, Voice, WatchedWord
from voices.moderation import flagging
from voices.moderation.catches import look_back
from voices.moderation.flagging import FLAG_WAITING

ADD = reverse("admin:voices_watchedword_add")


class LookBackTests(TestCase):
    def setUp(self):
        now = timezone.now()
        self.reason = make_reason()
        make_published_voice(name="Ana", statement="The zorble came by at night.")
        make_published_voice(statement="Zorbles, zorbles everywhere.")
        make_voice(statement="No ZORBLE for me.", declined_at=now, reason=self.reason)
        make_voice(statement="A zorble waits.")
        make_voice(statement="Nothing to see.")
        long_ago = make_voice(statement="An old zorble.")
        Voice.objects.filter(pk=long_ago.pk).update(
            submitted_at=now - timedelta(days=40)
        )

    def test_counts_what_it_would_have_caught_and_how_it_was_decided(self):
        found = look_back("watched-word", "zorble")

        self.assertEqual(found.count, 3)
        self.assertEqual(
            found.summary,
            f"Published 1, declined 1 ({self.reason.label} 1), still waiting 1.",
        )
        self.assertFalse(found.more)

    def test_an_asterisk_catches_longer_words(self):
        self.assertEqual(look_back("vulgar", "zorble*").count, 4)

    def test_samples_mark_the_words_and_say_the_outcome(self):
        found = look_back("vulgar", "came by")

        [sample] = found.samples
        self.assertEqual(
            sample.excerpt,
            'The zorble <mark title="vulgar or hateful words">came by</mark> at night.',
        )
        self.assertEqual(sample.outcome, "published")

    def test_an_excerpt_is_short_and_escaped(self):
        make_voice(statement=f"{'before ' * 40}<b>snark</b>{' after' * 40}")

        [sample] = look_back("watched-word", "snark").samples

        self.assertLess(len(sample.excerpt), 280)
        self.assertIn("&lt;b&gt;<mark", sample.excerpt)
        self.assertRegex(sample.excerpt, r"^… before .* after …$")

    def test_words_of_another_subject_count_only_off_topic(self):
        make_voice(statement="The snark at the police station.")
        make_voice(statement="The snark is fine.")

        self.assertEqual(look_back("off-topic", "snark").count, 1)
        self.assertEqual(look_back("watched-word", "snark").count, 2)

    def test_looks_at_a_limited_number(self):
        with mock.patch("voices.moderation.catches.MOST", 2):
            found = look_back("vulgar", "zorble*")

        self.assertTrue(found.more)
        self.assertEqual(found.count, 2)

    def test_says_why_nobody_could_look(self):
        self.assertIn("letters or digits", look_back("watched-word", "++").problem)
        for error, says in ((SearchTooLong, "too frequent"), (TooManySearches, "Try")):
            with mock.patch("voices.moderation.catches.one_search", side_effect=error):
                self.assertIn(says, look_back("vulgar", "zorble").problem)

    def test_any_words_can_be_looked_up(self):
        for words in ("'", '"', "a' | b", "\\", "%", "zorble & !x", "é", "正義", ":*"):
            with self.subTest(words):
                look_back("vulgar", words)
                look_back("watched-word", words)


class LookBackPageTests(TestCase):
    def setUp(self):
        self.client.force_login(make_staff())
        make_published_voice(statement="The zorble came by.")

    def preview(self, words, kind="vulgar", path=ADD):
        typed = {"words": words, "kind": kind, "preview": "1"}
        return self.client.post(path, typed, follow=True)

    def test_a_word_shows_what_it_would_have_caught(self):
        word = WatchedWord.objects.create(words="zorble")

        page = self.client.get(
            reverse("admin:voices_watchedword_change", args=[word.pk])
        )

        self.assertContains(page, "<b>1 statement</b>. Published 1.")
        self.assertContains(page, '<mark title="watched word">zorble</mark>')

    def test_an_unsaved_word_can_be_looked_up(self):
        page = self.preview("zorble")

        self.assertContains(page, "<b>1 statement</b>")
        self.assertContains(page, 'value="zorble"')
        self.assertContains(page, '<option value="vulgar" selected>')
        self.assertFalse(WatchedWord.objects.filter(words="zorble").exists())

    def test_a_change_can_be_looked_up_without_saving(self):
        word = WatchedWord.objects.create(words="snark")
        path = reverse("admin:voices_watchedword_change", args=[word.pk])

        page = self.preview("zorble", path=path)

        self.assertContains(page, "<b>1 statement</b>")
        self.assertContains(page, 'value="zorble"')
        word.refresh_from_db()
        self.assertEqual((word.words, word.kind), ("snark", "watched-word"))

    def test_an_empty_form_shows_nothing(self):
        self.assertNotContains(self.client.get(ADD), "last month")

    def test_invalid_input_is_no_error(self):
        for words in ("", "\x00", "x" * 5000, "a\nb", "<b>"):
            for kind in ("vulgar", "none-such"):
                self.assertEqual(self.preview(words, kind).status_code, 200)
        for query in ({"preview": 1}, {"words": "\ue000", "preview": "x", "kind": ""}):
            page = self.client.get(f"{ADD}?{urlencode(query)}")

            self.assertEqual(page.status_code, 200)

    def test_takes_a_constant_number_of_queries(self):
        word = WatchedWord.objects.create(words="zorble")
        path = reverse("admin:voices_watchedword_change", args=[word.pk])
        counts = []
        for rows in (1, 30):
            for _ in range(rows):
                make_voice(statement="A zorble.", reason=make_reason())
            with CaptureQueriesContext(
                connection,
            ) as queries:
                self.client.get(path)
            counts.append(len(queries))

        self.assertEqual(counts[0], counts[1])
        self.assertLess(counts[0], 14)

    def test_statements_are_shown_only_to_those_who_may_read_them(self):
        word = WatchedWord.objects.create(words="zorble")
        staff = make_staff("limited", is_superuser=False)
        staff.user_permissions.add(
            Permission.objects.get(codename="change_watchedword")
        )
        self.client.force_login(staff)

        page = self.client.get(
            reverse("admin:voices_watchedword_change", args=[word.pk])
        )

        self.assertEqual(page.status_code, 200)
        self.assertNotContains(page, "came by")


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
