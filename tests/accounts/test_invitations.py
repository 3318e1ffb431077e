from datetime import timedelta
from functools import partial
from io import StringIO

from allauth.mfa.models import Authenticator
from django.contrib.auth import get_user_model
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client, TestCase, override_settings
from django.urls import reverse
from django.utils import timezone

from accounts import inviting, letters
from accounts.models import AccountEvent, Invitation
from accounts.roles import Role, make_roles, role_of
from tests.accounts.steps import (
    PASSWORD,
    TOO_LONG,
    add_app,
    code,
    link_in,
    log_in,
    make_member,
    sign_in,
)
from tests.committed import CommittedTestCase, at_once, rows
from tests.rights import REFUSED

User = get_user_model()


def new_invitation(email="new@example.org", role=Role.MODERATOR):
    make_roles()
    return inviting.invite(email, role)


def open_page(client, invitation):
    """Open the page that shows the app's secret; return its URL and the secret."""
    path = f"{invitation.path}password/"
    return path, client.get(path).context["secret"]


def set_up(client, invitation, **fields):
    path, secret = open_page(client, invitation)
    return client.post(
        path,
        {
            "password1": PASSWORD,
            "password2": PASSWORD,
            "code": code(secret),
            **fields,
        },
    )


@override_settings(SECOND_FACTOR=True)
class TakingUpTests(TestCase):
    def test_the_link_sets_up_an_account_that_opens_the_admin(self):
        invitation = new_invitation()

        response = set_up(self.client, invitation)

        self.assertRedirects(response, reverse("mfa_view_recovery_codes"))
        user = User.objects.get()
        self.assertTrue(user.is_active and user.is_staff)
        self.assertFalse(user.is_superuser)
        self.assertEqual(role_of(user), Role.MODERATOR)
        self.assertEqual(self.client.get("/admin/").status_code, 200)
        types = Authenticator.objects.values_list("type", flat=True)
        self.assertEqual({*types}, {"totp", "recovery_codes"})

    def test_until_then_the_account_is_closed_in_every_way(self):
        user = new_invitation().user

        refused = log_in(self.client, user.email)
        letters.queue_reset(user.email)

        self.assertContains(refused, "No account has this name")
        self.assertFalse(user.is_active or user.is_staff or user.has_usable_password())

    def test_looking_at_it_uses_nothing_up(self):
        invitation = new_invitation()
        for _ in range(3):
            self.assertContains(self.client.get(invitation.path), "You’re invited")

        self.assertEqual(set_up(self.client, invitation).status_code, 302)

    def test_it_works_once(self):
        invitation = new_invitation()
        set_up(self.client, invitation)
        stranger = Client()

        for path in (invitation.path, f"{invitation.path}password/"):
            for method in (stranger.get, stranger.post):
                response = method(path)
                self.assertContains(response, "already been used", status_code=410)
        self.assertEqual(User.objects.count(), 1)

    def test_a_wrong_code_or_a_weak_password_opens_nothing(self):
        invitation = new_invitation()
        for fields in (
            {"code": "000000"},
            {"code": "\x00"},
            {"code": "１２３４５６"},
            {"password1": "123", "password2": "123"},
            {"password2": "something else"},
        ):
            with self.subTest(fields):
                response = set_up(self.client, invitation, **fields)
                self.assertEqual(response.status_code, 422)
        self.assertFalse(User.objects.get().is_active)
        self.assertEqual(Invitation.objects.open().count(), 1)

    def test_the_key_stays_the_same_when_the_form_comes_back(self):
        invitation = new_invitation()
        path, secret = open_page(self.client, invitation)

        response = self.client.post(path, {"code": "1"})

        self.assertEqual(response.context["secret"], secret)

    def test_a_malformed_passkey_response_is_refused(self):
        invitation = new_invitation()
        self.client.get(invitation.path)
        for credential in (
            "",
            "[]",
            "{}",
            "5",
            '"x"',
            "null",
            "[" * 90_000,
            '{"id": "x", "response": 5}',
            '{"id": "x", "rawId": "x", "response": {}, "type": "public-key"}',
            '{"response": {"clientDataJSON": "AA", "attestationObject": "AA"}}',
        ):
            with self.subTest(credential[:40]):
                response = self.client.post(
                    invitation.path, {"name": "x", "credential": credential}
                )
                self.assertEqual(response.status_code, 422)
        self.assertFalse(User.objects.get().is_active)

    def test_too_old_revoked_replaced_and_made_up_links_say_so(self):
        old = new_invitation("old@example.org")
        Invitation.objects.filter(pk=old.pk).update(
            mailed_from=timezone.now() - timedelta(days=3, seconds=1)
        )
        revoked = new_invitation("revoked@example.org")
        inviting.revoke(Invitation.objects.filter(pk=revoked.pk), None)
        replaced = new_invitation("again@example.org")
        new_invitation("again@example.org")

        for path, status, words in (
            (old.path, 410, "has expired"),
            (revoked.path, 410, "revoked it"),
            (replaced.path, 404, "recognize this link"),
            (
                reverse("accounts_invitation", args=["x" * 2000]),
                404,
                "recognize this link",
            ),
            (old.path[:-3] + "/", 404, "recognize this link"),
        ):
            with self.subTest(words):
                response = self.client.get(path)
                self.assertContains(response, words, status_code=status)

    def test_existing_sessions_are_ended(self):
        sign_in(self.client, make_member(Role.ADMINISTRATOR))

        set_up(self.client, new_invitation())

        self.assertEqual(
            self.client.session["_auth_user_id"],
            str(User.objects.get(email="new@example.org").pk),
        )

    def test_an_account_that_lost_everything_is_set_up_again(self):
        user = make_member(Role.EDITOR)
        add_app(user)
        lost = Client()
        sign_in(lost, user)
        invitation = new_invitation(user.email, Role.EDITOR)

        set_up(self.client, invitation)

        self.assertEqual(User.objects.count(), 1)
        self.assertEqual(Authenticator.objects.filter(type="totp").count(), 1)
        self.assertEqual(self.client.get("/admin/").status_code, 200)
        self.assertEqual(lost.get("/admin/").status_code, 302)

    def test_nothing_stored_makes_the_link(self):
        invitation = new_invitation()

        token = invitation.path.split("/")[-2]
        stored = rows("SELECT row_to_json(i)::text AS row FROM accounts_invitation i")

        self.assertNotIn(token, stored[0]["row"])
        self.assertEqual(
            self.client.get(
                reverse("accounts_invitation", args=[invitation.ref])
            ).status_code,
            404,
        )


class MailTests(TestCase):
    def test_the_link_is_mailed_and_says_how_long_it_works(self):
        invitation = new_invitation()

        letters.send_invitation(invitation.pk)

        message = mail.outbox[0]
        self.assertEqual(message.to, ["new@example.org"])
        self.assertEqual(link_in(message), invitation.path)
        self.assertIn("once, within 3 days", message.body)

    def test_a_link_that_does_not_work_any_more_is_not_mailed(self):
        invitation = new_invitation()
        inviting.revoke(Invitation.objects.all(), None)

        letters.send_invitation(invitation.pk)

        self.assertEqual(mail.outbox, [])

    def test_sending_it_again_ends_the_link_before(self):
        invitation = new_invitation()
        before = invitation.path

        inviting.resend(Invitation.objects.all(), None)
        letters.send_invitation(invitation.pk)

        self.assertEqual(self.client.get(before).status_code, 404)
        self.assertEqual(self.client.get(link_in(mail.outbox[0])).status_code, 200)


class CommandTests(TestCase):
    def invite(self, *arguments):
        out = StringIO()
        call_command("invite", *arguments, stdout=out)
        return out.getvalue()

    def test_the_first_one_is_an_administrator(self):
        said = self.invite("first@example.org")

        invitation = Invitation.objects.get()
        self.assertEqual(invitation.role, Role.ADMINISTRATOR)
        self.assertIn("administrator", said)
        # Emails go to files here, so this is a developer's own machine.
        self.assertIn(invitation.path, said)

    @override_settings(MAIL_INTO_FILES=False)
    def test_it_prints_no_link_where_mail_leaves(self):
        self.assertNotIn("/accounts/", self.invite("first@example.org"))

    def test_an_account_keeps_its_role_unless_one_is_named(self):
        make_member(Role.MODERATOR)

        self.invite("PAT@example.org")
        kept = Invitation.objects.get().role
        self.invite("pat@example.org", "--role", "editor")

        self.assertEqual(kept, Role.MODERATOR)
        self.assertEqual(Invitation.objects.get().role, Role.EDITOR)

    def test_an_invalid_address_is_refused_with_a_message(self):
        for address in ("nobody", "a@b@c", "a b@example.org", "", TOO_LONG):
            with (
                self.subTest(address),
                self.assertRaisesMessage(CommandError, "not an email address"),
            ):
                self.invite(address)
        self.assertEqual(User.objects.count(), 0)

    def test_user_names_come_from_the_address_and_are_unique(self):
        self.invite("ana@example.org")
        self.invite("Ana@example.com")

        self.assertEqual(
            {*User.objects.values_list("username", flat=True)}, {"ana", "ana2"}
        )


@override_settings(SECOND_FACTOR=True)
class AtOnceTests(CommittedTestCase):
    def test_concurrent_uses_of_one_link_set_up_one_account(self):
        for _ in range(3):
            Invitation.objects.all().delete()
            invitation = new_invitation()
            clients = [Client() for _ in range(4)]
            keys = [open_page(client, invitation) for client in clients]

            responses = at_once(
                *[
                    partial(
                        client.post,
                        path,
                        {
                            "password1": PASSWORD,
                            "password2": PASSWORD,
                            "code": code(secret),
                        },
                    )
                    for client, (path, secret) in zip(clients, keys, strict=True)
                ]
            )

            statuses = sorted(response.status_code for response in responses)
            self.assertEqual(statuses, [302, 410, 410, 410])
            self.assertEqual(Authenticator.objects.filter(type="totp").count(), 1)
            inside = [each.get("/admin/").status_code for each in clients]
            self.assertEqual(sorted(inside), [200, 302, 302, 302])

    def test_concurrent_invitations_get_unique_user_names(self):
        make_roles()

        at_once(
            *[
                partial(inviting.invite, f"ana@{number}.example.org", Role.EDITOR)
                for number in range(4)
            ]
        )

        self.assertEqual(
            {*User.objects.values_list("username", flat=True)},
            {"ana", "ana2", "ana3", "ana4"},
        )

    def test_concurrent_invitations_of_one_address_make_one_account(self):
        make_roles()

        at_once(
            *[
                partial(inviting.invite, "new@example.org", Role.EDITOR)
                for _ in range(5)
            ]
        )

        self.assertEqual(User.objects.count(), 1)
        self.assertEqual(Invitation.objects.open().count(), 1)
        self.assertEqual(AccountEvent.objects.filter(kind="invited").count(), 5)

    def test_using_and_revoking_at_once_has_one_outcome(self):
        for _ in range(3):
            Invitation.objects.all().delete()
            invitation = new_invitation()
            client = Client()
            path, secret = open_page(client, invitation)
            fields = {
                "password1": PASSWORD,
                "password2": PASSWORD,
                "code": code(secret),
            }

            response, revoked = at_once(
                partial(client.post, path, fields),
                partial(
                    inviting.revoke, Invitation.objects.filter(pk=invitation.pk), None
                ),
            )

            self.assertEqual(response.status_code == 302, revoked == 0)
            User.objects.update(is_active=False)


class LogTests(TestCase):
    def test_log_rows_can_be_neither_changed_nor_deleted(self):
        new_invitation()
        for change in (
            "UPDATE accounts_accountevent SET at = now()",
            "DELETE FROM accounts_accountevent",
        ):
            with (
                self.subTest(change),
                self.assertRaisesRegex(DatabaseError, REFUSED),
                transaction.atomic(),
                connection.cursor() as cursor,
            ):
                cursor.execute(change)
