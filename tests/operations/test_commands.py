import os
import subprocess
import sys
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import SimpleTestCase, TestCase, override_settings

from operations.management.commands import prepare
from tests.aaqi.test_environment import PRODUCTION
from tests.committed import CommittedTestCase, at_once

ACCOUNT = {"STAFF_USERNAME": "staff", "STAFF_PASSWORD": "a long word"}


class MakeStaffTests(TestCase):
    def test_makes_an_account_that_can_sign_in(self):
        with mock.patch.dict(os.environ, ACCOUNT):
            call_command("make_staff")

        self.assertTrue(self.client.login(username="staff", password="a long word"))
        self.assertEqual(self.client.get("/admin/").status_code, 200)

    def test_updates_an_existing_account(self):
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


class PrepareTests(CommittedTestCase):
    def test_a_concurrent_run_waits_for_the_first(self):
        at_work, most = [], []

        def step(*args, **kwargs):
            at_work.append(1)
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_sleep(0.5)")
            most.append(len(at_work))
            at_work.pop()

        outs = [StringIO(), StringIO()]
        with (
            mock.patch.object(prepare, "STEPS", [["one"]]),
            mock.patch.object(prepare, "call_command", step),
        ):
            at_once(
                *(lambda out=out: call_command("prepare", stdout=out) for out in outs)
            )

        self.assertEqual(most, [1, 1])
        said = "".join(out.getvalue() for out in outs)
        self.assertEqual(said.count("is preparing the database. Waiting"), 1)


class PublishTests(SimpleTestCase):
    def setUp(self):
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def publish(self):
        call_command("publish", self.folder, stdout=StringIO())

    def test_gives_the_proxy_every_static_file_and_its_own_pages(self):
        self.publish()

        self.assertTrue(list((self.folder / "static").glob("site.*.css")))
        pages = {
            "503.html": "right now",
            "429.html": "Too many",
            "413.html": "too much",
        }
        for name, words in pages.items():
            page = (self.folder / "pages" / name).read_text()
            self.assertIn(words, page)
            self.assertRegex(page, r'href="/static/site\.[0-9a-f]{12}\.css"')

    def test_earlier_files_stay_and_existing_ones_are_not_rewritten(self):
        self.publish()
        (self.folder / "static" / "site.0123456789ab.css").write_text("earlier")
        sheet = next((self.folder / "static").glob("site.*.css"))
        then = sheet.stat()

        self.publish()

        self.assertTrue((self.folder / "static" / "site.0123456789ab.css").exists())
        self.assertEqual(sheet.stat().st_ino, then.st_ino)
        self.assertFalse(list(self.folder.rglob(".*")))


class CheckSettingsTests(SimpleTestCase):
    def run_it(self, **changes):
        return subprocess.run(
            [sys.executable, "manage.py", "check_settings"],
            cwd=settings.BASE_DIR,
            env=os.environ | changes,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def test_valid_settings_pass_without_a_database(self):
        done = self.run_it(
            DATABASE_URL="postgres://nobody@127.0.0.1:9/none", DATABASE_OWNER_URL=""
        )

        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("are valid", done.stdout)

    def test_warns_where_the_site_owns_its_tables(self):
        site = "postgres://site@127.0.0.1:9/none"
        for owner, lost in {
            "": True,
            site: True,
            "postgres://owner@127.0.0.1:9/none": False,
        }.items():
            with self.subTest(owner):
                done = self.run_it(DATABASE_URL=site, DATABASE_OWNER_URL=owner)

                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIs("rewrite the logs" in done.stderr, lost)

    def test_warns_of_https_without_a_trusted_proxy(self):
        for url, count, warned in (
            ("https://example.org", "0", True),
            ("https://example.org", "2", False),
            ("http://localhost:8000", "0", False),
        ):
            with self.subTest(url=url, count=count):
                changes = {"SITE_URL": url, "PROXY_COUNT": count}
                done = self.run_it(**PRODUCTION | changes, DATABASE_OWNER_URL="")

                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIs("PROXY_COUNT is 0" in done.stderr, warned)

    def test_ends_with_one_sentence_about_what_is_wrong(self):
        done = self.run_it(SITE_URL="http://example.org")

        self.assertEqual(done.returncode, 1)
        (sentence,) = done.stderr.strip().splitlines()
        self.assertTrue(sentence.startswith("ImproperlyConfigured: SITE_URL is"))
