import re
import subprocess
import sys
from datetime import timedelta
from functools import partial
from unittest import mock

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.test import Client, TestCase, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts import letters
from accounts.forget import forget_staff
from accounts.models import KnownNetwork, ResetRequest
from accounts.roles import Role
from tests.accounts.steps import (
    PASSWORD,
    SECRET,
    TOO_LONG,
    add_app,
    code,
    link_in,
    log_in,
    make_member,
    sign_in,
)
from tests.committed import CommittedTestCase, at_once, jobs, run_worker
from tests.processes import database_environment

LOGIN = "/accounts/login/"
WRONG = "No account has this name"
TOO_MANY = "Too many attempts"


@override_settings(SECOND_FACTOR=True)
class SignInTests(TestCase):
    def setUp(self):
        self.user = make_member(Role.MODERATOR)

    def test_password_then_second_factor_opens_the_admin(self):
        add_app(self.user)

        first = log_in(self.client, "pat")
        half_way = self.client.get("/admin/")
        second = self.client.post(reverse("mfa_authenticate"), {"code": code()})

        self.assertEqual(first["Location"], reverse("mfa_authenticate"))
        self.assertEqual(half_way.status_code, 302)
        self.assertRedirects(second, "/admin/")

    def test_the_address_will_do_for_a_name_in_any_case(self):
        add_app(self.user)

        response = log_in(self.client, "PAT@Example.org")

        self.assertRedirects(response, reverse("mfa_authenticate"))

    def test_next_redirects_only_within_the_site(self):
        add_app(self.user)
        for wanted, reached in (
            ("/admin/voices/voice/", "/admin/voices/voice/"),
            ("https://evil.example/", "/admin/"),
            ("//evil.example/", "/admin/"),
            ("\x00", "/admin/"),
        ):
            with self.subTest(wanted):
                client = Client()
                cache.clear()
                client.post(
                    LOGIN, {"login": "pat", "password": PASSWORD, "next": wanted}
                )
                response = client.post(reverse("mfa_authenticate"), {"code": code()})
                self.assertEqual(response["Location"], reached)

    def test_a_code_is_good_once(self):
        add_app(self.user)
        shown = code()
        for expected in (302, 200):
            client = Client()
            log_in(client, "pat")
            response = client.post(reverse("mfa_authenticate"), {"code": shown})
            self.assertEqual(response.status_code, expected)

    def test_a_recovery_code_takes_the_place_of_the_app_once(self):
        spare = add_app(self.user).generate_codes()[0]
        for expected in (302, 200):
            client = Client()
            log_in(client, "pat")
            response = client.post(reverse("mfa_authenticate"), {"code": spare})
            self.assertEqual(response.status_code, expected)

    def test_malformed_codes_are_refused(self):
        add_app(self.user)
        log_in(self.client, "pat")
        for wrong in ("", "x" * 5000, "\x00", "１２３４５６", "-"):
            with self.subTest(wrong[:9]):
                cache.clear()
                response = self.client.post(
                    reverse("mfa_authenticate"), {"code": wrong}
                )
                self.assertEqual(response.status_code, 200)
                self.assertNotIn("_auth_user_id", self.client.session)

    def test_a_password_without_any_second_factor_gets_nobody_in(self):
        response = log_in(self.client, "pat", follow=True)

        self.assertContains(response, "no longer has a second factor")
        self.assertEqual(self.client.get("/admin/").status_code, 302)

    def test_a_session_gets_a_new_key_when_its_owner_signs_in(self):
        add_app(self.user)
        log_in(self.client, "pat")
        before = self.client.session.session_key

        self.client.post(reverse("mfa_authenticate"), {"code": code()})

        self.assertNotEqual(self.client.session.session_key, before)
        old = Client()
        old.cookies[settings.SESSION_COOKIE_NAME] = before
        self.assertEqual(old.get("/admin/").status_code, 302)

    def test_a_disabled_account_does_not_open(self):
        add_app(self.user)
        get_user_model().objects.update(is_active=False)

        response = log_in(self.client, "pat", follow=True)

        self.assertContains(response, "This account is closed")

    def test_second_factors_are_stored_encrypted(self):
        add_app(self.user)

        for factor in Authenticator.objects.all():
            self.assertNotIn(SECRET, str(factor.data))
            self.assertRegex(factor.data.get("secret") or factor.data["seed"], "^gAAA")

    @override_settings(SECRET_KEY="x" * 60, SECRET_KEY_FALLBACKS=[settings.SECRET_KEY])
    def test_they_outlive_a_new_key_of_the_site(self):
        with override_settings(SECRET_KEY=settings.SECRET_KEY_FALLBACKS[0]):
            add_app(self.user)

        log_in(self.client, "pat")
        response = self.client.post(reverse("mfa_authenticate"), {"code": code()})

        self.assertEqual(response.status_code, 302)

    def test_a_lost_cookie_gets_a_page_that_says_what_to_do(self):
        client = Client(enforce_csrf_checks=True)

        response = log_in(client, "pat")

        self.assertContains(response, "Allow cookies", status_code=403)
        self.assertIn("no-store", response["Cache-Control"])

    def test_an_invalid_user_name_is_refused_with_a_page(self):
        for name in ("", "\x00", "x" * 100_000, "x" * 300, "a@" * 50):
            with self.subTest(name[:9]):
                response = log_in(self.client, name)
                self.assertIn(response.status_code, {200, 413})
                self.assertNotIn("_auth_user_id", self.client.session)


class OnThisMachineTests(TestCase):
    def test_a_password_is_enough_and_the_start_says_so(self):
        make_member(Role.ADMINISTRATOR)

        response = log_in(self.client, "pat")

        self.assertFalse(settings.SECOND_FACTOR)
        self.assertRedirects(response, "/admin/")


@override_settings(SECOND_FACTOR=True)
class NoEnumerationTests(TestCase):
    def setUp(self):
        self.user = make_member(Role.MODERATOR)
        # One with only a passkey, one with an unused invitation, and one disabled.
        make_member(Role.EDITOR, "key", password=None)
        make_member(Role.EDITOR, "shut", is_active=False)
        cache.clear()

    names = ("nobody", "pat", "pat@example.org", "key", "shut", "nobody@example.org")

    def test_signing_in_responds_the_same_for_known_and_unknown(self):
        pages, hashed = set(), set()
        for name in self.names:
            cache.clear()
            with mock.patch.object(
                PBKDF2PasswordHasher,
                "encode",
                autospec=True,
                side_effect=PBKDF2PasswordHasher.encode,
            ) as encode:
                response = log_in(Client(), name, "wrong")
            page = response.content.decode().replace(f'value="{name}"', "")
            pages.add((response.status_code, without_tokens(page)))
            hashed.add(encode.call_count)
            self.assertContains(response, WRONG)

        self.assertEqual(len(pages), 1)
        self.assertEqual(hashed, {1})

    def test_signing_in_runs_the_same_queries(self):
        asked = set()
        for name in self.names:
            cache.clear()
            with CaptureQueriesContext(connection) as queries:
                log_in(Client(), name, "wrong")
            asked.add(tuple(shape(query["sql"]) for query in queries))

        self.assertEqual(len(asked), 1)

    def test_a_password_reset_responds_the_same_for_known_and_unknown(self):
        asked, answers = set(), set()
        for email in ("nobody@example.org", "pat@example.org", "shut@example.org"):
            cache.clear()
            with CaptureQueriesContext(connection) as queries:
                response = Client().post(
                    reverse("account_reset_password"), {"email": email}
                )
            asked.add(tuple(shape(query["sql"]) for query in queries))
            answers.add((response.status_code, response["Location"]))

        self.assertEqual(len(asked), 1)
        self.assertEqual(answers, {(302, reverse("account_reset_password_done"))})
        self.assertEqual(mail.outbox, [])
        self.assertEqual(ResetRequest.objects.count(), 3)

    def test_an_overlong_address_is_no_server_error(self):
        response = self.client.post(
            reverse("account_reset_password"), {"email": TOO_LONG}
        )

        self.assertContains(response, "at most 254 characters")
        self.assertFalse(ResetRequest.objects.exists())

    def test_limits_hold_for_unknown_names(self):
        for name in ("nobody", "pat"):
            cache.clear()
            said = [
                TOO_MANY in log_in(Client(), name, "wrong").content.decode()
                for _ in range(7)
            ]
            self.assertEqual(said, [False] * 5 + [True] * 2)

    def test_a_malformed_passkey_response_is_refused(self):
        for credential in ("", "[]", "{}", "5", "null", "[" * 90_000):
            cache.clear()
            response = self.client.post(
                reverse("mfa_login_webauthn"), {"credential": credential}
            )
            self.assertRedirects(response, LOGIN)


class LimitTests(TestCase):
    def setUp(self):
        cache.clear()
        self.user = make_member(Role.MODERATOR)

    def test_the_right_password_does_not_help_once_the_limit_is_reached(self):
        for _ in range(5):
            log_in(self.client, "pat", "wrong")

        response = log_in(self.client, "pat")

        self.assertContains(response, TOO_MANY)

    def test_the_limit_of_an_account_holds_from_anywhere(self):
        for host in range(5):
            log_in(Client(REMOTE_ADDR=f"192.0.2.{host}"), "pat", "wrong")

        response = log_in(Client(REMOTE_ADDR="198.51.100.1"), "pat")

        self.assertContains(response, TOO_MANY)

    def use(self, address):
        """Sign in and out from `address` with the right password."""
        client = Client(REMOTE_ADDR=address)
        self.assertEqual(log_in(client, "pat").status_code, 302)
        client.post(reverse("account_logout"))

    def test_strangers_do_not_lock_a_person_out_where_they_signed_in_before(self):
        self.use("203.0.113.7")
        self.use("2001:db8::7")
        for host in range(9):
            for name in ("pat", "Pat@example.org"):
                log_in(Client(REMOTE_ADDR=f"192.0.2.{host}"), name, "wrong")

        for address in ("203.0.113.7", "2001:db8::8"):
            response = log_in(Client(REMOTE_ADDR=address), "pat")
            self.assertEqual(response.status_code, 302)
        for address in ("198.51.100.1", "2001:db8:0:1::7"):
            response = log_in(Client(REMOTE_ADDR=address), "pat")
            self.assertContains(response, TOO_MANY)

    def test_a_known_network_has_its_own_limit(self):
        self.use("203.0.113.7")
        self.use("203.0.113.8")

        said = [
            TOO_MANY
            in log_in(Client(REMOTE_ADDR="203.0.113.7"), name, "wrong").content.decode()
            for name in ["pat", "pat@example.org"] * 3
        ]
        elsewhere = log_in(Client(REMOTE_ADDR="203.0.113.8"), "pat")

        self.assertEqual(said, [False] * 5 + [True])
        self.assertEqual(elsewhere.status_code, 302)

    def test_a_network_known_to_one_account_is_unknown_to_another(self):
        make_member(Role.EDITOR, "other")
        self.use("203.0.113.7")
        for host in range(5):
            log_in(Client(REMOTE_ADDR=f"192.0.2.{host}"), "other", "wrong")

        response = log_in(Client(REMOTE_ADDR="203.0.113.7"), "other")

        self.assertContains(response, TOO_MANY)

    def test_a_password_alone_makes_no_network_known(self):
        with self.settings(SECOND_FACTOR=True):
            add_app(self.user)
            log_in(Client(REMOTE_ADDR="203.0.113.7"), "pat")

        self.assertFalse(KnownNetwork.objects.exists())

    def test_an_unused_network_is_forgotten(self):
        self.use("203.0.113.7")
        self.use("203.0.113.8")
        KnownNetwork.objects.filter(pk=KnownNetwork.objects.first().pk).update(
            used_at=timezone.now() - timedelta(days=91)
        )

        forget_staff()

        self.assertEqual(KnownNetwork.objects.count(), 1)

    def test_the_limit_of_a_network_holds_for_all_names(self):
        for number in range(10):
            log_in(self.client, f"name{number}", "wrong")

        response = log_in(self.client, "pat")
        elsewhere = log_in(Client(REMOTE_ADDR="192.0.2.1"), "pat")

        self.assertContains(response, TOO_MANY)
        self.assertEqual(elsewhere.status_code, 302)

    def test_a_household_of_ipv6_is_one_network(self):
        for number in range(10):
            log_in(Client(REMOTE_ADDR=f"2001:db8::{number:x}"), f"n{number}", "wrong")

        response = log_in(Client(REMOTE_ADDR="2001:db8::ffff"), "pat")
        elsewhere = log_in(Client(REMOTE_ADDR="2001:db8:0:1::1"), "pat")

        self.assertContains(response, TOO_MANY)
        self.assertEqual(elsewhere.status_code, 302)

    @override_settings(PROXY_COUNT=1)
    def test_behind_a_proxy_a_forged_forwarded_for_is_ignored(self):
        def behind(forwarded):
            return Client(
                REMOTE_ADDR="10.0.0.1", headers={"x-forwarded-for": forwarded}
            )

        for number in range(10):
            log_in(behind(f"203.0.113.{number}, 192.0.2.7"), f"name{number}", "wrong")

        response = log_in(behind("203.0.113.99, 192.0.2.7"), "pat")
        elsewhere = log_in(behind("192.0.2.8"), "pat")

        self.assertContains(response, TOO_MANY)
        self.assertEqual(elsewhere.status_code, 302)

    def test_reset_emails_are_limited_per_hour(self):
        for email in ["nobody@example.org"] * 4 + ["Pat@example.org"] * 4:
            response = self.ask_mail("192.0.2.1", email)
            self.assertRedirects(response, reverse("account_reset_password_done"))

        # The response is the same, but only this many emails are queued.
        self.assertEqual(ResetRequest.objects.count(), 6)

    def ask_mail(self, address, email="pat@example.org"):
        return Client(REMOTE_ADDR=address).post(
            reverse("account_reset_password"), {"email": email}
        )

    def test_strangers_cannot_block_a_password_reset(self):
        self.use("203.0.113.7")
        for host in range(9):
            self.ask_mail(f"192.0.2.{host}")
        before = ResetRequest.objects.count()

        self.ask_mail("203.0.113.7")

        # The strangers' three emails also went to the user, and their links work.
        self.assertEqual(before, 3)
        self.assertEqual(ResetRequest.objects.count(), 4)

    def test_codes_have_their_own_limit(self):
        add_app(self.user)
        log_in(self.client, "pat")
        for _ in range(5):
            self.client.post(reverse("mfa_authenticate"), {"code": "000000"})

        response = self.client.post(reverse("mfa_authenticate"), {"code": code()})

        self.assertContains(response, TOO_MANY)
        self.assertNotIn("_auth_user_id", self.client.session)

    def test_a_flood_of_names_does_not_evict_the_limit(self):
        for _ in range(5):
            log_in(self.client, "pat", "wrong")
        for number in range(400):
            cache.set(f"other{number}", "x")

        self.assertContains(log_in(self.client, "pat"), TOO_MANY)


SIGN_IN_THRICE = """
import django
django.setup()
from django.test import Client
from django.test.utils import setup_test_environment
setup_test_environment()
for _ in range(3):
    page = Client().post("/accounts/login/", {"login": "pat", "password": "wrong"})
    assert b"No account has this name" in page.content, page.content
"""


class AcrossProcessesTests(CommittedTestCase):
    def setUp(self):
        super().setUp()
        cache.clear()
        make_member(Role.MODERATOR)

    def test_another_process_counts_to_the_same_limit(self):
        subprocess.run(
            [sys.executable, "-c", SIGN_IN_THRICE],
            env=database_environment(),
            check=True,
        )

        said = [
            TOO_MANY in log_in(Client(), "pat", "wrong").content.decode()
            for _ in range(3)
        ]

        self.assertEqual(said, [False, False, True])

    def test_many_at_once_have_no_more_tries_than_one_after_the_other(self):
        responses = at_once(
            *[
                partial(log_in, Client(REMOTE_ADDR=f"192.0.2.{i}"), "pat", "wrong")
                for i in range(8)
            ]
        )

        tried = [WRONG in response.content.decode() for response in responses]
        self.assertLessEqual(sum(tried), 5)
        for _ in range(5 - sum(tried)):
            log_in(Client(), "pat", "wrong")
        self.assertContains(log_in(Client(), "pat"), TOO_MANY)


class NewPasswordTests(CommittedTestCase):
    def setUp(self):
        super().setUp()
        cache.clear()
        self.user = make_member(Role.MODERATOR)
        add_app(self.user)

    def ask(self, email="pat@example.org"):
        self.client.post(reverse("account_reset_password"), {"email": email})
        run_worker()

    def test_the_link_sets_a_password_and_leaves_the_second_factor_alone(self):
        elsewhere = Client()
        sign_in(elsewhere, self.user)
        self.ask()
        form = self.client.get(link_in(mail.outbox[0]), follow=True)
        new = "another long sentence"

        self.client.post(
            form.context["action_url"], {"password1": new, "password2": new}
        )
        run_worker()

        self.assertEqual(elsewhere.get("/admin/").status_code, 302)
        self.assertRedirects(
            log_in(self.client, "pat", new), reverse("mfa_authenticate")
        )
        self.assertIn("was reset", mail.outbox[1].body)

    def test_it_works_once_and_says_so_after_that(self):
        self.ask()
        link = link_in(mail.outbox[0])
        form = self.client.get(link, follow=True)
        new = "another long sentence"
        self.client.post(
            form.context["action_url"], {"password1": new, "password2": new}
        )

        for broken in (link, link[:-3] + "/", link.replace("key/", "key/zzzz")):
            response = Client().get(broken)
            self.assertContains(response, "link doesn’t work", status_code=404)

    def test_strangers_and_disabled_accounts_get_no_mail_and_leave_no_trace(self):
        get_user_model().objects.update(is_active=False)
        for email in ("nobody@example.org", "pat@example.org"):
            self.ask(email)

        self.assertEqual(mail.outbox, [])
        self.assertEqual(ResetRequest.objects.count(), 0)
        self.assertEqual(jobs(letters.ANSWER_RESET), [])

    def test_the_queue_holds_no_address_and_no_link(self):
        self.client.post(
            reverse("account_reset_password"), {"email": "pat@example.org"}
        )

        (job,) = jobs(letters.ANSWER_RESET)
        self.assertEqual(list(job["args"]), ["request_id"])


def without_tokens(page):
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", page)


def shape(sql):
    """A query without its literals."""
    return re.sub(r"'[^']*'|\d+", "?", sql)
