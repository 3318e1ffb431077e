import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory
from unittest import mock

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.test import SimpleTestCase

from aaqi import environment

STRONG_KEY = "".join(chr(33 + number % 90) for number in range(60)).replace("$", "s")

PRODUCTION = {
    "SITE_URL": "https://example.org",
    "DJANGO_SECRET_KEY": STRONG_KEY,
    "DATABASE_URL": "postgres://site:a-long-and-random-word@db:5432/site",
    "EMAIL_URL": "smtp://site:word@mail:587?tls=1",
    "DEFAULT_FROM_EMAIL": "voices@example.org",
    "POSTAL_ADDRESS": "1 Main Street, Columbus, OH 43215",
    "OPERATOR_NAME": "Example Group",
}

SHOW_COOKIES = """
import django

django.setup()
from django.test import Client
from django.test.utils import setup_test_environment

setup_test_environment()
client = Client(headers={"host": "example.org"})
page = client.get("/voices/manage/", secure=True)
print(page.status_code, page.headers.get("Strict-Transport-Security", ""))
print(page.cookies.output())
print(client.get("/voices/manage/").headers.get("Location"))
print(client.get("/healthz").status_code)
"""


@contextmanager
def environ(**values):
    with mock.patch.dict(os.environ, values, clear=True):
        yield


def start(code="from aaqi import settings", **changes):
    """Run Python with a production environment and these changes to it."""
    kept = {
        name: os.environ[name]
        for name in ("PATH", "HOME", "LOCAL_DIR", "STATIC_ROOT")
        if name in os.environ
    }
    values = kept | PRODUCTION | {"DJANGO_SETTINGS_MODULE": "aaqi.settings"} | changes
    return subprocess.run(
        [sys.executable, "-c", code],
        env={name: value for name, value in values.items() if value is not None},
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        timeout=60,
    )


class ReadTests(SimpleTestCase):
    def test_a_secret_can_come_from_a_file(self):
        with TemporaryDirectory() as folder:
            file = Path(folder, "key")
            file.write_text("from the file\n")
            with environ(DJANGO_SECRET_KEY_FILE=str(file), DJANGO_SECRET_KEY="other"):
                value = environment.read("DJANGO_SECRET_KEY")

        self.assertEqual(value, "from the file")

    def test_a_file_that_cannot_be_read_is_named(self):
        with (
            environ(DATABASE_URL_FILE="/nowhere/at/all"),
            self.assertRaisesMessage(
                ImproperlyConfigured,
                "Can't read /nowhere/at/all, which DATABASE_URL_FILE",
            ),
        ):
            environment.read("DATABASE_URL")

    def test_an_empty_variable_or_file_counts_as_unset(self):
        for values in ({"PORT": " "}, {"PORT_FILE": "", "PORT": ""}):
            with self.subTest(values), environ(**values):
                self.assertEqual(environment.read("PORT", "8000"), "8000")
        with environ(PORT_FILE="/dev/null"):
            self.assertEqual(environment.read("PORT", "8000"), "8000")

    def test_a_file_that_is_not_text_is_named_without_its_content(self):
        with NamedTemporaryFile() as file:
            file.write(b"word \xff")
            file.flush()
            with (
                environ(DJANGO_SECRET_KEY_FILE=file.name),
                self.assertRaises(ImproperlyConfigured) as caught,
            ):
                environment.read("DJANGO_SECRET_KEY")

        self.assertEqual(
            str(caught.exception),
            f"Can't read {file.name}, which DJANGO_SECRET_KEY_FILE points to: "
            "it isn't text.",
        )
        self.assertTrue(caught.exception.__suppress_context__)

    def test_a_dollar_sign_is_not_a_reference(self):
        for key in ("$HOME", "${HOME}", "$$a"):
            with self.subTest(key), environ(DJANGO_SECRET_KEY=key, HOME="/root"):
                self.assertEqual(environment.read("DJANGO_SECRET_KEY"), key)

    def test_a_list_drops_what_is_empty(self):
        with environ(SECRET_KEY_FALLBACKS=" one, ,two,"):
            self.assertEqual(
                environment.read_list("SECRET_KEY_FALLBACKS"), ["one", "two"]
            )

    def test_an_invalid_number_is_named(self):
        for value in ("two", "-1", "+1", "1.5", "1_000", "²", "١", "9" * 5000):
            with (
                self.subTest(value[:9]),
                environ(PROXY_COUNT=value),
                self.assertRaisesMessage(
                    ImproperlyConfigured,
                    f"PROXY_COUNT is {value!r}; it must be a whole number, 0 or more.",
                ),
            ):
                environment.read_number("PROXY_COUNT", 0)

    def test_a_number_has_its_default(self):
        for values in ({}, {"PROXY_COUNT": ""}):
            with environ(**values):
                self.assertEqual(environment.read_number("PROXY_COUNT", 3), 3)

    def test_spaces_around_a_value_are_dropped(self):
        with NamedTemporaryFile("w") as file:
            file.write("2\n")
            file.flush()
            with environ(PROXY_COUNT_FILE=file.name, SIGNING_OPEN=" 0 "):
                self.assertEqual(environment.read_number("PROXY_COUNT", 0), 2)
                self.assertIs(
                    environment.read_switch("SIGNING_OPEN", default=True), False
                )

    def test_there_is_at_least_one_web_worker(self):
        for value in ("0", "two"):
            with (
                environ(WEB_WORKERS=value),
                self.assertRaisesMessage(ImproperlyConfigured, "WEB_WORKERS"),
            ):
                environment.read_web_workers()

    def test_a_switch_is_1_or_0(self):
        for value, on in {"1": True, "0": False, "": True}.items():
            with environ(SIGNING_OPEN=value):
                self.assertIs(environment.read_switch("SIGNING_OPEN", default=True), on)
        for value in ("true", "yes", "2", "01"):
            with (
                self.subTest(value),
                environ(SIGNING_OPEN=value),
                self.assertRaisesMessage(
                    ImproperlyConfigured,
                    f"SIGNING_OPEN is {value!r}; it must be 1 or 0.",
                ),
            ):
                environment.read_switch("SIGNING_OPEN", default=True)

    def test_statements_are_prepared_only_on_request(self):
        url = PRODUCTION["DATABASE_URL"]
        for value, found in {"": None, "0": None, "1": 5}.items():
            with environ(DATABASE_URL=url, DATABASE_PREPARE=value):
                entry = environment.read_database("DATABASE_URL", loopback=False)

            self.assertEqual(entry["OPTIONS"].get("prepare_threshold"), found)

    def test_the_display_name_of_a_sender_is_dropped(self):
        with environ(DEFAULT_FROM_EMAIL="AAQI <voices@example.org>"):
            self.assertEqual(
                environment.read_address("DEFAULT_FROM_EMAIL"), "voices@example.org"
            )

    def test_an_invalid_address_is_named(self):
        for value in ("voices", "AAQI <voices>", "a@b@example.org"):
            with (
                self.subTest(value),
                environ(CONTACT_EMAIL=value),
                self.assertRaisesMessage(
                    ImproperlyConfigured,
                    f"CONTACT_EMAIL is {value!r}; it must be an email address.",
                ),
            ):
                environment.read_address("CONTACT_EMAIL")

    def test_companies_are_listed_with_what_they_do(self):
        for value, found in {
            "": [],
            " ; ": [],
            "Host, Inc., hosts the server; Mail , sends ;": [
                *("Host, Inc. (hosts the server)", "Mail (sends)"),
            ],
        }.items():
            with self.subTest(value), environ(PROCESSORS=value):
                self.assertEqual(environment.read_companies("PROCESSORS"), found)

    def test_a_company_without_a_task_is_refused(self):
        for value in ("Host", "Host, hosts; Mail", ", hosts the server", "Host, "):
            with (
                self.subTest(value),
                environ(PROCESSORS=value),
                self.assertRaisesMessage(
                    ImproperlyConfigured, f"PROCESSORS is {value.strip()!r}; it must be"
                ),
            ):
                environment.read_companies("PROCESSORS")

    def test_a_blank_required_variable_is_named_with_the_reason(self):
        with (
            environ(POSTAL_ADDRESS="  "),
            self.assertRaisesMessage(
                ImproperlyConfigured,
                "POSTAL_ADDRESS is not set: every email includes it.",
            ),
        ):
            environment.require("POSTAL_ADDRESS", "every email includes it")


class SiteUrlTests(SimpleTestCase):
    def test_the_last_slash_is_dropped(self):
        with environ(SITE_URL="https://example.org/"):
            self.assertEqual(
                environment.read_site_url(),
                ("https://example.org", "example.org", False),
            )

    def test_capitals_mean_the_same_url(self):
        for url in ("HTTPS://example.org", "Https://Example.ORG/"):
            with self.subTest(url), environ(SITE_URL=url):
                self.assertEqual(
                    environment.read_site_url(),
                    ("https://example.org", "example.org", False),
                )

    def test_only_this_machine_is_loopback(self):
        for host in ("localhost", "127.0.0.1", "127.9.9.9", "::1"):
            self.assertTrue(environment.is_loopback(host), host)
        for host in ("example.org", "10.0.0.1", "localhost.example.org", "0.0.0.0", ""):
            self.assertFalse(environment.is_loopback(host), host)

    def test_http_is_for_loopback_only(self):
        with environ(SITE_URL="http://localhost:8000"):
            self.assertEqual(
                environment.read_site_url(),
                ("http://localhost:8000", "localhost", True),
            )
        with (
            environ(SITE_URL="http://example.org"),
            self.assertRaisesMessage(ImproperlyConfigured, "it must use https://"),
        ):
            environment.read_site_url()

    def test_an_invalid_site_url_is_refused_by_name(self):
        for url in (
            "",
            "example.org",
            "ftp://example.org",
            "https://",
            "https://example.org/path",
            "https://example.org/?a=b",
            "https://example.org/#a",
            "https://me@example.org",
        ):
            with (
                self.subTest(url),
                environ(SITE_URL=url),
                self.assertRaisesMessage(ImproperlyConfigured, "SITE_URL"),
            ):
                environment.read_site_url()

    def test_a_url_that_cannot_be_parsed_is_refused_by_name(self):
        for url in ("https://[::1", "https://example.org:port"):
            with (
                self.subTest(url),
                environ(SITE_URL=url),
                self.assertRaisesMessage(ImproperlyConfigured, "SITE_URL"),
            ):
                environment.read_site_url()


class SecretKeyTests(SimpleTestCase):
    def test_away_from_loopback_it_has_to_be_strong(self):
        for key in ("short", "a" * 60, "abab" * 20):
            with (
                self.subTest(key),
                environ(DJANGO_SECRET_KEY=key),
                self.assertRaisesMessage(ImproperlyConfigured, "DJANGO_SECRET_KEY"),
            ):
                environment.read_secret_key(loopback=False)
        with environ(DJANGO_SECRET_KEY=STRONG_KEY):
            self.assertEqual(environment.read_secret_key(loopback=False), STRONG_KEY)

    def test_on_loopback_it_only_has_to_be_there(self):
        with environ(DJANGO_SECRET_KEY="short"):
            self.assertEqual(environment.read_secret_key(loopback=True), "short")
        with (
            environ(),
            self.assertRaisesMessage(ImproperlyConfigured, "DJANGO_SECRET_KEY"),
        ):
            environment.read_secret_key(loopback=True)


class MailerTests(SimpleTestCase):
    def test_on_loopback_mail_becomes_files(self):
        with environ():
            mailer = environment.read_mailer(loopback=True, folder=Path("here"))

        self.assertEqual(mailer["BACKEND"], "core.mail.EmailFileBackend")
        self.assertEqual(mailer["OPTIONS"], {"file_path": "here"})

    def test_away_from_loopback_a_mail_server_is_required(self):
        with environ(), self.assertRaisesMessage(ImproperlyConfigured, "EMAIL_URL"):
            environment.read_mailer(loopback=False, folder=Path("here"))

    def test_everything_about_the_server_is_in_its_url(self):
        with environ(EMAIL_URL="smtp://us%40er:p%3Aw@mail.example.org:587?tls=1"):
            options = environment.read_mailer(loopback=False, folder=Path())["OPTIONS"]

        self.assertEqual(
            options,
            {
                "host": "mail.example.org",
                "port": 587,
                "username": "us@er",
                "password": "p:w",
                "use_tls": True,
                "use_ssl": False,
                "timeout": 20,
            },
        )

    def test_another_url_scheme_is_refused_by_name(self):
        for url in ("mail.example.org", "http://mail.example.org", "smtp://"):
            with (
                self.subTest(url),
                environ(EMAIL_URL=url),
                self.assertRaisesMessage(ImproperlyConfigured, "EMAIL_URL"),
            ):
                environment.read_mailer(loopback=False, folder=Path())

    def test_an_invalid_port_is_refused_by_name(self):
        with (
            environ(EMAIL_URL="smtp://mail.example.org:port"),
            self.assertRaisesMessage(ImproperlyConfigured, "EMAIL_URL"),
        ):
            environment.read_mailer(loopback=False, folder=Path())


class StartTests(SimpleTestCase):
    def test_production_starts_with_all_that_it_needs(self):
        done = start("from aaqi import settings; print(settings.DEBUG)")

        self.assertEqual((done.returncode, done.stdout), (0, "False\n"), done.stderr)

    def test_away_from_loopback_a_missing_setting_stops_the_start_by_name(self):
        for name in PRODUCTION:
            with self.subTest(name):
                done = start(**{name: None})

                self.assertNotEqual(done.returncode, 0)
                self.assertIn(f"ImproperlyConfigured: {name} is not set", done.stderr)

    def test_on_loopback_a_placeholder_names_the_missing_operator(self):
        show = "from aaqi import settings; print(settings.OPERATOR_NAME)"

        done = start(show, SITE_URL="http://localhost:8000", OPERATOR_NAME=None)

        self.assertEqual(done.stdout, "[OPERATOR_NAME is not set]\n", done.stderr)

    def test_away_from_loopback_a_weak_setting_stops_the_start_by_name(self):
        for name, value in {
            "SITE_URL": "http://example.org",
            "DJANGO_SECRET_KEY": "insecure",
            "DATABASE_URL": "postgres://site:word@db:5432/site",
            "EMAIL_URL": "localhost",
            "DEFAULT_FROM_EMAIL": "voices",
            "OPERATOR_URL": "javascript:alert(1)",
            "CONTACT_EMAIL": "somebody at example.org",
            "SIGNING_OPEN": "true",
            "MAILS_PER_MINUTE": "0",
        }.items():
            with self.subTest(name):
                done = start(**{name: value})

                self.assertNotEqual(done.returncode, 0)
                self.assertRegex(done.stderr, f"ImproperlyConfigured: {name} ")

    def test_a_database_that_is_not_postgresql_stops_the_start_by_name(self):
        for url in ("sqlite:///site.db", "mysql://db/site", "postgres:site", "db"):
            with self.subTest(url):
                done = start(DATABASE_URL=url)

                self.assertNotEqual(done.returncode, 0)
                self.assertIn("DATABASE_URL", done.stderr.splitlines()[-1])

    def test_debug_is_for_this_machine_only(self):
        done = start(DJANGO_DEBUG="1")

        self.assertNotEqual(done.returncode, 0)
        self.assertIn("DJANGO_DEBUG is 1", done.stderr.splitlines()[-1])
        local = start(DJANGO_DEBUG="1", SITE_URL="http://localhost:8000")
        self.assertEqual(local.returncode, 0, local.stderr)

    def test_the_owner_of_the_tables_may_log_in_by_itself(self):
        owner = "postgres://owner:another-long-random-word@db:5432/site"
        code = "from aaqi.settings import DATABASE_LOGINS as l; print(l['owner'])"

        self.assertIn("'USER': 'site'", start(code).stdout)
        self.assertIn("'USER': 'owner'", start(code, DATABASE_OWNER_URL=owner).stdout)
        with NamedTemporaryFile("w") as file:
            file.write(owner)
            file.flush()
            done = start(code, DATABASE_OWNER_URL_FILE=file.name)
        self.assertIn("'USER': 'owner'", done.stdout)

    def test_an_owner_that_is_weak_or_elsewhere_stops_the_start_by_name(self):
        for url in (
            "postgres://owner:word@db:5432/site",
            "postgres://owner:another-long-random-word@db:5432/other",
            "mysql://owner:another-long-random-word@db:5432/site",
        ):
            with self.subTest(url):
                done = start(DATABASE_OWNER_URL=url)

                self.assertNotEqual(done.returncode, 0)
                self.assertRegex(
                    done.stderr, "ImproperlyConfigured: DATABASE_OWNER_URL"
                )

    def test_https_gives_cookies_that_belong_to_this_host_only(self):
        done = start(SHOW_COOKIES)

        page, cookies, location, health = done.stdout.splitlines()
        self.assertRegex(page, r"\A200 max-age=[0-9]+")
        self.assertRegex(cookies, r"\ASet-Cookie: __Host-csrftoken=.*; Secure\Z")
        self.assertIn("HttpOnly", cookies)
        self.assertIn("Path=/", cookies)
        self.assertNotIn("Domain", cookies)
        self.assertEqual(location, "https://example.org/voices/manage/")
        self.assertEqual(health, "200")

    def test_http_on_loopback_has_plain_names(self):
        self.assertEqual(settings.CSRF_COOKIE_NAME, "csrftoken")
        self.assertEqual(settings.SESSION_COOKIE_NAME, "sessionid")
        self.assertFalse(settings.CSRF_COOKIE_SECURE)
