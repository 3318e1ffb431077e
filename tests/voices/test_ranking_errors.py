from datetime import timedelta

from django.db import connection
from django.test import Client, TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests.factories import make_staff, stamp
from voices.models import Arrival, Limit, RankingError
from voices.retention import forget_networks

URL = reverse("rankings-report")
TYPED = {
    "state": "NM",
    "text": "The cap is not two million any more.",
    "source": "N.M. Stat. Ann. § 41-4A-6",
}


def report(client, **fields):
    return client.post(URL, {"started": stamp(), "untouched": "", **TYPED, **fields})


class ReportTests(TestCase):
    def test_a_report_is_stored_for_staff(self):
        response = report(self.client)

        stored = RankingError.objects.get()
        self.assertRedirects(
            response, reverse("rankings-report-thanks"), status_code=303
        )
        self.assertEqual({name: getattr(stored, name) for name in TYPED}, TYPED)
        self.assertEqual(stored.suspicions, [])
        arrivals = Arrival.objects.values_list("form", flat=True)
        self.assertEqual({*arrivals}, {"ranking"})

    def test_the_state_of_the_page_is_preselected(self):
        page = self.client.get(f"{URL}?state=nm")

        self.assertContains(page, '<option value="NM" selected>New Mexico</option>')

    def test_it_may_be_about_all_states(self):
        report(self.client, state="", source="")

        self.assertEqual(RankingError.objects.get().state, "")

    def test_an_unknown_state_gets_the_list(self):
        for state in ("ZZ", "PR", "%00", "N" * 999):
            response = self.client.get(f"{URL}?state={state}")

            self.assertContains(response, ">New Mexico</a>", status_code=404)

    def test_invalid_input_is_refused_and_kept(self):
        for fields, message in (
            ({"text": ""}, "Tell us what is wrong"),
            ({"text": "x" * 2001}, "2000 characters"),
            ({"state": "ZZ"}, "Choose a state from the list"),
            ({"source": "s" * 501}, "500 characters"),
            ({"text": "No\0thing"}, "character"),
        ):
            with self.subTest(fields):
                response = report(self.client, **fields)

                self.assertContains(response, message, status_code=422)
                self.assertContains(response, "<title>Error: ", status_code=422)
                if "source" not in fields:
                    kept = "N.M. Stat. Ann. § 41-4A-6"
                    self.assertContains(response, kept, status_code=422)
        self.assertFalse(RankingError.objects.exists())

    def test_the_input_survives_a_lost_cookie(self):
        client = Client(enforce_csrf_checks=True)

        response = report(client)

        self.assertContains(response, TYPED["text"], status_code=403)
        self.assertContains(response, "safety cookie", status_code=403)
        self.assertFalse(RankingError.objects.exists())

    def test_a_bot_gets_the_same_page_and_nothing_is_stored(self):
        for fields in ({"untouched": "spam"}, {"started": ""}):
            response = report(self.client, **fields)

            self.assertEqual(response.status_code, 303)
        self.assertFalse(RankingError.objects.exists())

    def test_a_flood_from_one_network_is_refused_and_nothing_is_lost(self):
        Limit.objects.update(most=0)
        report(self.client)

        response = report(self.client)

        self.assertContains(response, TYPED["text"], status_code=429)
        self.assertContains(response, "press the button again in", status_code=429)

    def test_the_page_is_not_cached_or_indexed(self):
        response = self.client.get(URL)

        self.assertIn("no-store", response["Cache-Control"])
        self.assertContains(response, 'name="robots" content="noindex"')

    def test_the_network_is_forgotten_in_time(self):
        report(self.client)
        RankingError.objects.update(
            network_hash="abc", arrived_at=timezone.now() - timedelta(days=31)
        )

        forget_networks()

        self.assertEqual(RankingError.objects.get().network_hash, "")


class AdminTests(TestCase):
    def setUp(self):
        self.client.force_login(make_staff())
        self.old = RankingError.objects.create(state="NM", text="Older.")
        self.new = RankingError.objects.create(text="Newer, about <b>all</b>.")

    def test_staff_close_what_they_have_looked_into(self):
        address = reverse("admin:voices_rankingerror_changelist")
        self.client.post(
            address, {"action": "close", "_selected_action": [self.old.pk]}
        )

        page = self.client.get(f"{address}?closed_at__isempty=1")

        self.assertContains(page, "Newer, about &lt;b&gt;all&lt;/b&gt;.")
        self.assertNotContains(page, "Older.")
        self.old.refresh_from_db()
        self.assertEqual(self.old.closed_by.username, "moderator")

    def test_a_report_is_read_and_never_changed(self):
        address = reverse("admin:voices_rankingerror_change", args=[self.old.pk])

        page = self.client.get(address)
        self.client.post(address, {"text": "Changed."})

        self.assertContains(page, "Older.")
        self.old.refresh_from_db()
        self.assertEqual(self.old.text, "Older.")

    def test_the_list_takes_a_constant_number_of_queries(self):
        address = reverse("admin:voices_rankingerror_changelist")
        with CaptureQueriesContext(connection) as two:
            self.client.get(address)
        for number in range(20):
            RankingError.objects.create(state="TX", text=f"Number {number}.")

        with self.assertNumQueries(len(two)):
            self.client.get(address)
