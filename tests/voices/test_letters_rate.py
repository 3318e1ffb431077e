"""The rate at which letters leave, and what staff and visitors learn about the wait."""

from datetime import timedelta
from unittest import mock

from django.contrib.admin.models import LogEntry
from django.core import mail
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import SimpleTestCase, TestCase, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests.factories import check_url, make_staff, make_submission
from tests.voices.test_letters_take import ClockTestCase, make_letters
from voices.letters import waits
from voices.letters.waits import in_words
from voices.models import Letter, SendingRate
from voices.moderation.digest import send_digest
from voices.signatures.models import Lane
from voices.tasks import measure_wait

ADD = reverse("admin:voices_sendingrate_add")
CHANGE = reverse("admin:voices_sendingrate_change", args=[1])
SLOWLY = "Our email is going out slowly right now."


def wait(minutes):
    """Let as many letters wait as leave in so many minutes at two a minute."""
    SendingRate.objects.update_or_create(defaults={"per_minute": 2})
    make_letters(2 * minutes)
    measure_wait(timestamp=0)


class RateTests(ClockTestCase):
    @override_settings(MAILS_PER_MINUTE=12)
    def test_the_setting_applies_until_staff_set_a_rate(self):
        make_letters(500)

        before = self.take_for(60)
        SendingRate.objects.create(per_minute=60)
        after = self.take_for(60)

        self.assertEqual((len(before), len(after)), (12, 60))

    def test_a_changed_rate_applies_at_once(self):
        make_letters(500)
        SendingRate.objects.create(per_minute=60)
        before = self.take_for(60)

        SendingRate.objects.update(per_minute=120)
        after = self.take_for(60)

        self.assertEqual((len(before), len(after)), (60, 120))

    def test_a_rate_out_of_bounds_is_refused(self):
        for rate in (0, 100_001):
            with self.assertRaises(ValidationError):
                SendingRate(per_minute=rate).full_clean()


class WordsTests(SimpleTestCase):
    def test_a_wait_is_rounded_up(self):
        for minutes, words in {
            0: "",
            2: "",
            3: "about 3 minutes",
            10: "about 10 minutes",
            16: "about 20 minutes",
            90: "about 90 minutes",
            91: "about 2 hours",
            720: "about 12 hours",
        }.items():
            self.assertEqual(in_words(minutes), words)


class CheckPageTests(TestCase):
    def page(self, **fields):
        return self.client.get(check_url(make_submission(**fields)))

    def test_says_how_long_mail_takes_when_it_is_slow(self):
        wait(18)

        page = self.page()

        self.assertContains(page, f"{SLOWLY} Yours should arrive in about 20 minutes.")

    def test_says_nothing_when_it_is_not(self):
        wait(2)

        self.assertNotContains(self.page(), SLOWLY)

    def test_says_the_same_whichever_lane_the_form_is_in(self):
        wait(18)

        for lane in Lane:
            self.assertContains(self.page(lane=lane), "in about 20 minutes.")

    def test_takes_one_statement_however_many_letters_wait(self):
        for minutes in (5, 500):
            wait(minutes)
            with CaptureQueriesContext(connection) as queries:
                self.page()

            asked = [each["sql"] for each in queries if "accounts_cache" in each["sql"]]
            self.assertEqual(len(asked), 1)
            self.assertNotIn('FROM "voices_letter"', str(queries.captured_queries))

    def test_letters_of_other_lanes_or_not_yet_due_do_not_count(self):
        SendingRate.objects.create(per_minute=2)
        make_letters(100, Letter.Lane.SLOW)
        make_letters(100, Letter.Lane.UPDATE)
        make_letters(100, send_at=timezone.now() + timedelta(minutes=5))

        measure_wait(timestamp=0)

        self.assertEqual(waits.minutes(), 0)


class AlarmTests(TestCase):
    def test_staff_are_told_once_an_hour_above_ten_minutes(self):
        with self.assertLogs("voices.letters.waits", "WARNING") as logs:
            wait(12)
            measure_wait(timestamp=0)

        self.assertEqual(len(logs.output), 1)
        self.assertIn("12 minutes", logs.output[0])
        later = timezone.now() + timedelta(minutes=61)
        with (
            mock.patch("django.core.cache.backends.db.tz_now", lambda: later),
            mock.patch("time.time", later.timestamp),
            self.assertLogs("voices.letters.waits", "WARNING"),
        ):
            measure_wait(timestamp=0)

    def test_ten_minutes_are_no_alarm(self):
        with self.assertNoLogs("voices.letters.waits", "WARNING"):
            wait(10)

    @override_settings(MODERATION_EMAIL="staff@example.org")
    def test_the_admin_and_the_digest_say_so(self):
        self.client.force_login(make_staff())
        before = self.client.get(reverse("admin:index"))
        wait(12)

        page = self.client.get(reverse("admin:index"))
        send_digest(timezone.now().timestamp())

        words = "minutes until a confirmation email leaves"
        self.assertNotContains(before, words)
        self.assertContains(page, f"<b>12</b> {words}")
        self.assertIn(f"12 {words}", mail.outbox[0].body)


class AdminTests(TestCase):
    def setUp(self):
        self.client.force_login(make_staff())

    @override_settings(MAILS_PER_MINUTE=77)
    def test_the_first_rate_starts_from_the_setting(self):
        page = self.client.get(ADD)

        self.assertContains(page, 'value="77"')
        self.client.post(ADD, {"per_minute": "900"})

        self.assertEqual(SendingRate.objects.current(), 900)
        self.assertRedirects(self.client.get(ADD), CHANGE)

    def test_each_change_is_logged_with_who_made_it(self):
        SendingRate.objects.create(per_minute=60)

        self.client.post(CHANGE, {"per_minute": "90"})

        entry = LogEntry.objects.get()
        self.assertEqual(entry.object_repr, "90 letters a minute")
        self.assertEqual(entry.user.username, "moderator")

    def test_shows_what_waits_in_each_lane_and_how_long(self):
        SendingRate.objects.create(per_minute=60)
        make_letters(540)
        make_letters(60, Letter.Lane.SLOW)
        make_letters(45, Letter.Lane.NOTICE)

        page = self.client.get(CHANGE)

        self.assertContains(page, "Clean: 540, the last leaves in 10 min")
        self.assertContains(page, "Slow: 60, the last leaves in 10 min")
        self.assertContains(page, "Notice: 45, the last leaves in 11 min")
        self.assertContains(page, "Update: 0, the last leaves in 11 min")

    def test_counts_no_more_letters_than_it_has_to(self):
        SendingRate.objects.create(per_minute=60)
        make_letters(109)
        make_letters(60, Letter.Lane.SLOW)
        make_letters(10, Letter.Lane.NOTICE)

        with mock.patch.object(waits, "MAX_COUNTED", 108):
            page = self.client.get(CHANGE)

        self.assertContains(
            page, "Clean: more than 108, the last leaves in more than 2 min"
        )
        self.assertContains(page, "Slow: 60, the last leaves in 10 min")
        self.assertContains(page, "Notice: 10, the last leaves in more than 2 min")

    def test_a_rate_out_of_bounds_is_refused(self):
        SendingRate.objects.create(per_minute=60)

        self.client.post(CHANGE, {"per_minute": "0"})

        self.assertEqual(SendingRate.objects.current(), 60)
