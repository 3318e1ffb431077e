import re
from datetime import datetime, timedelta
from unittest import mock
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.models import Permission
from django.test import TestCase
from django.urls import reverse
from django.utils import timezone

from tests.factories import (
    make_closed_report,
    make_published_voice,
    make_signature,
    make_staff,
    make_submission,
    make_voice,
)
from voices.figures import DAYS, KINDS, figures
from voices.models import Alarm, Letter, Report

NEW_YORK = ZoneInfo("America/New_York")


def make_letter(**fields):
    return Letter.objects.create(
        kind=Letter.Kind.PUBLISHED,
        signature=make_signature(name_display="unlisted"),
        address_hash="a",
        **fields,
    )


class FiguresTests(TestCase):
    def setUp(self):
        self.now = timezone.now()

    def test_signatures_are_counted_by_tag(self):
        for fields in (
            {"tag_id": "poster"},
            {"tag_id": "poster"},
            {"tag_id": "embed"},
            {},
            {"tag_id": "share", "withdrawn_at": self.now},
        ):
            make_signature(name_display="unlisted", **fields)

        self.assertEqual(
            figures()["tags"],
            [("Wall poster", 2), ("Box on another site", 1), ("No tag", 1)],
        )

    def test_signatures_are_counted_by_status(self):
        now = self.now
        for fields in (
            {"updates": True},
            {"updates": True},
            {},
            {"withdrawn_at": now, "updates": True},
            {"counted_at": None, "quarantined_at": now},
            {"counted_at": None, "quarantined_at": now},
            {"counted_at": None, "rejected_at": now},
            {"bounced_at": now, "updates": True},
        ):
            make_signature(name_display="unlisted", **fields)

        self.assertEqual(
            figures()["signatures"],
            {
                "counted": 4,
                "withdrawn": 1,
                "in_quarantine": 2,
                "invalidated": 0,
                "rejected": 1,
                "bounced": 1,
                "readers": 2,
            },
        )

    def test_voices_are_counted_by_status(self):
        now = self.now
        oldest = now - timedelta(days=3)
        make_voice(review_since=oldest)
        make_voice(review_since=now)
        make_published_voice(review_since=now - timedelta(days=9))
        make_published_voice(taken_down_at=now)
        make_voice(declined_at=now)
        make_voice(withdrawn_at=now, review_since=now - timedelta(days=9))
        make_published_voice(withdrawn_at=now)

        self.assertEqual(
            figures()["voices"],
            {
                "waiting": 2,
                "waiting_since": oldest,
                "published": 1,
                "declined": 1,
                "taken_down": 1,
            },
        )

    def test_forms_reports_and_letters_are_counted_while_they_wait(self):
        now = self.now
        make_submission()
        make_submission().confirm()
        voice = make_published_voice()
        for _ in range(2):
            Report.objects.create(voice=voice, kind=Report.Kind.OTHER)
        make_closed_report(voice, make_staff(), now)
        make_letter()
        make_letter(sent_at=now)
        make_letter(dropped_at=now)
        make_letter(dropped_at=now - timedelta(days=8))

        counted = figures()

        self.assertEqual(counted["submissions"], 1)
        self.assertEqual(counted["reports"], 2)
        self.assertEqual(counted["letters"], {"in_flight": 1, "dropped": 1})

    def test_forms_are_counted_by_lane(self):
        make_submission(mailed_at=self.now)
        make_submission()
        make_submission(lane="slow")
        make_submission(lane="held").confirm()

        self.assertEqual(
            [tuple(lane)[1:] for lane in figures()["lanes"]], [(2, 1), (1, 1), (0, 0)]
        )

    def test_alarms_of_the_last_day_are_listed_latest_first(self):
        for of, form, hours_ago in (
            ("network-burst", "sign", 30),
            ("network-burst", "sign", 20),
            ("network-burst", "sign", 2),
            ("wide-burst", "report", 1),
        ):
            at = self.now - timedelta(hours=hours_ago)
            Alarm.objects.create(of=of, form=form, hour=at, at=at)

        wide, narrow = figures()["alarms"]

        self.assertEqual(wide[:3], ("From one /24 or /48, at once", KINDS["report"], 1))
        self.assertEqual(narrow[1:3], (KINDS["sign"], 2))
        self.assertEqual(narrow.latest, self.now - timedelta(hours=2))

    def test_works_on_an_empty_site(self):
        counted = figures()

        self.assertEqual(counted["most"], 0)
        self.assertIsNone(counted["voices"]["waiting_since"])
        self.assertEqual(len(counted["days"]), DAYS)

    def test_days_are_in_the_sites_time_zone_latest_first(self):
        today = datetime(2026, 11, 22, 23, 30, tzinfo=NEW_YORK)
        first = today - timedelta(days=DAYS - 1)
        with mock.patch.object(timezone, "now", lambda: today):
            make_submission(submitted_at=today)
            # In London, it is already the 22nd.
            make_submission(
                submitted_at=datetime(2026, 11, 21, 23, 59, tzinfo=NEW_YORK)
            )
            make_submission(submitted_at=first.replace(hour=0, minute=0))
            make_submission(
                submitted_at=first.replace(hour=0, minute=0) - timedelta(seconds=1)
            )
            make_signature(name_display="unlisted", counted_at=first)

            days = figures()["days"]

        counts = {day.date.day: (day.submissions, day.counted) for day in days}
        self.assertEqual(
            {day: count for day, count in counts.items() if any(count)},
            {22: (1, 0), 21: (1, 0), 9: (1, 1)},
        )
        self.assertEqual([day.date.day for day in days], list(range(22, 8, -1)))


class FiguresPageTests(TestCase):
    url = "/admin/figures/"

    def login(self, *permissions):
        staff = make_staff(is_superuser=False)
        for codename in permissions:
            staff.user_permissions.add(Permission.objects.get(codename=codename))
        self.client.force_login(staff)

    def test_shows_the_figures_and_nothing_of_any_person(self):
        self.login("view_figures")
        fields = {
            "name": "Zelda Quux",
            "email": "zelda@example.com",
            "city": "Xanadu",
            "profession": "Zookeeper",
        }
        make_signature(confirmed_at=timezone.now(), **fields)
        make_submission(**fields, statement="My very own words.")

        page = self.client.get(self.url)

        for words in (
            "Signatures that count",
            "Submissions waiting",
            "the oldest for 0",
        ):
            self.assertContains(page, words)
        text = page.content.decode()
        for private in (*fields.values(), "Zelda", "very own words"):
            self.assertNotIn(private, text)
        self.assertContains(page, "<meter", 2 * DAYS)
        self.assertIn("no-store", page["Cache-Control"])

    @mock.patch("voices.figures.MAX_COUNTED", 2)
    def test_stops_counting_the_forms_of_a_busy_day(self):
        self.login("view_figures")
        for _ in range(4):
            make_submission()

        page = self.client.get(self.url)

        self.assertContains(page, '<td>more than 2 <meter max="3" value="3"')

    def test_takes_a_constant_number_of_queries(self):
        self.login("view_figures")
        self.client.get(self.url)

        # Session, user, permissions (2), and 14 for the figures.
        with self.assertNumQueries(18):
            self.client.get(self.url)
        for days in range(8):
            when = timezone.now() - timedelta(days=days)
            make_signature(counted_at=when, updates=True)
            make_submission(submitted_at=when)
            make_letter(dropped_at=when)
            Alarm.objects.create(of="network-burst", form="sign", hour=when)
        with self.assertNumQueries(18):
            self.client.get(self.url)

    def test_is_for_staff_who_may_see_signatures(self):
        self.assertRedirects(
            self.client.get(self.url),
            f"{reverse('admin:login')}?next={self.url}",
            fetch_redirect_response=False,
        )
        self.login("view_voice")
        self.assertEqual(self.client.get(self.url).status_code, 403)

    def test_the_admin_links_to_it_for_those_who_may_see_it(self):
        self.login("view_figures")
        self.assertContains(self.client.get("/admin/"), f'href="{self.url}"')

        self.client.logout()
        self.client.force_login(make_staff("other", is_superuser=False))
        self.assertNotContains(self.client.get("/admin/"), self.url)

    def test_a_figure_links_to_its_list_for_those_who_may_open_it(self):
        self.login("view_figures", "view_awaitingvoice", "view_voice")

        page = self.client.get(self.url)

        text = page.content.decode()
        links = re.findall(r'<th scope="row"><a href="(.+?)"', text)
        self.assertEqual(
            [link.partition("?")[2] for link in links],
            ["", "status=published", "status=declined", "status=taken-down"],
        )
        for link in links:
            self.assertEqual(self.client.get(link).status_code, 200)
        self.assertContains(page, '<th scope="row">Reports open</th>')

    def test_says_how_many_days_it_covers(self):
        # Older forms are deleted, so more days would show too few.
        self.assertLessEqual(DAYS, settings.UNCONFIRMED_KEPT_DAYS)
