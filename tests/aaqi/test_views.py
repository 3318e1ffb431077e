from datetime import datetime, timedelta
from io import StringIO
from unittest import mock

from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.core.management import call_command
from django.db import InterfaceError, OperationalError, ProgrammingError
from django.test import Client, TestCase, override_settings
from django.urls import reverse
from django.utils import timezone

from tests.accounts.steps import sign_in
from tests.factories import (
    FORM,
    make_assessments,
    make_edition,
    make_founding_voice,
    make_published_voice,
    make_rankings,
    make_signature,
    make_staff,
    make_voice,
)
from voices.models import Submission


class HomeTests(TestCase):
    def test_counts_founding_voices_and_signatures(self):
        make_founding_voice(1)
        make_signature()
        make_signature(name_display="unlisted")

        response = self.client.get(reverse("home"))

        self.assertContains(response, "<b>3</b> Americans want it ended")

    def test_one_american_wants(self):
        make_signature()

        response = self.client.get(reverse("home"))

        self.assertContains(response, "<b>1</b> American wants it ended")

    def test_shows_the_newest_published_names(self):
        now = timezone.now()
        for number in range(5):
            make_published_voice(
                name=f"Signer {'ABCDE'[number]}",
                published_at=now - timezone.timedelta(days=number),
            )
        make_voice(name="Still Waiting")
        make_voice(name="Declined", declined_at=now)
        make_published_voice(name="Taken Down", taken_down_at=now)

        response = self.client.get(reverse("home"))

        for name in ("Signer A", "Signer B", "Signer C"):
            self.assertContains(response, name)
        for name in ("Signer D", "Signer E", "Waiting", "Declined", "Taken Down"):
            self.assertNotContains(response, name)

    def test_shows_featured_statements_latest_first(self):
        now = timezone.now()
        make_published_voice(statement="Chosen first.", featured_at=now)
        make_published_voice(
            statement="Chosen later.", featured_at=now + timezone.timedelta(hours=1)
        )
        make_published_voice(statement="Never chosen.")

        page = self.client.get(reverse("home")).content.decode()

        self.assertLess(page.index("Chosen later."), page.index("Chosen first."))
        self.assertNotIn("Never chosen.", page)

    def test_escapes_names(self):
        make_published_voice(name="Ana <b>Bold</b>")

        self.assertContains(self.client.get("/"), "Ana &lt;b&gt;Bold&lt;/b&gt;")

    def test_shows_the_map_of_the_current_edition_only(self):
        make_rankings(
            NM={"right_to_sue": "statute", "immunity": "barred", "covers": "all"},
        )
        draft = make_edition("2026-11-23", published_at=None)
        make_assessments(draft, TX={"right_to_sue": ""})

        page = self.client.get(reverse("home"))

        self.assertContains(page, 'class="grade grade-a" href="/rankings/new-mexico/"')
        self.assertContains(page, 'class="grade grade-f" href="/rankings/texas/"')
        self.assertContains(page, "November 22, 2026")

    def test_says_how_many_states_are_graded(self):
        blank = {"right_to_sue": ""}
        make_rankings(TX=blank, UT=blank)

        page = self.client.get(reverse("home"))

        self.assertContains(page, "we have graded 49 so far, from A to F")
        self.assertContains(page, "Sources read on <time")

    @override_settings(OPERATOR_NAME="Ohio & Friends", OPERATOR_URL="")
    def test_the_footer_says_who_runs_the_site(self):
        self.assertContains(self.client.get("/"), "Run by Ohio &amp; Friends.")

        with self.settings(OPERATOR_URL="https://example.com/us"):
            response = self.client.get("/")

        link = '<a href="https://example.com/us" rel="noopener external">'
        self.assertContains(response, f"Run by {link}Ohio &amp; Friends</a>.")

    @override_settings(OPERATOR_NAME="Ohio & Friends")
    def test_the_header_says_what_the_site_is_and_who_runs_it(self):
        page = self.client.get("/")

        said = "A petition, run by Ohio &amp; Friends."
        self.assertContains(page, f'<p class="tagline">{said}</p>')

    @override_settings(OPERATOR_NAME="")
    def test_the_header_says_nothing_of_an_operator_without_a_name(self):
        page = self.client.get("/")

        self.assertNotContains(page, "tagline")
        self.assertNotContains(page, "run by")

    def test_gives_the_other_side_before_the_cases(self):
        call_command("load_content", stdout=StringIO())

        page = self.client.get(reverse("home")).content.decode()

        self.assertLess(
            page.index("The best case for the rule"),
            page.index("The people behind the cases"),
        )

    def test_shows_no_map_before_there_is_one(self):
        make_assessments(make_edition(published_at=None))

        page = self.client.get(reverse("home"))

        self.assertNotContains(page, "States can open the door")

    def test_asks_the_database_six_times(self):
        make_rankings()
        for _ in range(4):
            make_published_voice(featured_at=timezone.now())

        with self.assertNumQueries(6):
            self.client.get(reverse("home"))


class PrivacyTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        call_command("load_content", stdout=StringIO())

    def test_states_the_limits_from_the_settings(self):
        response = self.client.get(reverse("privacy"))

        self.assertContains(response, f"deleted {settings.UNCONFIRMED_KEPT_DAYS} days")
        self.assertContains(response, f"works for {settings.CONFIRM_LINK_DAYS} days")
        self.assertContains(response, settings.CONTACT_EMAIL)

    def test_states_how_long_the_csrf_cookie_lasts(self):
        page = self.client.get(reverse("privacy"))
        cookie = self.client.get(reverse("voices:add")).cookies[
            settings.CSRF_COOKIE_NAME
        ]

        self.assertContains(page, "52 weeks after you last opened a page with a form")
        self.assertEqual(cookie["max-age"], timedelta(weeks=52).total_seconds())

    def test_asks_the_database_for_its_text_only(self):
        with self.assertNumQueries(1):
            self.client.get(reverse("privacy"))


class CsrfFailureTests(TestCase):
    def test_keeps_the_input_and_stores_nothing(self):
        client = Client(enforce_csrf_checks=True)

        response = client.post(reverse("voices:add"), FORM)

        self.assertContains(
            response, "Everything you typed is still here", status_code=403
        )
        self.assertContains(response, 'value="Ana Reyes"', status_code=403)
        self.assertContains(response, FORM["statement"], status_code=403)
        self.assertIn("no-store", response["Cache-Control"])
        self.assertFalse(Submission.objects.exists())

    def test_the_kept_form_can_be_sent_again(self):
        client = Client(enforce_csrf_checks=True)
        refused = client.post(reverse("voices:add"), FORM)
        token = refused.context["csrf_token"]

        response = client.post(
            reverse("voices:add"), FORM | {"csrfmiddlewaretoken": str(token)}
        )

        self.assertEqual(response.status_code, 303)

    def test_invalid_input_is_no_server_error(self):
        client = Client(enforce_csrf_checks=True)

        response = client.post(
            reverse("voices:add"),
            {"name": "\x00", "email": "\ud800".encode("utf-8", "surrogatepass")},
        )

        self.assertEqual(response.status_code, 403)

    def test_elsewhere_it_says_what_to_do(self):
        response = Client(enforce_csrf_checks=True).post("/voices/not-me/x/")

        self.assertContains(response, "Allow cookies", status_code=403)

    @override_settings(SIGNING_OPEN=False)
    def test_a_closed_form_is_not_opened_by_it(self):
        response = Client(enforce_csrf_checks=True).post(reverse("voices:add"), FORM)

        self.assertEqual(response.status_code, 403)
        self.assertNotContains(response, "<textarea", status_code=403)


class SecurityTxtTests(TestCase):
    def test_has_a_contact_and_never_expires(self):
        response = self.client.get("/.well-known/security.txt")

        self.assertEqual(response["Content-Type"], "text/plain; charset=utf-8")
        fields = dict(
            line.split(": ", 1)
            for line in response.content.decode().splitlines()
            if not line.startswith("#")
        )
        self.assertContains(
            response, f"# {settings.SITE_NAME} is run by {settings.OPERATOR_NAME}\n"
        )
        self.assertEqual(fields["Contact"], f"mailto:{settings.CONTACT_EMAIL}")
        self.assertEqual(
            fields["Canonical"], f"{settings.SITE_URL}/.well-known/security.txt"
        )
        left = datetime.fromisoformat(fields["Expires"]) - timezone.now()
        # RFC 9116 recommends less than a year.
        self.assertGreater(left, timedelta(days=170))
        self.assertLess(left, timedelta(days=365))


class ServerErrorTests(TestCase):
    def setUp(self):
        self.client = Client(raise_request_exception=False)

    def sign(self, error):
        with (
            mock.patch("voices.signing.views.receive", side_effect=error),
            self.assertLogs("django.request", "ERROR"),
        ):
            return self.client.post(reverse("voices:add"), FORM)

    def assert_unavailable(self, response):
        self.assertContains(response, "We can’t take that", status_code=503)
        self.assertEqual(response["Retry-After"], "30")
        self.assertIn("no-store", response["Cache-Control"])

    def test_without_its_database_the_site_sends_503_with_retry_after(self):
        for error in (OperationalError("host db"), InterfaceError("closed")):
            self.assert_unavailable(self.sign(error))

    def test_staff_get_the_same_503_without_a_readable_session(self):
        sign_in(self.client, make_staff("ruth"))
        away = mock.patch.object(
            SessionStore, "_get_session_from_db", side_effect=OperationalError
        )

        with away, self.assertLogs("django.request", "ERROR"):
            response = self.client.get(reverse("admin:index"))

        self.assert_unavailable(response)

    def test_a_programming_error_is_not_a_503(self):
        response = self.sign(ProgrammingError("no such column"))

        self.assertEqual(response.status_code, 500)
