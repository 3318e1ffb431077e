import re
from io import StringIO
from pathlib import Path

import allauth
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.template.loader import get_template
from django.test import SimpleTestCase, TestCase
from django.urls import reverse

from faq.models import Case, Question
from faq.pages.models import PageSlug
from rankings.models import Edition
from tests.committed import CommittedTestCase
from tests.factories import (
    check_url,
    confirm_url,
    make_edition,
    make_published_voice,
    make_submission,
    not_me_url,
)
from tools import site
from voices.models import Reason, Voice

TEMPLATES = settings.BASE_DIR / "templates"
LETTERS = TEMPLATES / "voices" / "letters"
# Found by name, by Django's error pages, the admin, and form fields.
FOUND_BY_NAME = {
    "400.html",
    "403.html",
    "404.html",
    "429.html",
    "500.html",
    "admin/base_site.html",
    "admin/pagination.html",
    "admin/search_form.html",
    "admin/voices/awaitingvoice/actions.html",
    "aaqi/field.html",
    "aaqi/uni_form.html",
}


def template_names():
    return [str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*.*")]


class MigrationTests(CommittedTestCase):
    def test_models_match_their_migrations(self):
        call_command("makemigrations", "--check", "--dry-run", stdout=StringIO())

    def test_voices_migrations_can_be_reversed_and_reapplied(self):
        reasons = Reason.objects.count
        Reason.objects.all().delete()
        try:
            call_command("migrate", "voices", "zero", verbosity=0)
            self.assertEqual(self.left_behind("voices"), [])
        finally:
            call_command("migrate", "voices", verbosity=0)

        self.assertGreater(reasons(), 3)
        make_published_voice()
        self.assertEqual(Voice.objects.on_the_wall().count(), 1)

    def test_rankings_migrations_can_be_reversed_and_reapplied(self):
        try:
            call_command("migrate", "rankings", "zero", verbosity=0)
            self.assertEqual(self.left_behind("rankings"), [])
        finally:
            call_command("migrate", "rankings", verbosity=0)

        make_edition()
        self.assertTrue(Edition.objects.published().exists())

    def left_behind(self, app):
        """Everything of the app that is left in the database."""
        name = f"{app}\\_%"
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT relname FROM pg_class WHERE relname LIKE %s "
                "UNION SELECT proname FROM pg_proc WHERE proname LIKE %s",
                [name, name],
            )
            return [name for (name,) in cursor.fetchall()]


class TemplateTests(SimpleTestCase):
    def test_every_template_can_be_loaded(self):
        for name in template_names():
            with self.subTest(name):
                get_template(name)

    def test_every_template_is_used(self):
        sources = [
            path.read_text()
            for folder in (
                TEMPLATES,
                *(settings.BASE_DIR / folder for folder in site.CODE),
            )
            for path in folder.rglob("*")
            if path.suffix in {".py", ".html", ".txt"}
        ]
        # Templates that override a library's are found by name.
        replaced = {
            name
            for name in template_names()
            if list(Path(allauth.__file__).parent.glob(f"templates/{name}"))
        }
        for name in set(template_names()) - FOUND_BY_NAME - replaced:
            letter = re.fullmatch(
                r"(?:accounts|voices)/letters/([\w-]+?)(_subject)?\.(html|txt)", name
            )
            named = f'"{letter[1]}"' if letter else f'"{name}'

            with self.subTest(name):
                self.assertTrue(
                    any(named in text or f'"{name}' in text for text in sources)
                )

    def test_no_page_has_inline_styles_or_scripts(self):
        for name in template_names():
            text = Path(TEMPLATES, name).read_text()
            with self.subTest(name):
                self.assertNotRegex(text, r"(?i)\son\w+\s*=\s*[\"']")
                self.assertNotRegex(text, r"(?i)javascript:")
                self.assertNotRegex(text, r"(?i)<script(?![^>]*\ssrc=)")
                # Mail programs use only the style sheet in the email itself.
                if not Path(TEMPLATES, name).is_relative_to(LETTERS):
                    self.assertNotRegex(text, r"(?i)\sstyle\s*=")
                    self.assertNotRegex(text, r"(?i)<style")

    def test_nothing_is_marked_as_safe(self):
        for name in template_names():
            text = Path(TEMPLATES, name).read_text()
            with self.subTest(name):
                self.assertNotIn("|safe", text)
                self.assertNotIn("|urlize", text)
                if not name.endswith(".txt"):
                    self.assertNotIn("autoescape off", text)


class EveryPageTests(TestCase):
    def setUp(self):
        submission = make_submission()
        call_command("load_content", stdout=StringIO())
        self.paths = {
            reverse("home"): 200,
            **{reverse(slug): 200 for slug in PageSlug.values},
            reverse("faq:questions"): 200,
            reverse("faq:questions") + "?q=court": 200,
            Question.objects.latest("pk").get_absolute_url(): 200,
            reverse("faq:cases"): 200,
            Case.objects.latest("pk").get_absolute_url(): 200,
            reverse("share"): 200,
            reverse("voices:list"): 200,
            make_published_voice().get_absolute_url(): 200,
            reverse("voices:add"): 200,
            reverse("voices:thanks"): 200,
            check_url(submission): 200,
            confirm_url(submission): 200,
            not_me_url(submission): 200,
            "/healthz": 200,
            "/readyz": 200,
            "/accounts/login/": 200,
            "/accounts/password/reset/": 200,
            "/voices/confirm/x/": 404,
            "/none/": 404,
        }

    def test_each_page_responds(self):
        for path, status in self.paths.items():
            self.assertEqual(self.client.get(path).status_code, status, path)

    def test_each_has_a_csp_that_blocks_other_origins(self):
        for path in self.paths:
            response = self.client.get(path)

            policy = response["Content-Security-Policy"]
            self.assertIn("default-src 'none'", policy, path)
            self.assertIn("frame-ancestors 'none'", policy)
            self.assertIn("form-action 'self'", policy)
            self.assertNotIn("unsafe", policy)
            self.assertNotIn("http", policy)
            self.assertEqual(response["X-Frame-Options"], "DENY")
            self.assertEqual(response["X-Content-Type-Options"], "nosniff")
            self.assertEqual(response["Referrer-Policy"], "same-origin")
            self.assertEqual(response["Cross-Origin-Opener-Policy"], "same-origin")

    def test_each_page_has_one_heading_a_title_and_the_language(self):
        for path in self.paths:
            if path in {"/healthz", "/readyz"} or path.startswith("/admin/"):
                continue
            page = self.client.get(path).content.decode()

            self.assertEqual(page.count("<h1"), 1, path)
            self.assertRegex(page, r"<title>[^<]+</title>", path)
            self.assertIn('<html lang="en-US">', page, path)

    def test_a_page_loads_nothing_from_elsewhere(self):
        for path in self.paths:
            page = self.client.get(path).content.decode()

            for address in re.findall(r'(?:src|srcset|data)="([^"]+)"', page):
                self.assertTrue(address.startswith("/static/"), (path, address))
            for tag in re.findall(r"<link [^>]+>", page):
                if not re.search(r'rel="(canonical|alternate)"', tag):
                    self.assertIn('href="/static/', tag, path)


class RoomTests(SimpleTestCase):
    def test_no_app_imports_the_project(self):
        for app in ("voices", "rankings", "faq", "cards"):
            for path in Path(apps.get_app_config(app).path).rglob("*.py"):
                self.assertNotRegex(
                    path.read_text(), r"(?m)^\s*(from|import) aaqi\b", str(path)
                )

    def test_core_imports_no_app(self):
        for path in Path(settings.BASE_DIR, "core").rglob("*.py"):
            self.assertNotRegex(
                path.read_text(),
                r"(?m)^\s*(from|import) (aaqi|cards|faq|rankings|voices)\b",
                str(path),
            )

    def test_cards_import_no_other_app(self):
        for path in Path(apps.get_app_config("cards").path).rglob("*.py"):
            self.assertNotRegex(
                path.read_text(), r"(?m)^\s*(from|import) (voices|faq|rankings)\b"
            )

    def test_rankings_import_no_other_app(self):
        for path in Path(apps.get_app_config("rankings").path).rglob("*.py"):
            self.assertNotRegex(
                path.read_text(), r"(?m)^\s*(from|import) (voices|faq)\b"
            )


class DeploymentTests(SimpleTestCase):
    def test_every_app_is_in_the_image(self):
        named = Path(settings.BASE_DIR, ".dockerignore").read_text().splitlines()
        for app in apps.get_app_configs():
            if Path(app.path).is_relative_to(settings.BASE_DIR / ".venv"):
                continue
            folder = Path(app.path).relative_to(settings.BASE_DIR).parts[0]
            self.assertIn(f"!{folder}/", named)

    def test_no_image_name_has_a_registry(self):
        for name in ("Dockerfile", "docker-compose.yml"):
            text = Path(settings.BASE_DIR, name).read_text()
            for image in re.findall(r"(?m)^\s*(?:FROM|image:)\s+(\S+)", text):
                self.assertRegex(image, r"\A[a-z-]+(:[\w.-]+)?\Z")

    def test_every_variable_of_the_example_is_passed_on(self):
        compose = Path(settings.BASE_DIR, "docker-compose.yml").read_text()
        example = Path(settings.BASE_DIR, ".env.example").read_text()
        for name in re.findall(r"(?m)^#?([A-Z][A-Z_]+)=", example):
            self.assertRegex(compose, rf"\b{name}\b", name)
