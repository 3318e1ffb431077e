from datetime import timedelta

from django.conf import settings
from django.db import connection
from django.test import Client, TestCase, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests.factories import (
    make_founding_request,
    make_founding_voice,
    make_published_voice,
    make_reason,
    make_staff,
    stamp,
)
from voices.models import Arrival, FoundingRequest, Limit, Voice
from voices.moderation import decide
from voices.moderation.waiting import what_waits
from voices.retention import forget, forget_networks

URL = reverse("voices:founding")
LIST = reverse("admin:voices_foundingrequest_changelist")
TYPED = {
    "kind": "correct",
    "text": "It is Camden, not Cmden.",
    "relation": "family",
    "name": "Ada Grimes",
    "email": "ada@example.com",
}


def ask(client, about, **fields):
    typed = {"started": stamp(), "untouched": "", "voice": about.pk, **TYPED}
    return client.post(URL, {**typed, **fields})


class FoundingRequestTests(TestCase):
    def setUp(self):
        self.voice = make_founding_voice(1, name="Stephen Grimes")

    def test_a_request_is_stored_for_staff(self):
        response = ask(self.client, self.voice)

        stored = FoundingRequest.objects.get()
        self.assertRedirects(
            response, reverse("voices:founding-thanks"), status_code=303
        )
        self.assertEqual({name: getattr(stored, name) for name in TYPED}, TYPED)
        self.assertEqual(stored.voice, self.voice)
        self.assertEqual(stored.suspicions, [])
        counted = Arrival.objects.filter(form="founding").exclude(hash="")
        self.assertIn("address", counted.values_list("sender", flat=True))

    def test_the_page_of_a_founding_voice_leads_to_it(self):
        link = f'href="{URL}?voice={self.voice.pk}"'
        signed = make_published_voice()

        self.assertContains(self.client.get(self.voice.get_absolute_url()), link)
        self.assertNotContains(self.client.get(signed.get_absolute_url()), URL)

    def test_the_voice_of_the_link_is_preselected(self):
        page = self.client.get(f"{URL}?voice={self.voice.pk}")

        self.assertContains(page, f'<option value="{self.voice.pk}" selected>')

    def test_any_other_link_leaves_the_choice_open(self):
        for voice in ("", "x", "0", "9" * 40, "%00", make_published_voice().pk):
            page = self.client.get(f"{URL}?voice={voice}")

            self.assertContains(page, f'<option value="{self.voice.pk}">')
            self.assertNotRegex(page.content.decode(), r'<option value="\d+" selected')

    def test_only_public_founding_voices_can_be_chosen(self):
        signed = make_published_voice(name="Signed Voice")
        gone = make_founding_voice(2, name="Gone Down", taken_down_at=timezone.now())

        page = self.client.get(URL)

        self.assertContains(page, "Stephen Grimes")
        for voice in (signed, gone):
            self.assertNotContains(page, voice.name)
            response = ask(self.client, voice)
            self.assertContains(response, "Choose a voice from", status_code=422)

    def test_a_removal_needs_no_reason(self):
        ask(self.client, self.voice, kind="remove", text="")

        self.assertEqual(FoundingRequest.objects.get().text, "")

    def test_invalid_input_is_refused_and_kept(self):
        for fields, message in (
            ({"voice": ""}, "Choose a voice"),
            ({"voice": "x"}, "Choose a voice from the list"),
            ({"voice": "x\0"}, "Null characters are not allowed"),
            ({"kind": ""}, "Choose whether to correct it or to remove it"),
            ({"kind": "rewrite"}, "Choose one of the two"),
            ({"text": ""}, "Tell us what is wrong, and what is correct"),
            ({"text": "x" * 2001}, "2000 characters"),
            ({"text": "No\0thing"}, "character"),
            ({"relation": ""}, "Choose who you are"),
            ({"name": ""}, "Enter your name"),
            ({"name": "ada@example.com"}, "not an email or web address"),
            ({"email": ""}, "Enter an email address"),
            ({"email": "nobody"}, "Enter an email address"),
            ({"email": "=?utf-8?q?ana?=@example.com"}, "Please enter another"),
        ):
            with self.subTest(fields):
                response = ask(self.client, self.voice, **fields)

                self.assertContains(response, message, status_code=422)
                self.assertContains(response, "<title>Error: ", status_code=422)
                for name in {"text", "name", "email"} - fields.keys():
                    self.assertContains(response, TYPED[name], status_code=422)
        self.assertFalse(FoundingRequest.objects.exists())

    def test_the_input_survives_a_lost_cookie(self):
        response = ask(Client(enforce_csrf_checks=True), self.voice)

        self.assertContains(response, TYPED["text"], status_code=403)
        self.assertContains(response, "safety cookie", status_code=403)
        self.assertFalse(FoundingRequest.objects.exists())

    def test_a_bot_gets_the_same_page_and_nothing_is_stored(self):
        for fields in ({"untouched": "spam"}, {"started": ""}):
            response = ask(self.client, self.voice, **fields)

            self.assertEqual(response.status_code, 303)
        self.assertFalse(FoundingRequest.objects.exists())

    def test_a_flood_from_one_network_is_refused_and_nothing_is_lost(self):
        Limit.objects.update(most=0)
        ask(self.client, self.voice)

        response = ask(self.client, self.voice)

        self.assertContains(response, TYPED["text"], status_code=429)
        self.assertContains(response, "press the button again in", status_code=429)
        self.assertEqual(FoundingRequest.objects.count(), 0)

    def test_it_sends_nobody_mail(self):
        ask(self.client, self.voice)

        with CaptureQueriesContext(connection) as queries:
            ask(self.client, self.voice)

        written = " ".join(each["sql"] for each in queries)
        self.assertNotIn("voices_letter", written)
        self.assertNotIn("procrastinate_jobs", written)

    @override_settings(FOUNDING_REQUEST_DAYS=9)
    def test_both_pages_state_the_deadline(self):
        for path in (URL, reverse("voices:founding-thanks")):
            self.assertContains(self.client.get(path), "within 9 days")

    def test_the_page_is_not_cached_or_indexed(self):
        response = self.client.get(URL)

        self.assertIn("no-store", response["Cache-Control"])
        self.assertContains(response, 'name="robots" content="noindex"')


class KeptTests(TestCase):
    def setUp(self):
        self.asked = make_founding_request(make_founding_voice(1))
        self.rows = FoundingRequest.objects.filter(pk=self.asked.pk)

    def test_the_network_is_forgotten_in_time(self):
        long_ago = timezone.now() - timedelta(days=settings.NETWORK_KEPT_DAYS + 1)
        self.rows.update(network_hash="abc", arrived_at=long_ago)

        forget_networks()

        self.assertEqual(self.rows.get().network_hash, "")

    def test_a_closed_request_is_deleted_in_time(self):
        kept = timedelta(days=settings.REPORT_KEPT_DAYS)
        for age, is_there in ((kept - timedelta(days=1), True), (kept, False)):
            self.rows.update(closed_at=timezone.now() - age, closed_by=None)

            forget()

            self.assertEqual(self.rows.exists(), is_there)

    def test_an_open_request_stays_even_if_it_is_suspicious(self):
        long_ago = timezone.now() - timedelta(days=900)
        self.rows.update(arrived_at=long_ago, suspicions=["network-burst", "link"])

        forget()

        self.assertTrue(self.rows.exists())


class AdminTests(TestCase):
    def setUp(self):
        self.client.force_login(make_staff("moderator"))
        self.voice = make_founding_voice(1)
        self.old = make_founding_request(self.voice, text="Older.")
        self.new = make_founding_request(self.voice, text="Newer, <b>bold</b>.")

    def make_overdue(self, asked):
        late = timezone.now() - timedelta(days=settings.FOUNDING_REQUEST_DAYS, hours=1)
        FoundingRequest.objects.filter(pk=asked.pk).update(arrived_at=late)

    def waiting(self):
        return [(each.number, each.words) for each in what_waits([FoundingRequest])]

    def test_each_has_its_deadline_and_overdue_ones_are_marked(self):
        due = timezone.localtime(self.new.due_at)

        before = self.client.get(LIST)
        self.make_overdue(self.old)
        after = self.client.get(LIST)

        self.assertContains(before, f"{due:%Y-%m-%d}", count=2)
        self.assertNotContains(before, "(overdue)")
        self.assertContains(after, "(overdue)</strong>", count=1)
        self.assertLess(*map(after.content.index, (b"Older.", b"Newer, ")))

    def test_the_first_page_and_the_digest_count_them_by_deadline(self):
        due = timezone.localtime(self.old.due_at)
        requests = "requests about founding voices"

        self.assertEqual(
            self.waiting(), [(2, f"{requests}, to decide by {due:%B} {due.day}")]
        )
        self.make_overdue(self.old)
        self.assertEqual(self.waiting(), [(2, f"{requests}, 1 overdue")])
        FoundingRequest.objects.all().close(make_staff("closer"))
        self.assertEqual(self.waiting(), [])

    def test_staff_close_what_they_decided(self):
        self.make_overdue(self.old)
        self.client.post(LIST, {"action": "close", "_selected_action": [self.old.pk]})

        page = self.client.get(f"{LIST}?closed_at__isempty=1")
        everything = self.client.get(LIST)

        self.assertContains(page, "Newer, &lt;b&gt;bold&lt;/b&gt;.")
        self.assertNotContains(page, "Older.")
        self.assertNotContains(everything, "(overdue)")
        self.old.refresh_from_db()
        self.assertEqual(self.old.closed_by.username, "moderator")

    def test_a_request_is_read_with_its_address_and_never_changed(self):
        address = reverse("admin:voices_foundingrequest_change", args=[self.old.pk])

        page = self.client.get(address)
        self.client.post(address, {"text": "Changed."})

        self.assertContains(page, "ana@example.com")
        self.assertContains(
            page, reverse("admin:voices_voice_change", args=[self.voice.pk])
        )
        self.old.refresh_from_db()
        self.assertEqual(self.old.text, "Older.")

    def test_the_list_does_not_show_addresses(self):
        self.assertNotContains(self.client.get(LIST), "ana@example.com")

    def test_the_list_shows_the_founding_number(self):
        voice = make_founding_voice(30, name="Ana Thirty")
        make_founding_request(voice, text="About thirty.")
        change = reverse("admin:voices_voice_change", args=[voice.pk])

        page = self.client.get(LIST)

        self.assertContains(page, f'<a href="{change}">No. 30</a>')

    def test_a_voice_that_is_taken_down_keeps_its_requests(self):
        decide.take_down(Voice.objects.all(), make_staff("decider"), make_reason())

        self.assertContains(self.client.get(LIST), "Older.")

    def test_the_list_takes_a_constant_number_of_queries(self):
        with CaptureQueriesContext(connection) as two:
            self.client.get(LIST)
        for number in range(20):
            make_founding_request(self.voice, text=f"Number {number}.")

        with self.assertNumQueries(len(two)):
            self.client.get(LIST)
