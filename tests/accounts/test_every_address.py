import re

from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.db import DatabaseError, models, transaction
from django.test import TestCase, override_settings
from django.urls import get_resolver, reverse
from django.utils import timezone

from accounts import inviting
from accounts.models import Invitation
from accounts.roles import Role
from tests.abuse import make_invalidated
from tests.accounts.pages import (
    APART,
    FOR_OWNERS,
    FOR_STRANGERS,
    KINDS,
    MODELS,
    OTHERS,
)
from tests.accounts.steps import make_member, sign_in
from tests.factories import (
    make_assessment,
    make_citation,
    make_edition,
    make_founding_request,
    make_founding_voice,
    make_published_voice,
    make_signature,
    make_staff,
    make_submission,
    make_voice,
)
from tests.faq.texts import (
    make_case,
    make_chart,
    make_entry,
    make_page,
    make_question,
)
from voices.models import (
    AddressSearch,
    AllowedNetwork,
    Batch,
    BlockedDomain,
    BlockedNetwork,
    Decision,
    FlagRule,
    Letter,
    RankingError,
    Reading,
    Report,
    Reveal,
    ReviewRule,
    SendingRate,
    Update,
    Voice,
    WatchedWord,
)
from voices.signatures.models import Lane

WORDLESS_LINK = re.compile(r"<a\b[^>]*>(?:\s|&nbsp;|-|<[^/a][^>]*>|</[^a][^>]*>)*</a>")
LOGIN = ("/admin/login/", "/accounts/login/")
# A value for each URL parameter; the row that it names need not exist.
PARTS = {
    "app_label": "voices",
    "content_type_id": 1,
    "key": "x",
    "kind": "declined",
    "object_id": 1,
    "pk": 1,
    "token": "x",
    "uidb36": "x",
    "url": "x",
}


def addresses(prefix):
    """Yield the name, parameters, and number of unnamed groups of each URL."""
    resolver = next(
        each for each in get_resolver().url_patterns if str(each.pattern) == prefix
    )
    for pattern in resolver.url_patterns:
        yield from pages(pattern)


def pages(pattern, above=()):
    if hasattr(pattern, "url_patterns"):
        for each in pattern.url_patterns:
            yield from pages(each, (*above, *pattern.pattern.converters))
    else:
        regex = pattern.pattern.regex
        parts = {*above, *pattern.pattern.converters, *regex.groupindex}
        # A library may use unnamed groups in its URL patterns.
        counted = 0 if regex.groupindex else regex.groups
        yield pattern.name, {part: PARTS[part] for part in parts}, counted


def address_of(name, parts, counted, rows):
    row = next((rows[each] for each in rows if name.startswith(f"{each}_")), None)
    if counted:
        # A version has its own id.
        version = [row.history.first().pk] if counted > 1 else []
        return reverse(f"admin:{name}", args=[row.pk, *version])
    of_row = {part: row.pk for part in ("pk", "object_id") if row and part in parts}
    return reverse(f"admin:{name}", kwargs=parts | of_row)


def make_a_row_of_each(staff):
    for make in (make_case, make_chart, make_entry, make_page, make_question):
        make()
    voice = make_published_voice()
    signature = make_signature(voice=voice)
    make_voice()
    make_signature(counted_at=None, quarantined_at=timezone.now())
    make_submission(lane=Lane.HELD)
    Reveal.objects.create(signature=signature, by=staff)
    AddressSearch.objects.create(reason="A letter.", found=1, by=staff)
    Letter.objects.create(kind="published", signature=signature, address_hash="x")
    make_invalidated(by=staff)
    Decision.objects.create(voice=voice, kind="published", by=staff)
    Batch.objects.create(kind="published", by=staff)
    Report.objects.create(voice=voice, kind="other")
    Update.objects.create(subject="News", body="There is some.")
    BlockedDomain.objects.create(domain="example.net")
    BlockedNetwork.objects.create(network="192.0.2.0/24")
    AllowedNetwork.objects.create(network="198.51.100.0/24", until=timezone.now())
    RankingError.objects.create(state="NM", text="The cap is another one now.")
    make_founding_request(make_founding_voice(1))
    WatchedWord.objects.create(words="somebody")
    FlagRule.objects.get_or_create(kind="link")
    SendingRate.objects.create()
    ReviewRule.objects.create()
    Reading.objects.create(
        voice=voice,
        since=timezone.now(),
        first_by=staff,
        first_verdict="published",
        second_by=make_staff("second"),
        second_verdict="declined",
        second_at=timezone.now(),
        closed_at=timezone.now(),
    )
    inviting.invite("invited@example.org", Role.EDITOR, staff)
    make_citation(make_assessment(make_edition(published_at=None)))


def empty_what_may_be_empty(model):
    """Blank all text that the database lets anyone blank."""
    for field in model._meta.concrete_fields:
        if field.blank and isinstance(field, models.CharField | models.TextField):
            try:
                with transaction.atomic():
                    model._base_manager.update(**{field.name: ""})
            except DatabaseError:
                # A constraint requires the text, or nobody may change this table.
                continue


@override_settings(SECOND_FACTOR=True)
class EveryAdminPageTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.members = {role: make_member(role, role.value) for role in Role}
        make_a_row_of_each(cls.members[Role.ADMINISTRATOR])
        rows = {
            f"{own.opts.app_label}_{own.opts.model_name}": own.get_queryset(
                None
            ).first()
            for own in admin.site._registry.values()
        }
        cls.without_a_row = {name for name, row in rows.items() if row is None}
        cls.pages = [
            (name, address_of(name, parts, counted, rows))
            for name, parts, counted in addresses("admin/")
            if name and name not in APART
        ]

    def allowed(self, name):
        """The roles that may see the page of this name; None if it isn't listed."""
        if name in OTHERS:
            return OTHERS[name]
        model = next((each for each in MODELS if name.startswith(f"{each}_")), "")
        kind = name.removeprefix(f"{model}_")
        if model and kind in KINDS:
            return MODELS[model][KINDS[kind]]
        return None

    def refuses(self, path, method="get"):
        response = getattr(self.client, method)(path)
        self.assertLess(response.status_code, 500, path)
        self.assertEqual(response["X-Robots-Tag"], "noindex", path)
        self.assertIn("no-store", response["Cache-Control"], path)
        if response.status_code == 403 or (
            method == "post" and response.status_code == 405
        ):
            return True
        return response.status_code == 302 and response["Location"].startswith(LOGIN)

    def test_each_page_is_listed_with_its_roles(self):
        unlisted = {name for name, _ in self.pages if self.allowed(name) is None}

        self.assertEqual(unlisted, set(), "List them in tests/accounts/pages.py.")
        self.assertGreater(len(self.pages), 60)

    def test_each_model_has_a_row(self):
        self.assertEqual(self.without_a_row, set(), "Make one in make_a_row_of_each.")

    def test_every_listed_page_exists(self):
        names = {name for name, _ in self.pages}
        listed = {f"{model}_changelist" for model in MODELS} | set(OTHERS)

        self.assertEqual(listed - names, set())

    def test_strangers_see_none(self):
        for name, path in self.pages:
            for method in ("get", "post"):
                with self.subTest(name, method=method):
                    self.assertTrue(self.refuses(path, method))

    def test_each_role_sees_its_own_and_no_other(self):
        for role, member in self.members.items():
            sign_in(self.client, member)
            for name, path in self.pages:
                with self.subTest(name, role=role):
                    self.assertEqual(self.refuses(path), role not in self.allowed(name))

    def test_roles_that_may_not_view_may_not_post(self):
        for role, member in self.members.items():
            sign_in(self.client, member)
            for name, path in self.pages:
                if role not in self.allowed(name):
                    with self.subTest(name, role=role):
                        self.assertTrue(self.refuses(path, "post"))

    def test_a_password_alone_opens_none(self):
        for role, member in self.members.items():
            for name, path in self.pages:
                sign_in(self.client, member, factor=False)
                with self.subTest(name, role=role):
                    self.assertTrue(self.refuses(path))

    def test_a_member_without_a_role_sees_the_empty_admin_only(self):
        sign_in(self.client, make_member(None, "new"))
        for name, path in self.pages:
            with self.subTest(name):
                seen = not self.refuses(path)
                self.assertEqual(seen, self.allowed(name) == set(Role))

    def test_accounts_that_are_not_staff_see_none(self):
        sign_in(self.client, make_member(Role.ADMINISTRATOR, "x", is_staff=False))
        for name, path in self.pages:
            with self.subTest(name):
                self.assertTrue(self.refuses(path))

    def test_view_on_site_reveals_no_invitation_link_to_a_moderator(self):
        invitation = inviting.invite("new@example.org", Role.ADMINISTRATOR)
        of_invitations = ContentType.objects.get_for_model(Invitation)
        sign_in(self.client, self.members[Role.MODERATOR])

        response = self.client.get(
            reverse("admin:view_on_site", args=[of_invitations.pk, invitation.pk])
        )

        self.assertEqual(response.status_code, 404)

    def test_an_app_without_anything_for_a_role_is_not_there(self):
        sign_in(self.client, self.members[Role.ORGANIZER])

        response = self.client.get(reverse("admin:app_list", args=["faq"]))

        self.assertEqual(response.status_code, 404)

    def test_rows_of_lists_have_no_empty_links(self):
        Voice.objects.earliest("pk").erase()
        for model in admin.site._registry:
            empty_what_may_be_empty(model)
        sign_in(self.client, self.members[Role.ADMINISTRATOR])
        lists = [path for name, path in self.pages if name.endswith("_changelist")]
        self.assertGreater(len(lists), 20)
        for path in lists:
            with self.subTest(path):
                rows = self.client.get(path).text.partition("<tbody")[2]
                self.assertIn("<tr", rows)
                rows = rows.partition("</tbody>")[0]
                self.assertEqual(WORDLESS_LINK.findall(rows), [])

    def test_the_pages_of_allauth_that_would_change_factors_are_left_out(self):
        labels = {model._meta.app_label for model in admin.site._registry}

        self.assertFalse(labels & {"account", "mfa", "procrastinate", "usersessions"})


@override_settings(SECOND_FACTOR=True)
class EveryAccountPageTests(TestCase):
    def setUp(self):
        self.pages = [
            (name, reverse(name, kwargs=parts))
            for name, parts, _ in addresses("accounts/")
        ]

    def goes_to_login(self, path, method="get"):
        response = getattr(self.client, method)(path)
        self.assertLess(response.status_code, 500, path)
        self.assertEqual(response["X-Robots-Tag"], "noindex", path)
        self.assertIn("no-store", response["Cache-Control"], path)
        self.assertNotIn("unsafe", response["Content-Security-Policy"])
        return response.status_code == 302 and response["Location"].startswith(LOGIN)

    def test_each_page_is_listed(self):
        self.assertEqual({name for name, _ in self.pages}, FOR_STRANGERS | FOR_OWNERS)

    def test_strangers_see_nothing_of_any_account(self):
        for name, path in self.pages:
            if name in FOR_OWNERS:
                for method in ("get", "post"):
                    with self.subTest(name, method=method):
                        self.assertTrue(self.goes_to_login(path, method))

    def test_a_password_alone_opens_none_and_its_session_ends(self):
        member = make_member(Role.MODERATOR)
        for name, path in self.pages:
            sign_in(self.client, member, factor=False)
            with self.subTest(name):
                self.assertTrue(self.goes_to_login(path))
                self.assertNotIn("_auth_user_id", self.client.session)

    def test_an_owner_is_not_sent_away(self):
        member = make_member(Role.MODERATOR)
        for name, path in self.pages:
            if name not in {"account_login", "account_logout"}:
                sign_in(self.client, member)
                with self.subTest(name):
                    self.assertFalse(self.goes_to_login(path))

    def test_unused_pages_of_allauth_are_not_found(self):
        sign_in(self.client, make_member(Role.ADMINISTRATOR))
        for path in (
            "signup/",
            "email/",
            "confirm-email/",
            "confirm-email/x/",
            "login/code/",
            "login/code/confirm/",
            "2fa/trust/",
            "2fa/webauthn/signup/",
            "3rdparty/",
            "social/signup/",
        ):
            for method in (self.client.get, self.client.post):
                with self.subTest(path):
                    self.assertEqual(method(f"/accounts/{path}").status_code, 404)

    def test_only_the_pages_with_a_qr_code_may_show_pictures_in_the_page(self):
        member = make_member(Role.MODERATOR)
        invitation = inviting.invite("new@example.org", Role.EDITOR)
        with_code = {
            reverse("mfa_activate_totp"),
            f"{invitation.path}password/",
        }
        for path in {path for _, path in self.pages} | with_code | {invitation.path}:
            sign_in(self.client, member)
            response = self.client.get(path)
            with self.subTest(path):
                pictures = "data:" in response["Content-Security-Policy"]
                expected = path in with_code or path.endswith("/x/password/")
                self.assertEqual(pictures, expected)
