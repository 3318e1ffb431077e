from datetime import timedelta
from unittest import mock

from django.test import TestCase
from django.utils import timezone

from accounts.roles import Role
from tests.accounts.steps import make_member
from tests.factories import make_published_voice, make_reason, make_staff, make_voice
from voices.models import Decision, Reading, Report, Voice
from voices.moderation import agreement as module
from voices.moderation.agreement import agreement, reasons_used
from voices.moderation.readings import Verdict
from voices.moderation.verdicts import Wish, give

Kind = Decision.Kind
PAGE = "/admin/agreement/"
PUBLISH, CHANGES = Wish(Verdict.PUBLISH), Wish(Verdict.CHANGES, text="Shorten it.")


class AgreementTestCase(TestCase):
    def setUp(self):
        self.first, self.second, self.lead = (
            make_staff(name) for name in ("first", "second", "lead")
        )
        self.decline = Wish(Verdict.DECLINE, reason=make_reason(), tell=False)

    def read(self, *wishes, voice=None):
        """Give verdicts on a flagged voice: the first, the second, and the lead's."""
        voice = voice or make_voice(statement="Call me at 614-555-0123.")
        staff = (self.first, self.second, self.lead)
        for by, wish in zip(staff, wishes, strict=False):
            give(Voice.objects.filter(pk=voice.pk), by, wish)
        return voice


class AgreementTests(AgreementTestCase):
    def counts(self, days=30):
        found = agreement(days)
        return found.agreed, found.disagreed, found.still_open

    def settled(self):
        found = agreement(30)
        return found.for_first, found.for_second, found.for_neither

    def test_counts_second_readings(self):
        self.read(PUBLISH)
        self.read(PUBLISH, PUBLISH)
        self.read(self.decline, self.decline)
        self.read(PUBLISH, self.decline)

        self.assertEqual(self.counts(), (2, 1, 1))

    def test_says_whose_verdict_the_lead_shared(self):
        self.read(PUBLISH, self.decline, PUBLISH)
        self.read(PUBLISH, self.decline, self.decline)
        self.read(CHANGES, self.decline, self.decline)
        self.read(PUBLISH, self.decline, CHANGES)

        self.assertEqual(self.settled(), (1, 2, 1))
        self.assertEqual(self.counts(), (0, 4, 0))

    def test_knows_what_became_of_a_take_down(self):
        reason, now = make_reason(), timezone.now()
        take_down, keep = Wish(Verdict.TAKE_DOWN, reason=reason), Wish(Verdict.KEEP)
        for last in (take_down, keep):
            voice = make_published_voice(reported_at=now)
            Report.objects.create(voice=voice, kind="other", arrived_at=now)
            self.read(take_down, keep, last, voice=voice)

        self.assertEqual(self.settled(), (1, 1, 0))

    def test_counts_by_the_day_of_the_second_verdict(self):
        self.read(PUBLISH, PUBLISH)
        long_ago = timezone.now() - timedelta(days=60)
        Reading.objects.update(second_at=long_ago)

        self.assertEqual(self.counts(30), (0, 0, 0))
        self.assertEqual(self.counts(90), (1, 0, 0))

    def test_names_each_readers_share(self):
        self.read(PUBLISH, PUBLISH)
        self.read(PUBLISH, self.decline)

        first, second = agreement(30).readers

        self.assertEqual((first.name, first.first, first.second), ("first", 2, 0))
        self.assertEqual((second.name, second.first, second.second), ("second", 0, 2))
        self.assertEqual((first.agreed, first.share), (1, 50))

    def test_takes_two_queries_for_any_number_of_readings(self):
        for _ in range(3):
            self.read(PUBLISH, self.decline, PUBLISH)

        with self.assertNumQueries(2):
            agreement(30)

    def test_reads_only_the_latest_and_says_so(self):
        for _ in range(3):
            self.read(PUBLISH, PUBLISH)

        with mock.patch.object(module, "LATEST", 2):
            found = agreement(30)

        self.assertEqual((found.agreed, found.is_cut), (2, True))


class ReasonTests(TestCase):
    def setUp(self):
        self.by = make_staff()
        self.private, self.links = make_reason(), make_reason("Links")

    def decide(self, kind, reason, **fields):
        return Decision.objects.create(
            kind=kind, reason=reason, voice=make_voice(), by=self.by, **fields
        )

    def test_counts_reasons_most_often_used_first(self):
        self.decide(Kind.DECLINED, self.private)
        for kind in (Kind.DECLINED, Kind.CORRECTION_DECLINED, Kind.TAKEN_DOWN):
            self.decide(kind, self.links)

        rows = reasons_used(30)["reasons"]

        self.assertEqual(
            [(label, total) for label, total, _ in rows],
            [("Links", 3), ("Private details", 1)],
        )

    def test_counts_by_month_newest_first(self):
        before = timezone.now() - timedelta(days=62)
        self.decide(Kind.DECLINED, self.links)
        for _ in range(2):
            self.decide(Kind.DECLINED, self.links, at=before)

        found = reasons_used(90)

        self.assertEqual(len(found["months"]), 2)
        self.assertGreater(*found["months"])
        self.assertEqual(found["reasons"], [("Links", 3, [1, 2])])
        self.assertEqual(reasons_used(30)["reasons"], [("Links", 1, [1])])

    def test_leaves_out_what_was_undone(self):
        slip = self.decide(Kind.DECLINED, self.links)
        self.decide(Kind.UNDONE, None, undoes=slip)

        self.assertEqual(reasons_used(30)["reasons"], [])

    def test_takes_a_query_for_each_kind_of_decision(self):
        for _ in range(3):
            self.decide(Kind.DECLINED, self.links)

        with self.assertNumQueries(3):
            reasons_used(30)


class AgreementPageTests(AgreementTestCase):
    def setUp(self):
        super().setUp()
        self.client.force_login(make_member(Role.LEAD))

    def test_shows_both(self):
        self.read(self.decline, self.decline)

        page = self.client.get(PAGE)

        self.assertContains(page, "100 %")
        self.assertContains(page, "Private details")
        self.assertContains(self.client.get("/admin/"), f'href="{PAGE}"')

    def test_offers_both_spans_and_ignores_others(self):
        page = self.client.get(PAGE + "?days=90")
        self.assertEqual(page.context["days"], 90)
        self.assertContains(page, 'href="?days=30"')

        for value in ("7", "x", "-90", "9" * 500):
            with self.subTest(value):
                page = self.client.get(PAGE, {"days": value})
                self.assertEqual(page.context["days"], 30)

    def test_is_not_for_moderators(self):
        self.client.force_login(make_member(Role.MODERATOR, "mo"))

        self.assertEqual(self.client.get(PAGE).status_code, 403)
        self.assertNotContains(self.client.get("/admin/"), PAGE)
