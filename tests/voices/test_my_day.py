from datetime import timedelta
from unittest import mock

from django.test import TestCase
from django.urls import reverse
from django.utils import timezone

from accounts.roles import Role
from tests.accounts.steps import make_member
from tests.factories import make_reason, make_staff, make_voice
from voices.models import Decision, Hold, Reading, Skip
from voices.moderation import my_day as module
from voices.moderation.my_day import my_day

Kind = Decision.Kind
PAGE = "/admin/my-day/"


class MyDayTests(TestCase):
    def setUp(self):
        self.by, self.other = make_staff("moderator"), make_staff("other")
        self.now = timezone.now()

    def decide(self, kind=Kind.PUBLISHED, by=None, **fields):
        return Decision.objects.create(
            kind=kind, voice=make_voice(), by=by or self.by, **fields
        )

    def read(self, **fields):
        return Reading.objects.create(
            **{
                "voice": make_voice(),
                "since": self.now,
                "first_by": self.by,
                "first_verdict": Kind.PUBLISHED,
                **fields,
            }
        )

    def read_second(self, verdict=Kind.PUBLISHED, **fields):
        return self.read(
            first_by=self.other,
            second_by=self.by,
            second_verdict=verdict,
            second_at=self.now,
            **fields,
        )

    def test_counts_todays_decisions_by_kind(self):
        yesterday = self.now - timedelta(days=1)
        for _ in range(2):
            self.decide()
        self.decide(Kind.DECLINED, reason=make_reason())
        self.decide(at=yesterday)
        self.decide(by=self.other)

        day = my_day(self.by)

        self.assertEqual(day["decided"], [("Published", 2), ("Declined", 1)])
        self.assertEqual(day["total"], 3)

    def test_the_day_begins_at_midnight_in_the_sites_time_zone(self):
        midnight = timezone.localtime().replace(hour=0, minute=0, second=0)
        self.decide(at=midnight + timedelta(seconds=1))
        self.decide(at=midnight - timedelta(seconds=1))

        self.assertEqual(my_day(self.by)["total"], 1)

    def test_counts_what_was_undone_apart(self):
        slip = self.decide()
        self.decide(Kind.UNDONE, undoes=slip)

        day = my_day(self.by)

        self.assertEqual((day["total"], day["undone"]), (1, 1))

    def test_counts_first_and_second_readings(self):
        self.read()
        self.read(first_at=self.now - timedelta(days=1))
        self.read_second()
        self.read_second(Kind.DECLINED)

        day = my_day(self.by)

        self.assertEqual((day["to_second"], day["as_second"]), (1, 2))

    def test_the_median_time_is_that_of_each_verdict_once(self):
        self.decide(seconds=10)
        self.decide(seconds=None)
        self.read(first_seconds=20)
        # This verdict is also a decision, which has its seconds.
        self.read_second(second_seconds=10)
        self.read_second(Kind.DECLINED, second_seconds=90)
        took_down = self.decide(Kind.TAKEN_DOWN, seconds=30, reason=make_reason())
        self.read(first_seconds=30, decision=took_down)

        day = my_day(self.by)

        self.assertEqual((day["timed"], day["median"]), (4, 25))

    def test_has_no_median_without_a_measured_time(self):
        self.decide()

        self.assertIsNone(my_day(self.by)["median"])

    def test_counts_what_is_skipped_or_on_hold_now(self):
        past, soon = (self.now + timedelta(hours=hours) for hours in (-1, 1))
        for by, until in ((self.by, soon), (self.by, past), (self.other, soon)):
            Skip.objects.create(voice=make_voice(), by=by, until=until)
            Hold.objects.create(voice=make_voice(), by=by, until=until)

        day = my_day(self.by)

        self.assertEqual((day["skipped"], day["held"]), (1, 1))

    def test_reads_only_the_latest_decisions(self):
        for _ in range(4):
            self.decide()

        with mock.patch.object(module, "LATEST", 3):
            day = my_day(self.by)

        self.assertEqual((day["total"], day["is_cut"]), (3, True))

    def test_takes_the_same_queries_for_any_number_of_rows(self):
        for _ in range(3):
            self.decide(seconds=3)
            self.read(first_seconds=3)

        with self.assertNumQueries(6):
            my_day(self.by)

    def test_a_moderator_sees_their_own_day_and_the_way_to_their_decisions(self):
        moderator = make_member(Role.MODERATOR)
        self.client.force_login(moderator)
        self.decide(by=moderator, seconds=12)
        self.decide(Kind.KEPT)

        page = self.client.get(PAGE)

        self.assertContains(page, "Published")
        self.assertContains(page, "12 seconds")
        self.assertNotContains(page, "Kept")
        log = reverse("admin:voices_decision_changelist")
        self.assertContains(page, f"{log}?by__id__exact={moderator.pk}")
        self.assertContains(self.client.get("/admin/"), f'href="{PAGE}"')

    def test_is_only_for_those_who_moderate(self):
        self.client.force_login(make_member(Role.EDITOR))

        self.assertEqual(self.client.get(PAGE).status_code, 403)
        self.assertNotContains(self.client.get("/admin/"), PAGE)
