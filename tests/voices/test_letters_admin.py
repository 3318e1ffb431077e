from django.contrib.admin.models import LogEntry
from django.test import TestCase
from django.urls import reverse

from tests.factories import make_staff, make_submission
from voices.models import Letter, Submission
from voices.signatures.models import Lane

LIST = reverse("admin:voices_heldsubmission_changelist")


class HeldSubmissionTests(TestCase):
    def setUp(self):
        self.client.force_login(make_staff())
        self.held = make_submission(
            email="ana@example.com",
            name="Ana Reyes",
            statement="Visit my shop.",
            lane=Lane.HELD,
            suspicions=["honeypot"],
        )

    def release(self, *submissions):
        return self.client.post(
            LIST,
            {
                "action": "release",
                "_selected_action": [each.pk for each in submissions],
            },
            follow=True,
        )

    def test_lists_held_submissions_with_only_the_necessary_columns(self):
        make_submission(email="bea@example.com")

        page = self.client.get(LIST)

        self.assertContains(page, "a•••@example.com")
        self.assertContains(page, "Filled in the hidden field")
        for private in ("ana@", "Ana Reyes", "Visit my shop", "be•••"):
            self.assertNotContains(page, private)

    def test_releases_them_into_the_slow_lane_and_logs_it(self):
        page = self.release(self.held)

        self.assertContains(page, "Released: 1.")
        self.held.refresh_from_db()
        self.assertEqual(self.held.lane, Lane.SLOW)
        self.assertEqual(Letter.objects.get().lane, Letter.Lane.SLOW)
        self.assertNotIn("Ana", LogEntry.objects.get().object_repr)

    def test_releases_nothing_twice(self):
        self.release(self.held)
        self.release(self.held)

        self.assertEqual(Letter.objects.count(), 1)
        self.assertEqual(Submission.objects.get().lane, Lane.SLOW)

    def test_opens_none_of_them(self):
        path = reverse("admin:voices_heldsubmission_change", args=[self.held.pk])

        self.assertNotEqual(self.client.get(path).status_code, 200)

    def test_takes_a_constant_number_of_queries(self):
        for _ in range(3):
            make_submission(lane=Lane.HELD)

        with self.assertNumQueries(4):
            self.client.get(LIST)
