from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.test import TestCase
from django.urls import reverse

from accounts.roles import Role
from core.qr_codes import qr_svg
from tests.accounts.steps import make_member, sign_in
from tests.factories import (
    confirm_url,
    latest_submission,
    make_signature,
    make_staff,
    make_submission,
    sign,
)
from voices.figures import figures
from voices.models import DayTally, Signature, Tag
from voices.tags.links import COPIED, SERVICES, SIGNED, share
from voices.tags.posters import POSTERS

LIST = reverse("admin:voices_tag_changelist")
ADD = reverse("admin:voices_tag_add")
SITE = settings.SITE_URL


def tag_of_form(client, path):
    sign(client, path=path)
    return latest_submission().tag_id


class TagOfSignatureTests(TestCase):
    def test_the_form_stores_the_tag_of_its_address_until_it_is_confirmed(self):
        sign(self.client, path="/voices/add/?from=whatsapp&state=OH")
        submission = latest_submission()

        self.client.post(confirm_url(submission))

        submission.refresh_from_db()
        self.assertIsNone(submission.tag_id)
        self.assertEqual(Signature.objects.get().tag_id, "whatsapp")
        self.assertEqual(DayTally.objects.by_tag(), {"whatsapp": 1})

    def test_an_unknown_tag_counts_as_none(self):
        for query in ("", "?from=", "?from=nowhere", "?from=WHATSAPP", "?from=%00"):
            with self.subTest(query):
                self.assertIsNone(tag_of_form(self.client, f"/voices/add/{query}"))

    def test_a_retired_tag_counts_as_none_and_its_signatures_keep_it(self):
        make_signature(tag_id="poster")

        Tag.objects.filter(slug="poster").retire()

        self.assertIsNone(tag_of_form(self.client, "/voices/add/?from=poster"))
        self.assertEqual(DayTally.objects.by_tag(), {"poster": 1})

    def test_a_tag_that_staff_add_counts(self):
        Tag.objects.create(name="County fair", slug="county-fair")

        tag = tag_of_form(self.client, "/voices/add/?from=county-fair")

        self.assertEqual(tag, "county-fair")

    def test_the_database_accepts_known_tags_only(self):
        with self.assertRaises(IntegrityError), transaction.atomic():
            make_signature(tag_id="nowhere")
            # The foreign key is checked when the transaction ends.
            connection.check_constraints()

    def test_a_used_tag_can_be_neither_deleted_nor_given_another_slug(self):
        make_submission(tag_id="poster")

        for change in (
            lambda: Tag.objects.get(slug="poster").delete(),
            lambda: Tag.objects.filter(slug="poster").update(slug="wall"),
        ):
            with self.assertRaises(IntegrityError), transaction.atomic():
                change()
                connection.check_constraints()

    def test_a_slug_is_plain(self):
        for slug in ("Rally", "a b", "-a", "a--b", "ä", "a_b", ""):
            with (
                self.subTest(slug),
                self.assertRaises(IntegrityError),
                transaction.atomic(),
            ):
                Tag.objects.create(name=slug, slug=slug)


class TagAdminTests(TestCase):
    def setUp(self):
        self.client.force_login(make_staff())
        self.poster = Tag.objects.get(slug="poster")

    def change_url(self, tag):
        return reverse("admin:voices_tag_change", args=[tag.pk])

    def act(self, action, tag):
        return self.client.post(
            LIST, {"action": action, "_selected_action": tag.pk}, follow=True
        )

    def test_counts_the_signatures_of_each_tag(self):
        for tag in ("poster", "poster", "embed", None):
            make_signature(tag_id=tag, name_display="unlisted")

        page = self.client.get(LIST)
        one = self.client.get(self.change_url(self.poster))

        rows = {tag.slug: tag.count for tag in page.context["cl"].result_list}
        self.assertEqual((rows["poster"], rows["embed"], rows["x"]), (2, 1, 0))
        self.assertContains(one, '<div class="readonly">2</div>')

    def test_the_list_asks_the_same_for_any_number_of_tags_and_signatures(self):
        self.client.get(LIST)
        with self.assertNumQueries(5):
            self.client.get(LIST)
        for number in range(5):
            Tag.objects.create(name=f"Rally {number}", slug=f"rally-{number}")
            make_signature(tag_id=f"rally-{number}", name_display="unlisted")

        with self.assertNumQueries(5):
            self.client.get(LIST)

    def test_shows_the_link_its_code_and_its_posters(self):
        page = self.client.get(self.change_url(self.poster))

        link = f"{SITE}/voices/add/?from=poster"
        self.assertContains(page, f'href="{link}"')
        self.assertContains(page, qr_svg(link, f"QR code of {link}"))
        for kind in POSTERS:
            path = reverse("admin:voices_tag_poster", args=[self.poster.pk, kind])
            self.assertContains(page, f'href="{path}"')
            self.assertEqual(self.client.get(path).status_code, 200)

    def test_a_poster_has_the_code_of_its_tag(self):
        tag = Tag.objects.create(name="County fair", slug="county-fair")
        path = reverse("admin:voices_tag_poster", args=[tag.pk, "table-tent"])

        page = self.client.get(path)

        code = qr_svg(
            f"{SITE}/voices/add/?from=county-fair", "QR code of the form to sign"
        )
        self.assertContains(page, code)
        unknown = reverse("admin:voices_tag_poster", args=[tag.pk, "flag"])
        self.assertEqual(self.client.get(unknown).status_code, 404)

    def test_the_name_can_be_changed_and_the_slug_cannot(self):
        self.client.post(
            self.change_url(self.poster), {"name": "Big  poster", "slug": "wall"}
        )

        self.poster.refresh_from_db()
        self.assertEqual((self.poster.name, self.poster.slug), ("Big poster", "poster"))

    def test_a_bad_or_taken_slug_is_refused(self):
        for slug in ("Rally", "a b", "poster", "a--b", "x" * 31, ""):
            with self.subTest(slug):
                page = self.client.post(ADD, {"name": "Rally", "slug": slug})
                self.assertEqual(page.status_code, 200)
                self.assertContains(page, "errorlist")
        self.client.post(ADD, {"name": "Rally", "slug": "rally"})

        self.assertTrue(Tag.objects.filter(slug="rally", name="Rally").exists())

    def test_tags_are_retired_and_taken_back_but_never_deleted(self):
        self.assertContains(self.act("retire", self.poster), "Retired: 1.")
        self.poster.refresh_from_db()
        self.assertIsNotNone(self.poster.retired_at)
        self.assertContains(self.act("retire", self.poster), "Retired: 0.")

        self.assertContains(self.act("restore", self.poster), "Restored: 1.")
        self.poster.refresh_from_db()
        self.assertIsNone(self.poster.retired_at)
        delete = reverse("admin:voices_tag_delete", args=[self.poster.pk])
        self.assertEqual(self.client.get(delete).status_code, 403)

    def test_organizers_add_tags_and_see_the_figures(self):
        sign_in(self.client, make_member(Role.ORGANIZER, "organizer"))

        self.client.post(ADD, {"name": "Rally", "slug": "rally"})

        self.assertTrue(Tag.objects.filter(slug="rally").exists())
        self.assertContains(self.client.get(reverse("admin:figures")), LIST)

    def test_the_figures_keep_a_retired_tag(self):
        make_signature(tag_id="poster", name_display="unlisted")
        self.act("retire", self.poster)

        self.assertEqual(figures()["tags"], [("Wall poster", 1), ("No tag", 0)])


class SharedLinkTests(TestCase):
    def test_every_link_has_the_tag_of_its_place_which_the_form_knows(self):
        shared = share(f"{SITE}/", "Words & more:", "A title")
        urls = dict(shared.services)

        self.assertEqual(shared.link, f"{SITE}/?from={COPIED}")
        known = set(Tag.objects.in_use().values_list("slug", flat=True))
        self.assertLessEqual({*SERVICES, *POSTERS, COPIED, "embed"}, known)
        self.assertEqual(len(urls), 8)
        for tag, (name, _) in SERVICES.items():
            self.assertTrue(urls[name].endswith(f"%3Ffrom%3D{tag}"), urls[name])
        self.assertIn("text=Words%20%26%20more%3A", urls["WhatsApp"])
        self.assertTrue(
            urls["Email"].startswith("mailto:?subject=A%20title&body=Words")
        )

    def test_the_thank_you_page_offers_them_and_no_button_to_sign(self):
        page = self.client.get(reverse("voices:thanks"))

        for name, _ in share(f"{SITE}/", SIGNED).services:
            with self.subTest(name):
                self.assertContains(page, f">{name}</a>")
        self.assertContains(page, SIGNED)
        self.assertContains(page, "we email you when it appears")
        self.assertNotContains(page, reverse("voices:add"))
        self.assertContains(self.client.get("/"), reverse("voices:add"))


class PosterTests(TestCase):
    def test_each_form_has_a_code_with_a_tag_of_its_own(self):
        for kind in POSTERS:
            with self.subTest(kind):
                page = self.client.get(f"/share/{kind}/")

                link = f"{SITE}/voices/add/?from={kind}"
                self.assertContains(
                    page, qr_svg(link, "QR code of the form to sign"), 1
                )
                self.assertContains(page, SITE.partition("://")[2])
                self.assertNotContains(page, "style=")

    def test_asks_the_database_nothing(self):
        with self.assertNumQueries(0):
            self.client.get("/share/tear-off/")

    def test_there_is_no_other_form(self):
        self.assertEqual(self.client.get("/share/flag/").status_code, 404)
