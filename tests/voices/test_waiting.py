import re
from datetime import timedelta

from django.contrib.auth.models import Permission
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.abuse import make_quarantined
from tests.factories import make_published_voice, make_staff, make_voice
from voices.models import RankingError, Report
from voices.moderation.waiting import LISTS, what_waits


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
                "2 voices to review, the oldest for 3 days",
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

    def test_each_list_takes_one_query(self):
        make_waiting()
        for _ in range(3):
            make_voice()

        with self.assertNumQueries(len(LISTS)):
            what_waits()
