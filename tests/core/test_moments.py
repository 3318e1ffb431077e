from datetime import UTC, datetime, timedelta
from unittest import mock

from django.test import SimpleTestCase
from django.utils import timezone

from core.templatetags.moments import when

# A Saturday, in the site's time zone as well.
NOW = datetime(2026, 11, 28, 22, 43, 17, tzinfo=UTC)


class WhenTests(SimpleTestCase):
    def words(self, **age):
        with mock.patch.object(timezone, "now", return_value=NOW):
            html = when(NOW - timedelta(**age))
        return html.removesuffix("</time>").partition(">")[2]

    def test_counts_minutes_and_hours_within_a_day(self):
        for age, words in (
            ({"seconds": 59}, "just now"),
            ({"minutes": 1}, "one minute ago"),
            ({"minutes": 59}, "59 minutes ago"),
            ({"hours": 2, "minutes": 40}, "two hours ago"),
            ({"hours": 23, "minutes": 59}, "23 hours ago"),
        ):
            self.assertEqual(self.words(**age), words)

    def test_names_the_day_within_a_week_and_then_the_date(self):
        self.assertEqual(self.words(days=1), "on Friday")
        self.assertEqual(self.words(days=5, hours=23), "on Sunday")
        self.assertEqual(self.words(days=6), "on Nov. 22, 2026")
        self.assertEqual(self.words(days=400), "on Oct. 24, 2025")

    def test_rounds_a_wait_up(self):
        self.assertEqual(self.words(minutes=-9, seconds=-1), "in 10 minutes")
        self.assertEqual(self.words(seconds=-1), "in one minute")
        self.assertEqual(self.words(hours=-1, minutes=-30), "in two hours")
        self.assertEqual(self.words(days=-3), "on Dec. 1, 2026")

    def test_machines_get_the_exact_moment(self):
        with mock.patch.object(timezone, "now", return_value=NOW):
            html = when(timezone.localtime(NOW))

        self.assertIn('<time datetime="2026-11-28T22:43:17Z">', html)

    def test_no_moment_is_no_words(self):
        self.assertEqual(when(None), "")
