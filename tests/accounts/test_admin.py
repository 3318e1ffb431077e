from io import StringIO

from allauth.mfa.models import Authenticator
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client, TestCase, override_settings
from django.urls import reverse

from accounts import inviting, letters
from accounts.models import AccountEvent, Invitation
from accounts.roles import Role, make_roles, role_of
from tests.accounts.steps import (
    TOO_LONG,
    add_app,
    enter,
    log_in,
    make_member,
    sign_in,
)
from tests.committed import jobs

USERS = "/admin/auth/user/"
INVITATIONS = "/admin/accounts/invitation/"


def chosen(action, *rows):
    return {"action": action, "_selected_action": [row.pk for row in rows]}


@override_settings(SECOND_FACTOR=True)
class AccountsOfOthersTests(TestCase):
    def setUp(self):
        self.by = make_member(Role.ADMINISTRATOR, "admin")
        self.other = make_member(Role.MODERATOR, "other")
        add_app(self.other)
        cache.clear()
        self.inside = enter(Client(), "other")
        sign_in(self.client, self.by)

    def logged(self):
        events = AccountEvent.objects.order_by("pk")
        return [(event.kind, event.user, event.by) for event in events]

    def test_disabling_ends_the_sessions_at_once_and_for_good(self):
        before = self.inside.get("/admin/")
        self.client.post(USERS, chosen("disable", self.other))
        during = self.inside.get("/admin/")
        self.client.post(USERS, chosen("enable", self.other))
        after = self.inside.get("/admin/")

        statuses = [each.status_code for each in (before, during, after)]
        self.assertEqual(statuses, [200, 302, 302])
        self.assertEqual(
            self.logged(),
            [("disabled", self.other, self.by), ("enabled", self.other, self.by)],
        )

    def test_a_disabled_account_cannot_be_opened_by_an_old_invitation(self):
        invitation = inviting.invite(self.other.email, Role.MODERATOR)

        self.client.post(USERS, chosen("disable", self.other))

        self.assertContains(
            Client().get(invitation.path), "revoked it", status_code=410
        )
        self.assertIn(("revoked", self.other, self.by), self.logged())

    def test_a_lost_device_is_removed_logged_and_its_owner_told(self):
        self.client.post(USERS, chosen("remove_factors", self.other))

        self.assertFalse(Authenticator.objects.filter(user=self.other).exists())
        self.assertIn(("factors-removed", self.other, self.by), self.logged())
        self.assertEqual(
            [job["args"]["notice"] for job in jobs(letters.SEND_NOTICE)],
            ["factors_removed"],
        )
        self.assertContains(
            log_in(Client(), "other", follow=True), "no longer has a second factor"
        )

    def test_nobody_changes_their_own_account_here(self):
        for action in ("disable", "remove_factors"):
            self.client.post(USERS, chosen(action, self.by))
        response = self.client.post(f"{USERS}{self.by.pk}/change/", {"role": ""})

        self.by.refresh_from_db()
        self.assertTrue(self.by.is_active)
        self.assertEqual(role_of(self.by), Role.ADMINISTRATOR)
        self.assertEqual(response.status_code, 403)
        self.assertEqual(self.logged(), [])

    def test_nobody_changes_a_superuser(self):
        above = make_member(None, "above", is_superuser=True)

        self.client.post(USERS, chosen("disable", above))
        response = self.client.post(f"{USERS}{above.pk}/change/", {"role": ""})

        above.refresh_from_db()
        self.assertTrue(above.is_active)
        self.assertEqual(response.status_code, 403)

    def test_a_role_is_changed_and_nothing_else_can_be(self):
        self.client.post(
            f"{USERS}{self.other.pk}/change/",
            {
                "role": "editor",
                "is_superuser": "on",
                "is_active": "",
                "email": "x@example.org",
                "password": "x",
                "user_permissions": [Permission.objects.first().pk],
            },
        )

        self.other.refresh_from_db()
        self.assertEqual(role_of(self.other), Role.EDITOR)
        self.assertFalse(self.other.is_superuser)
        self.assertEqual(self.other.email, "other@example.org")
        self.assertFalse(self.other.user_permissions.exists())
        self.assertIn(("role-given", self.other, self.by), self.logged())

    def test_nobody_sets_passwords_or_edits_roles_here(self):
        for path in (
            f"{USERS}{self.other.pk}/password/",
            f"{USERS}add/",
            "/admin/auth/group/",
        ):
            with self.subTest(path):
                # The admin redirects unknown URLs to its index.
                response = self.client.get(path)
                self.assertIn(response.status_code, {302, 403, 404})

    def test_the_list_masks_addresses_in_a_constant_number_of_queries(self):
        for number in range(5):
            make_member(Role.EDITOR, f"editor{number}")

        with self.assertNumQueries(8):
            response = self.client.get(USERS)

        self.assertContains(response, "ot•••@example.org")
        self.assertNotContains(response, "other@example.org")

    def test_nobody_is_deleted(self):
        self.assertEqual(
            self.client.post(f"{USERS}{self.other.pk}/delete/").status_code, 403
        )


@override_settings(SECOND_FACTOR=True)
class InvitationTests(TestCase):
    def setUp(self):
        sign_in(self.client, make_member(Role.ADMINISTRATOR, "admin"))

    def invite(self, email="new@example.org", role="editor"):
        return self.client.post(f"{INVITATIONS}add/", {"email": email, "role": role})

    def test_an_administrator_invites_and_the_link_is_shown_to_nobody(self):
        self.invite()

        invitation = Invitation.objects.get()
        self.assertEqual(invitation.user.email, "new@example.org")
        self.assertEqual(invitation.invited_by.username, "admin")
        self.assertEqual(len(jobs(letters.SEND_INVITATION)), 1)
        for path in (INVITATIONS, f"{INVITATIONS}{invitation.pk}/change/"):
            page = self.client.get(path).content.decode()
            self.assertNotIn(invitation.path, page)
            self.assertNotIn(invitation.ref, page)

    def test_mistakes_keep_the_input(self):
        for email, role in (
            ("nobody", "editor"),
            (TOO_LONG, "editor"),
            ("a@example.org", "king"),
        ):
            response = self.invite(email, role)
            self.assertContains(response, email)
        self.assertEqual(Invitation.objects.count(), 0)

    def test_resending_and_revoking_are_logged(self):
        self.invite()
        invitation = Invitation.objects.get()

        self.client.post(INVITATIONS, chosen("resend", invitation))
        self.client.post(INVITATIONS, chosen("revoke", invitation))
        self.client.post(INVITATIONS, chosen("resend", invitation))

        invitation.refresh_from_db()
        self.assertEqual(invitation.state, "revoked")
        self.assertEqual(
            [*AccountEvent.objects.order_by("pk").values_list("kind", flat=True)],
            ["invited", "invited", "revoked"],
        )

    def test_the_list_takes_a_constant_number_of_queries(self):
        for number in range(6):
            self.invite(f"new{number}@example.org")
        self.client.get(INVITATIONS)

        with self.assertNumQueries(6):
            response = self.client.get(INVITATIONS)

        self.assertContains(response, "ne•••@example.org")


class RolesTests(TestCase):
    def permissions(self, role):
        group = Group.objects.get(name=role.label)
        return {
            f"{each.content_type.app_label}.{each.codename}"
            for each in group.permissions.select_related("content_type")
        }

    def test_the_command_can_be_rerun_to_restore_permissions(self):
        call_command("make_roles", stdout=StringIO())
        before = {role: self.permissions(role) for role in Role}
        moderators = Group.objects.get(name="Moderator")
        moderators.permissions.set(Permission.objects.all()[:30])
        Group.objects.filter(name="Editor").delete()

        call_command("make_roles", stdout=StringIO())

        self.assertEqual({role: self.permissions(role) for role in Role}, before)
        self.assertEqual(Group.objects.count(), len(Role))

    def test_each_role_has_what_it_needs_and_no_more(self):
        make_roles()

        of = {role: self.permissions(role) for role in Role}

        tags = {f"voices.{each}_tag" for each in ("view", "add", "change")}
        self.assertEqual(of[Role.ORGANIZER], {"voices.view_figures"} | tags)
        self.assertIn("voices.change_awaitingvoice", of[Role.MODERATOR])
        private = {"voices.view_signature", "voices.add_reveal"}
        self.assertFalse(of[Role.MODERATOR] & private)
        content = {each for each in of[Role.EDITOR] if not each.startswith("voices.")}
        self.assertTrue(any(each.startswith("rankings.change_") for each in content))
        self.assertTrue(any(each.startswith("faq.change_") for each in content))
        self.assertFalse([each for each in of[Role.EDITOR] if ".delete_" in each])
        self.assertIn("voices.add_reveal", of[Role.ADMINISTRATOR])
        self.assertFalse(
            [each for each in of[Role.ADMINISTRATOR] if each.startswith("mfa.")]
        )

    def test_preparing_a_database_makes_them(self):
        from operations.management.commands.prepare import STEPS

        self.assertIn(["make_roles"], STEPS)

    def test_an_organizer_finds_the_figures_and_no_complaint(self):
        sign_in(self.client, make_member(Role.ORGANIZER))

        response = self.client.get(reverse("admin:index"))

        self.assertContains(response, "Figures")
        self.assertNotContains(response, "don’t have permission")

    def test_without_a_role_the_admin_says_so(self):
        sign_in(self.client, make_member(None))

        self.assertContains(
            self.client.get(reverse("admin:index")), "have permission to view"
        )
        self.assertEqual(get_user_model().objects.count(), 1)
