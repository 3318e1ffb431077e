import re
from datetime import timedelta
from unittest import mock

from django.contrib.auth.models import Permission
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.abuse import make_quarantined
from tests.factories import make_published_voice, make_staff, make_voice
from voices.models import Hold, RankingError, Reading, Report
from voices.moderation.waiting import LISTS, READINGS, what_waits


def make_waiting():
    """Two voices, two reports, and a signature, all undecided."""
    make_voice(review_since=timezone.now() - timedelta(days=3))
    make_voice()
    voice = make_published_voice()
    Report.objects.create(voice=voice, kind="other", text="Open.")
    RankingError.objects.create(text="Open.")
    make_quarantined()


class WaitingTests(TestCase):
    def index(self, *permissions):
        staff = make_staff(is_superuser=not permissions)
        for codename in permissions:
            staff.user_permissions.add(Permission.objects.get(codename=codename))
        self.client.force_login(staff)
        return self.client.get("/admin/")

    def shown(self, page):
        """The lines shown above the lists, as text."""
        part = re.search(
            r'<section class="review-counts".*?</section>', page.content.decode(), re.S
        )
        lines = re.findall(r"<li>(.+?)</li>", part[0])
        return [re.sub("<[^>]+>", "", line).replace("\xa0", " ") for line in lines]

    def test_says_how_much_waits_and_since_when(self):
        make_waiting()

        page = self.index()

        self.assertEqual(
            self.shown(page),
            [
                "2 voices to review, the oldest for 3 days "
                "(1 for less than a day, 1 for more than 3 days)",
                "1 open report about voices",
                "1 open report of errors in the rankings",
                "1 signature in quarantine",
            ],
        )

    def test_links_to_each_list(self):
        make_waiting()

        page = self.index()

        for each in page.context["waiting"]:
            self.assertContains(page, f'href="{each.path}"')
            self.assertEqual(self.client.get(each.path).status_code, 200)

    def test_names_only_what_the_account_may_open(self):
        make_waiting()

        page = self.index("view_report", "change_rankingerror")

        self.assertEqual(
            self.shown(page),
            ["1 open report about voices", "1 open report of errors in the rankings"],
        )
        self.assertNotContains(page, "to review")
        self.assertNotContains(page, "in quarantine")

    def test_counts_no_list_that_the_account_may_not_open(self):
        make_waiting()

        with CaptureQueriesContext(connection) as queries:
            self.index("view_report")

        asked = " ".join(each["sql"] for each in queries)
        self.assertIn('FROM "voices_report"', asked)
        self.assertNotIn('FROM "voices_voice"', asked)
        self.assertNotIn('FROM "voices_signature"', asked)

    def test_says_so_when_nothing_waits(self):
        make_published_voice()

        page = self.index("view_awaitingvoice")

        self.assertContains(page, "Nothing to review.")

    def test_is_hidden_from_accounts_that_decide_nothing(self):
        make_waiting()

        page = self.index("view_figures")

        self.assertNotContains(page, "To review")
        self.assertNotContains(page, "Nothing to review.")

    def test_says_how_many_have_waited_how_long(self):
        for hours in (1, 23, 25, 71, 73, 900):
            make_voice(review_since=timezone.now() - timedelta(hours=hours))

        (line,) = self.shown(self.index())

        ages = "(2 for less than a day, 2 for 1 to 3 days, 2 for more than 3 days)"
        self.assertTrue(line.endswith(ages), line)

    def test_counts_ages_only_up_to_a_limit(self):
        for _ in range(3):
            make_voice()

        with mock.patch("voices.moderation.waiting.MOST", 2):
            (line,) = self.shown(self.index())

        self.assertIn("3 voices to review", line)
        self.assertTrue(line.endswith("(more than 2 for less than a day)"), line)

    def make_readings(self):
        """One voice that waits for a second reader, two disputed ones, and a hold."""
        by, other = make_staff("first"), make_staff("second")
        now = timezone.now()
        read = {"since": now, "first_by": by, "first_verdict": "published"}
        disagrees = {
            "second_by": other,
            "second_verdict": "declined",
            "second_at": now,
        }
        long_ago = now - timedelta(hours=2, minutes=1)
        Reading.objects.create(voice=make_voice(), first_at=long_ago, **read)
        for _ in range(2):
            Reading.objects.create(voice=make_voice(), **read, **disagrees)
        Hold.objects.create(voice=make_voice(), by=by, note="Who wrote it?")
        Hold.objects.create(voice=make_voice(), by=by, until=now - timedelta(minutes=1))

    def test_says_what_waits_for_others_than_the_first_reader(self):
        self.make_readings()

        self.assertEqual(
            self.shown(self.index())[1:],
            [
                "1 waits for a second reader, the oldest for 2 hours, 1 minute",
                "2 that two readers disagree about",
                "1 on hold",
            ],
        )

    def test_shows_a_moderator_only_what_is_theirs(self):
        self.make_readings()

        page = self.index("view_awaitingvoice", "change_awaitingvoice")

        self.assertEqual(self.shown(page)[1:], ["1 on hold"])

    def test_each_row_takes_one_query_and_the_ages_one_more(self):
        make_waiting()
        for _ in range(3):
            make_voice()

        with self.assertNumQueries(len(LISTS) + len(READINGS) + 1):
            what_waits()
