import os
from unittest import mock

from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.test import TestCase, override_settings

ACCOUNT = {"STAFF_USERNAME": "staff", "STAFF_PASSWORD": "a long word"}


# The hasher of production is slow on purpose.
@override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"])
class MakeStaffTests(TestCase):
    def test_makes_an_account_that_can_sign_in(self):
        with mock.patch.dict(os.environ, ACCOUNT):
            call_command("make_staff")

        self.assertTrue(self.client.login(username="staff", password="a long word"))
        self.assertEqual(self.client.get("/admin/").status_code, 200)

    def test_brings_an_account_that_exists_up_to_date(self):
        get_user_model().objects.create_user("staff", password="old", is_active=False)

        with mock.patch.dict(os.environ, ACCOUNT):
            call_command("make_staff")
            call_command("make_staff")

        user = get_user_model().objects.get()
        self.assertTrue(user.is_active and user.is_superuser)
        self.assertTrue(user.check_password("a long word"))

    def test_refuses_away_from_loopback(self):
        with (
            mock.patch.dict(os.environ, ACCOUNT),
            override_settings(LOOPBACK=False),
            self.assertRaisesMessage(CommandError, "loopback only"),
        ):
            call_command("make_staff")

        self.assertFalse(get_user_model().objects.exists())

    def test_names_what_is_not_set(self):
        with (
            mock.patch.dict(os.environ, {"STAFF_USERNAME": "staff"}),
            mock.patch.dict(os.environ),
            self.assertRaisesMessage(CommandError, "STAFF_PASSWORD is not set"),
        ):
            os.environ.pop("STAFF_PASSWORD", None)
            call_command("make_staff")
