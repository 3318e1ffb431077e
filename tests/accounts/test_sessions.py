import time
from datetime import timedelta
from unittest import mock

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.test import Client, TestCase, override_settings
from django.urls import reverse
from django.utils import timezone

from accounts import inviting
from accounts.forget import forget_staff
from accounts.letters import SEND_NOTICE
from accounts.models import Invitation, ResetRequest
from accounts.roles import Role
from tests.accounts.steps import (
    PASSWORD,
    add_app,
    add_passkey,
    code,
    enter,
    log_in,
    make_member,
    sign_in,
)
from tests.committed import CommittedTestCase, jobs, run_worker
from tests.factories import make_published_voice

STAY = "/accounts/stay/"
ASKED = {"X-Idle": "1"}


def later(**ago):
    """Move this site's clock forward."""
    now = time.time() + timedelta(**ago).total_seconds()
    return mock.patch("accounts.middleware.time.time", lambda: now)


class IdleTests(TestCase):
    def setUp(self):
        sign_in(self.client, make_member(Role.MODERATOR))

    def test_a_session_that_is_not_used_ends(self):
        with later(minutes=30, seconds=1):
            response = self.client.get("/admin/voices/voice/", follow=True)

        self.assertContains(response, "You were signed out")
        self.assertEqual(
            response.redirect_chain,
            [("/accounts/login/?next=%2Fadmin%2Fvoices%2Fvoice%2F", 302)],
        )
        self.assertEqual(self.client.get("/admin/").status_code, 302)

    def test_each_page_restarts_the_idle_timer(self):
        for minutes in (25, 50, 75):
            with later(minutes=minutes):
                self.assertEqual(self.client.get("/admin/").status_code, 200)

    def test_it_ends_after_its_longest_time_however_much_it_is_used(self):
        for minutes in range(20, 12 * 60, 20):
            with later(minutes=minutes):
                self.assertEqual(self.client.get("/admin/").status_code, 200)

        with later(hours=12, seconds=1):
            self.assertEqual(self.client.get("/admin/").status_code, 302)

    def test_a_form_sent_too_late_changes_nothing(self):
        with later(minutes=31):
            response = self.client.post(reverse("account_set_password"))

        self.assertEqual(response["Location"], "/accounts/login/")

    def test_asking_for_the_time_left_does_not_extend_it(self):
        for minutes, left in ((10, 20), (20, 10), (29, 1)):
            with later(minutes=minutes):
                seconds = self.client.get(STAY, headers=ASKED).json()["seconds"]
            self.assertAlmostEqual(seconds, left * 60, delta=5)
        with later(minutes=31):
            self.assertEqual(self.client.get(STAY, headers=ASKED).status_code, 302)

    def test_one_press_extends_the_session_fully(self):
        with later(minutes=29):
            seconds = self.client.post(STAY, headers=ASKED).json()["seconds"]
        with later(minutes=58):
            still = self.client.get("/admin/")

        self.assertAlmostEqual(seconds, 30 * 60, delta=5)
        self.assertEqual(still.status_code, 200)

    def test_the_button_works_as_a_form_too(self):
        self.assertRedirects(
            self.client.post(STAY), "/accounts/", fetch_redirect_response=False
        )

    def test_staff_pages_bring_the_warning_and_say_so_without_a_script(self):
        for path in ("/admin/", "/admin/voices/voice/", "/accounts/2fa/"):
            response = self.client.get(path)
            with self.subTest(path):
                self.assertContains(response, 'data-warning="180"')
                self.assertContains(response, "<noscript>")
                self.assertContains(response, "after 30 minutes of inactivity")
        stranger = Client().get("/accounts/login/")
        self.assertNotContains(stranger, "data-warning")

    def test_pages_of_readers_do_not_ask_for_the_session(self):
        voice = make_published_voice().get_absolute_url()
        for path in ("/", "/voices/", voice):
            with later(days=2):
                response = self.client.get(path)
            self.assertEqual(response.status_code, 200)
            self.assertNotIn("Cookie", response.get("Vary", ""))
            self.assertFalse(response.has_header("X-Robots-Tag"))

    def test_a_session_without_clocks_is_over(self):
        session = self.client.session
        del session["accounts.began"], session["accounts.used"]
        session.save()

        self.assertEqual(self.client.get("/admin/").status_code, 302)


@override_settings(SECOND_FACTOR=True)
class OwnSessionsTests(TestCase):
    def setUp(self):
        cache.clear()
        self.user = make_member(Role.MODERATOR)
        add_app(self.user)
        self.here = self.enter("Firefox at home")
        self.there = self.enter("Chrome at work")

    def enter(self, browser):
        return enter(Client(headers={"user-agent": browser}), "pat")

    def test_each_is_listed_and_this_one_is_marked(self):
        response = self.here.get(reverse("usersessions_list"))

        self.assertContains(response, "Firefox at home")
        self.assertContains(response, "Chrome at work")
        self.assertContains(response, "<mark>this session</mark>", count=1)

    def test_others_see_none_of_them_and_end_none(self):
        other = Client()
        sign_in(other, make_member(Role.MODERATOR, "other"))
        session = UserSession.objects.first()

        listed = other.get(reverse("usersessions_list"))
        ended = other.post(reverse("accounts_end_session", args=[session.pk]))

        self.assertNotContains(listed, "Firefox at home")
        self.assertEqual(ended.status_code, 404)
        self.assertEqual(self.here.get("/admin/").status_code, 200)

    def test_one_is_ended_and_the_others_go_on(self):
        there = UserSession.objects.get(user_agent="Chrome at work")

        response = self.here.post(
            reverse("accounts_end_session", args=[there.pk]), follow=True
        )

        self.assertContains(response, "Session ended.")
        self.assertEqual(self.here.get("/admin/").status_code, 200)
        self.assertEqual(self.there.get("/admin/").status_code, 302)

    def test_a_link_ends_nothing(self):
        there = UserSession.objects.get(user_agent="Chrome at work")

        response = self.here.get(reverse("accounts_end_session", args=[there.pk]))

        self.assertEqual(response.status_code, 405)
        self.assertEqual(self.there.get("/admin/").status_code, 200)

    def test_all_others_are_ended_at_once(self):
        self.here.post(reverse("usersessions_list"))

        self.assertEqual(self.here.get("/admin/").status_code, 200)
        self.assertEqual(self.there.get("/admin/").status_code, 302)

    def test_signing_out_ends_it_on_the_server(self):
        key = self.here.session.session_key

        self.here.post(reverse("admin:logout"))

        self.assertFalse(Session.objects.filter(session_key=key).exists())
        self.assertEqual(self.there.get("/admin/").status_code, 200)

    def test_a_new_password_ends_the_others(self):
        new = "another long sentence"

        self.here.post(
            reverse("account_change_password"),
            {"oldpassword": PASSWORD, "password1": new, "password2": new},
        )

        self.assertEqual(self.here.get("/admin/").status_code, 200)
        self.assertEqual(self.there.get("/admin/").status_code, 302)

    def test_the_stored_details_of_a_session_are_deleted_with_it(self):
        key = self.there.session.session_key
        Session.objects.filter(session_key=key).update(
            expire_date=timezone.now() - timedelta(seconds=1)
        )

        forget_staff()

        self.assertEqual(UserSession.objects.get().user_agent, "Firefox at home")
        self.assertEqual(Session.objects.filter(session_key=key).count(), 0)

    def test_a_missing_or_overlong_user_agent_is_accepted(self):
        for browser in ("", "x" * 5000):
            self.assertEqual(self.enter(browser).get("/admin/").status_code, 200)


@override_settings(SECOND_FACTOR=True)
class OwnFactorsTests(TestCase):
    def setUp(self):
        cache.clear()
        self.user = make_member(Role.MODERATOR)
        self.key = add_passkey(self.user, "My phone")
        sign_in(self.client, self.user)

    def test_changing_credentials_requires_a_recent_sign_in(self):
        session = self.client.session
        session["account_authentication_methods"] = [
            {"method": "mfa", "type": "webauthn", "at": time.time() - 3600}
        ]
        session.save()

        for name, args in (
            ("mfa_activate_totp", []),
            ("mfa_add_webauthn", []),
            ("mfa_remove_webauthn", [self.key.pk]),
            ("mfa_edit_webauthn", [self.key.pk]),
            ("account_set_password", []),
        ):
            path = reverse(name, args=args)
            for method in (self.client.get, self.client.post):
                with self.subTest(name):
                    response = method(path)
                    self.assertEqual(response.status_code, 302)
                    self.assertIn("reauthenticate", response["Location"])

    def test_reauthenticating_by_password_redirects_back(self):
        session = self.client.session
        session["account_authentication_methods"][0].pop("reauthenticated")
        session.save()
        path = reverse("mfa_activate_totp")

        asked = self.client.get(path)
        wrong = self.client.post(asked["Location"], {"password": "wrong"})
        right = self.client.post(asked["Location"], {"password": PASSWORD})

        self.assertContains(wrong, "password is incorrect")
        self.assertRedirects(right, path)

    def test_the_last_second_factor_stays(self):
        response = self.client.post(
            reverse("mfa_remove_webauthn", args=[self.key.pk]), follow=True
        )

        self.assertContains(response, "your only second factor")
        self.assertTrue(Authenticator.objects.filter(pk=self.key.pk).exists())

    def test_the_last_app_stays_as_well(self):
        self.key.delete()
        add_app(self.user)

        self.client.post(reverse("mfa_deactivate_totp"))

        self.assertTrue(Authenticator.objects.filter(type="totp").exists())

    def test_one_of_two_is_removed_and_its_owner_is_notified(self):
        add_app(self.user)

        self.client.post(reverse("mfa_remove_webauthn", args=[self.key.pk]))

        self.assertFalse(Authenticator.objects.filter(pk=self.key.pk).exists())
        self.assertEqual(
            [job["args"]["notice"] for job in jobs(SEND_NOTICE)], ["webauthn_removed"]
        )

    def test_keys_of_others_are_not_there(self):
        other = add_passkey(make_member(Role.EDITOR, "other"))
        for name in ("mfa_remove_webauthn", "mfa_edit_webauthn"):
            for pk in (other.pk, 10**30):
                path = f"/accounts/2fa/webauthn/keys/{pk}/{name.split('_')[1]}/"
                with self.subTest(path):
                    self.assertEqual(self.client.post(path).status_code, 404)

    def test_an_app_is_added_with_its_first_code(self):
        page = self.client.get(reverse("mfa_activate_totp"))
        secret = page.context["form"].secret

        wrong = self.client.post(reverse("mfa_activate_totp"), {"code": "000000"})
        right = self.client.post(reverse("mfa_activate_totp"), {"code": code(secret)})

        self.assertContains(wrong, "is incorrect")
        self.assertContains(wrong, secret)
        self.assertRedirects(right, reverse("mfa_view_recovery_codes"))

    def test_a_code_of_the_half_minute_before_will_do_but_no_older(self):
        self.assertTrue(self.try_code(steps=-1))
        self.assertFalse(self.try_code(steps=-3))

    def try_code(self, steps):
        Authenticator.objects.filter(type="totp").delete()
        Authenticator.objects.filter(type="recovery_codes").delete()
        add_app(self.user)
        cache.clear()
        client = Client()
        log_in(client, "pat")
        answer = {"code": code(steps=steps)}
        return client.post(reverse("mfa_authenticate"), answer).status_code == 302

    def test_a_key_is_renamed_and_its_name_is_shown_as_text(self):
        self.client.post(
            reverse("mfa_edit_webauthn", args=[self.key.pk]), {"name": "<b>x</b>"}
        )

        page = self.client.get(reverse("mfa_list_webauthn"))
        self.assertContains(page, "&lt;b&gt;x&lt;/b&gt;")


class NoticeTests(CommittedTestCase):
    def test_the_owner_is_notified_of_a_new_password_through_the_queue(self):
        cache.clear()
        user = make_member(Role.MODERATOR)
        client = Client()
        sign_in(client, user)
        new = "another long sentence"

        client.post(
            reverse("account_change_password"),
            {"oldpassword": PASSWORD, "password1": new, "password2": new},
        )
        before = len(mail.outbox)
        run_worker()

        self.assertEqual(before, 0)
        (message,) = mail.outbox
        self.assertEqual(message.to, ["pat@example.org"])
        self.assertIn("Your password was changed.", message.body)
        self.assertIn(f"Run by {settings.OPERATOR_NAME}", message.body)
        self.assertIn(settings.POSTAL_ADDRESS, message.body)


class ForgettingTests(TestCase):
    def test_unused_invited_accounts_are_deleted_after_a_month(self):
        for name, days, used in (
            ("late", 31, False),
            ("fresh", 1, False),
            ("used", 31, True),
        ):
            invitation = inviting.invite(f"{name}@example.org", Role.EDITOR)
            then = timezone.now() - timedelta(days=days)
            Invitation.objects.filter(pk=invitation.pk).update(
                mailed_from=then, used_at=then if used else None
            )
            get_user_model().objects.filter(username=name).update(date_joined=then)
        make_member(Role.EDITOR, "disabled", is_active=False)

        forget_staff()

        names = get_user_model().objects.values_list("username", flat=True)
        self.assertEqual({*names}, {"fresh", "used", "disabled"})

    def test_sign_in_attempts_are_deleted_once_no_limit_counts_them(self):
        cache.clear()
        log_in(self.client, "nobody", "wrong")
        before = self.tries()
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE accounts_cache SET expires = expires - '1 day'::interval"
            )

        forget_staff()

        self.assertGreater(before, 0)
        self.assertEqual(self.tries(), 0)

    def tries(self):
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM accounts_cache")
            return cursor.fetchone()[0]

    def test_an_unanswered_request_is_deleted(self):
        old = ResetRequest.objects.create(email="a@example.org")
        ResetRequest.objects.update(asked_at=timezone.now() - timedelta(days=2))
        new = ResetRequest.objects.create(email="b@example.org")

        forget_staff()

        self.assertFalse(ResetRequest.objects.filter(pk=old.pk).exists())
        self.assertTrue(ResetRequest.objects.filter(pk=new.pk).exists())
