from datetime import timedelta
from unittest import mock

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, TestCase, override_settings
from django.urls import reverse
from django.utils import timezone

from accounts.forget import forget_staff
from accounts.roles import Role
from tests.accounts.steps import add_app, code, enter, log_in, make_member
from tests.accounts.test_every_address import addresses
from tests.accounts.test_sessions import later
from tests.factories import make_voice
from voices.models import Reason, Voice

KEPT = reverse("accounts_kept")
TYPED = "Please leave out the “street”.\n<b>Thanks</b>, and sorry for the wait."
SHOWN = (
    "Please leave out the “street”.\n&lt;b&gt;Thanks&lt;/b&gt;, and sorry for the wait."
)


# Pages whose input isn't work, and may be somebody's address.
NOT_KEPT = {"login", "logout", "find", "find_part"}


def paths_of_forms():
    """Every URL of the admin, because a form can be posted to each."""
    for name, parts, counted in addresses("admin/"):
        if name and name not in NOT_KEPT:
            args = [1] * counted
            yield reverse(f"admin:{name}", args=args, kwargs=None if args else parts)


@override_settings(SECOND_FACTOR=True)
class KeptTests(TestCase):
    def setUp(self):
        cache.clear()
        self.user = make_member(Role.ADMINISTRATOR)
        add_app(self.user)
        self.client = self.enter()
        self.voice = make_voice()
        self.path = reverse("admin:voices_voice_decide", args=["changes-asked"])
        self.path += f"?id={self.voice.pk}"
        self.client.get(self.path)

    def enter(self, client=None, name="pat"):
        cache.clear()
        return enter(client or Client(), name)

    def lose_session(self):
        """As when the session is ended from another device."""
        Session.objects.all().delete()

    def sign_in_again(self, sent, name="pat"):
        """Follow the redirect to the sign-in page, and sign in."""
        page = self.client.get(sent["Location"])
        self.assertContains(page, "to get it back")
        cache.clear()
        with mock.patch(
            "allauth.mfa.totp.internal.auth.TOTP._mark_code_used", return_value=True
        ):
            half = self.client.post(
                sent["Location"],
                {
                    "login": name,
                    "password": "correct horse battery",
                    "next": page.context["redirect_field_value"],
                },
            )
            return self.client.post(half["Location"], {"code": code()}, follow=True)

    def test_input_is_restored_after_signing_in_and_can_be_submitted(self):
        self.lose_session()

        sent = self.client.post(self.path, {"changes": TYPED})
        page = self.sign_in_again(sent)
        nothing_yet = Voice.objects.get().changes_asked
        self.client.post(self.path, {"changes": TYPED})

        self.assertEqual(page.redirect_chain[-1][0], KEPT)
        self.assertContains(page, "Not saved yet")
        # No whitespace is added: a leading space would be submitted too.
        self.assertContains(page, f">{SHOWN}</textarea>")
        self.assertContains(page, f'action="{self.path}"')
        self.assertEqual(nothing_yet, "")
        self.assertIn("street", Voice.objects.get().changes_asked)
        self.assertRedirects(self.client.get(KEPT), "/admin/")

    def test_it_is_kept_when_the_session_was_idle_too_long(self):
        with later(minutes=31):
            sent = self.client.post(self.path, {"changes": TYPED})

        self.assertContains(self.sign_in_again(sent), SHOWN)

    def test_a_form_of_another_tab_is_kept_after_signing_in_there(self):
        client = self.enter(Client(enforce_csrf_checks=False))
        client.handler.enforce_csrf_checks = True

        response = client.post(self.path, {"changes": TYPED}, follow=True)

        self.assertEqual(response.redirect_chain, [(KEPT, 302)])
        self.assertContains(response, SHOWN)

    def test_every_form_of_the_admin_is_kept(self):
        paths = list(paths_of_forms())
        self.assertGreater(len(paths), 60)
        for path in paths:
            with self.subTest(path):
                self.lose_session()
                sent = self.client.post(path, {"note": TYPED, "_save": "Save"})
                self.assertEqual(sent.status_code, 302)
                kept = self.client.session["accounts.stale_form"]
                self.assertEqual(kept["fields"]["note"], [TYPED])
                self.assertEqual(kept["path"], path)

    def test_the_next_person_at_the_same_computer_does_not_see_it(self):
        add_app(make_member(Role.ADMINISTRATOR, "other"))
        self.lose_session()
        sent = self.client.post(self.path, {"changes": TYPED})

        page = self.sign_in_again(sent, "other")

        self.assertNotContains(page, "street")
        self.assertNotIn("accounts.stale_form", self.client.session)

    def test_another_browser_does_not_see_it(self):
        self.lose_session()
        self.client.post(self.path, {"changes": TYPED})

        self.assertRedirects(self.enter().get(KEPT), "/admin/")

    def test_it_does_not_survive_signing_out(self):
        self.lose_session()
        sent = self.client.post(self.path, {"changes": TYPED})
        self.sign_in_again(sent)

        self.client.post(reverse("account_logout"))
        self.enter(self.client)

        self.assertRedirects(self.client.get(KEPT), "/admin/")

    def test_it_can_be_discarded(self):
        self.lose_session()
        self.sign_in_again(self.client.post(self.path, {"changes": TYPED}))

        self.client.post(KEPT)

        self.assertRedirects(self.client.get(KEPT), "/admin/")

    def test_it_ends_after_an_hour(self):
        self.lose_session()
        sent = self.client.post(self.path, {"changes": TYPED})
        ends = Session.objects.get().expire_date
        self.sign_in_again(sent)

        session = self.client.session
        session["accounts.stale_form"]["until"] -= 60 * 60
        session.save()
        page = self.client.get(KEPT)

        self.assertLess(ends, timezone.now() + timedelta(minutes=61))
        self.assertRedirects(page, "/admin/")

    def test_a_session_that_nobody_signs_in_with_is_deleted_within_two_hours(self):
        self.lose_session()
        self.client.post(self.path, {"changes": TYPED})
        Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))

        forget_staff()

        self.assertFalse(Session.objects.exists())

    def test_the_next_session_has_the_usual_lifetime(self):
        self.lose_session()
        self.sign_in_again(self.client.post(self.path, {"changes": TYPED}))

        self.assertEqual(
            self.client.session.get_expiry_age(), settings.SESSION_COOKIE_AGE
        )

    def test_secrets_and_forms_outside_the_admin_are_not_kept(self):
        self.lose_session()
        for path, fields in (
            (self.path, {"password": "hunter2", "csrfmiddlewaretoken": "x"}),
            (self.path, {"new_password1": "hunter2"}),
            (reverse("admin:find"), {"email": "hunter2@example.com"}),
            (reverse("admin:find_part"), {"part": "hunter2"}),
            (reverse("admin:login"), {"username": "pat", "password": "hunter2"}),
            (reverse("account_login"), {"login": "x", "password": "hunter2"}),
            (reverse("account_change_password"), {"oldpassword": "hunter2"}),
        ):
            with self.subTest(path):
                self.client.post(path, fields)
                self.assertNotIn("hunter2", str(dict(self.client.session)))

    def test_strangers_store_nothing(self):
        self.lose_session()
        forged = Client()
        forged.cookies["staff"] = f"{self.user.pk}:x:y"
        for client in (Client(), forged):
            client.post(self.path, {"changes": TYPED})

        self.assertFalse(Session.objects.exists())

    def test_a_form_of_another_site_is_not_kept(self):
        self.lose_session()

        self.client.post(
            self.path, {"changes": TYPED}, headers={"origin": "https://evil.example"}
        )

        self.assertNotIn("accounts.stale_form", self.client.session)

    def test_an_oversized_form_is_not_kept_and_nothing_breaks(self):
        self.lose_session()
        fields = {"changes": "x" * 200_000}
        file = SimpleUploadedFile("a.csv", b"x")
        upload = reverse("admin:rankings_assessment_import")

        response = self.client.post(upload, fields | {"import_file": file})

        self.assertIn(response.status_code, {400, 413})
        self.assertNotIn("accounts.stale_form", self.client.session)

    def test_a_file_has_to_be_chosen_again(self):
        self.lose_session()
        file = SimpleUploadedFile("a.csv", b"x")
        upload = reverse("admin:rankings_assessment_import")

        sent = self.client.post(upload, {"title": "My edition", "import_file": file})
        page = self.sign_in_again(sent)

        self.assertContains(page, "My edition")
        self.assertContains(page, "keep the file you chose")

    def test_a_content_form_keeps_each_of_its_fields(self):
        self.lose_session()
        path = reverse("admin:voices_reason_add")
        fields = {"label": "Hate", "explanation": "It is.", "position": "9"}
        fields["active"] = "on"

        page = self.sign_in_again(self.client.post(path, fields))
        self.client.post(path, fields)

        for text in fields.values():
            self.assertContains(page, text)
        self.assertTrue(Reason.objects.filter(label="Hate").exists())

    def test_a_disabled_account_gets_nothing_back(self):
        self.lose_session()
        sent = self.client.post(self.path, {"changes": TYPED})
        get_user_model().objects.update(is_active=False)

        log_in(self.client, "pat")

        self.assertNotContains(self.client.get(sent["Location"]), "street")
