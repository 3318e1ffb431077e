import json
import re
from io import StringIO
from xml.etree import ElementTree as ET

from django.conf import settings
from django.core.management import call_command
from django.test import TestCase, override_settings
from django.urls import reverse

from aaqi import sitemaps
from aaqi.sharing import SITE_CARD
from cards.models import Card
from core.qr import qr_code
from faq.models import Case, Page, Question
from rankings.states import SLUGS
from tests.factories import (
    latest_submission,
    make_assessments,
    make_edition,
    make_published_voice,
    make_signature,
    sign,
)
from voices.models import Signature, Voice

SITE = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
LISTS = ["voices-0", "pages", "questions", "cases"]
# The test site's own URL.
ADDRESS = settings.SITE_URL


def tags(page):
    """The Open Graph and other metadata of the page, by name."""
    return dict(
        re.findall(r'<meta (?:property|name)="([^"]+)" content="([^"]*)">', page)
    )


class PreviewTests(TestCase):
    def test_every_public_page_has_preview_metadata(self):
        call_command("load_content", stdout=StringIO())
        voice = make_published_voice()
        for path in (
            reverse("home"),
            reverse("privacy"),
            Question.objects.latest("pk").get_absolute_url(),
            Case.objects.latest("pk").get_absolute_url(),
            reverse("share"),
            reverse("voices:list"),
            reverse("voices:add"),
            reverse("voices:manage-ask"),
            voice.get_absolute_url(),
        ):
            page = self.client.get(path).content.decode()
            said = tags(page)

            self.assertEqual(said["og:url"], ADDRESS + path)
            self.assertIn(f'<link rel="canonical" href="{ADDRESS}{path}">', page)
            self.assertEqual(said["og:description"], said["description"])
            self.assertIn(said["og:title"], page.partition("</title>")[0])
            self.assertTrue(said["og:title"])
            self.assertNotIn("\n", said["og:title"])
            self.assertEqual(said["og:site_name"], settings.SITE_NAME)
            self.assertEqual(said["twitter:card"], "summary_large_image")
            self.assertTrue(said["og:image"].startswith(ADDRESS + "/"))
            self.assertTrue(said["og:image"].endswith("/card.png"))
            self.assertTrue(said["og:image:alt"])
            self.assertEqual(said["og:image:width"], "1200")
            self.assertEqual(said["og:image:height"], "630")

    def test_the_title_omits_the_site_name(self):
        voice = make_published_voice(name="Ana · B", city="", state="")

        said = tags(self.client.get(voice.get_absolute_url()).content.decode())

        self.assertEqual(said["og:title"], f"Ana · B: voice No. {voice.pk}")

    def test_user_text_is_escaped_once(self):
        voice = make_published_voice(name="A & B", statement='Say "no" & <b>go</b>.')

        page = self.client.get(voice.get_absolute_url()).content.decode()

        self.assertIn('content="Say &quot;no&quot; &amp; &lt;b&gt;go&lt;/b&gt;."', page)
        self.assertTrue(tags(page)["og:title"].startswith("A &amp; B, "))
        self.assertNotIn("<b>go", page)

    def test_a_private_page_has_no_preview_metadata(self):
        for path in ("/none/", "/voices/confirm/x/", reverse("voices:thanks")):
            page = self.client.get(path).content.decode()

            self.assertIn('<meta name="robots" content="noindex">', page)
            self.assertNotIn("og:", page)
            self.assertNotIn("canonical", page)

    def test_a_source_is_not_part_of_the_canonical_url(self):
        page = self.client.get("/?from=poster").content.decode()

        self.assertIn(f'<link rel="canonical" href="{ADDRESS}/">', page)
        self.assertEqual(tags(page)["og:url"], f"{ADDRESS}/")

    def test_the_front_page_says_who_we_are(self):
        with override_settings(CONTACT_EMAIL="</script><b>&"):
            page = self.client.get("/").content.decode()

        text = re.search(r'<script type="application/ld\+json">(.*?)</script>', page)
        organization = json.loads(text[1])
        self.assertEqual(organization["@type"], "Organization")
        self.assertEqual(organization["url"], f"{ADDRESS}/")
        self.assertEqual(organization["email"], "</script><b>&")


class CardTests(TestCase):
    def test_the_sites_own_card_marks_what_matters(self):
        words = SITE_CARD.words.split()[-SITE_CARD.marked :]

        self.assertEqual(" ".join(words), "before a jury hears a word of it.")

    def test_the_sites_own_card_is_drawn_once(self):
        first = self.client.get("/card.png")
        with self.assertNumQueries(1):
            again = self.client.get("/card.png")

        self.assertEqual(first.content, again.content)
        self.assertEqual(first["Cross-Origin-Resource-Policy"], "cross-origin")
        self.assertEqual(Card.objects.get().key, "site")


class ShareTests(TestCase):
    def test_shows_links_that_need_no_script_and_the_code_to_copy(self):
        response = self.client.get(reverse("share"))

        self.assertContains(response, 'href="mailto:?subject=')
        self.assertContains(response, 'href="sms:?&amp;body=')
        self.assertContains(response, "%2F%3Ffrom%3Dshare")
        self.assertContains(
            response,
            f"&lt;iframe src=&quot;{ADDRESS}/embed/&quot;",
        )
        self.assertNotContains(response, "<iframe")

    def test_the_qr_code_of_the_poster_points_to_the_front_page(self):
        code = qr_code(f"{ADDRESS}/?from=poster")

        response = self.client.get(reverse("share"))

        self.assertContains(response, f'<path d="{code.path}"/>')
        self.assertContains(response, f'viewBox="0 0 {code.size} {code.size}"')

    def test_asks_the_database_once(self):
        make_signature()

        with self.assertNumQueries(1):
            self.client.get(reverse("share"))


class QrCodeTests(TestCase):
    def test_draws_the_three_finder_patterns(self):
        code = qr_code("http://localhost/?from=poster")
        dark = set()
        for x, y, length in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\3z", code.path):
            dark |= {(int(x) + n, int(y)) for n in range(int(length))}

        end = code.size - 7
        for left, top in ((0, 0), (end, 0), (0, end)):
            for n in range(7):
                self.assertIn((left + n, top), dark)
                self.assertIn((left, top + n), dark)
            self.assertNotIn((left + 1, top + 1), dark)
        self.assertNotIn((code.size - 1, code.size), dark)


class EmbedTests(TestCase):
    def test_other_sites_may_frame_it_and_nothing_else(self):
        framed = self.client.get(reverse("embed"))
        home = self.client.get(reverse("home"))

        self.assertIn("frame-ancestors *", framed["Content-Security-Policy"])
        self.assertIn("default-src 'none'", framed["Content-Security-Policy"])
        self.assertNotIn("X-Frame-Options", framed)
        self.assertEqual(framed["Cross-Origin-Resource-Policy"], "cross-origin")
        self.assertIn("frame-ancestors 'none'", home["Content-Security-Policy"])
        self.assertEqual(home["X-Frame-Options"], "DENY")
        self.assertEqual(home["Cross-Origin-Resource-Policy"], "same-origin")

    def test_an_error_page_may_not_be_framed(self):
        response = self.client.post(reverse("embed"))

        self.assertEqual(response.status_code, 405)
        self.assertIn("frame-ancestors 'none'", response["Content-Security-Policy"])

    def test_shows_the_total_and_links_out_of_the_frame(self):
        make_signature()
        make_published_voice(founding_number=1)

        response = self.client.get(reverse("embed"))

        self.assertContains(response, "<b>2</b> Americans want it ended")
        page = response.content.decode()
        self.assertEqual(page.count("<a "), page.count('target="_top"'))
        self.assertContains(response, "/voices/add/?from=embed")
        self.assertNotContains(response, "<script")
        self.assertNotContains(response, "<form")
        self.assertFalse(response.cookies)

    def test_is_cached_like_other_public_pages(self):
        with self.assertNumQueries(1):
            response = self.client.get(reverse("embed"))

        self.assertIn("s-maxage=2", response["Cache-Control"])
        self.assertTrue(response["ETag"])

    def test_shows_the_requested_theme(self):
        for asked, shown in (
            ("dark", 'class="dark"'),
            ("light", 'class="light"'),
            ('"><b>', '<html lang="en-US">'),
            ("", '<html lang="en-US">'),
        ):
            response = self.client.get(reverse("embed"), {"theme": asked})

            self.assertContains(response, shown)


class SourceTests(TestCase):
    def test_links_carry_the_source_to_the_form(self):
        self.assertContains(
            self.client.get("/?from=poster"), "/voices/add/?from=poster"
        )
        for path in ("/", "/?from=nobody", "/?from=", "/?from=poster%00"):
            self.assertNotContains(self.client.get(path), "/voices/add/?")

    def test_the_submission_and_the_signature_store_the_source(self):
        sign(self.client, path="/voices/add/?from=poster")
        form = latest_submission()
        noted = form.source

        form.confirm()

        form.refresh_from_db()
        self.assertEqual(noted, "poster")
        self.assertEqual(Signature.objects.get().source, "poster")
        self.assertEqual(form.source, "")

    def test_an_unlisted_source_is_not_stored(self):
        for query in ("", "?from=friend", "?from=" + "x" * 500, "?from=poster%00"):
            sign(self.client, path=f"/voices/add/{query}")

            self.assertEqual(latest_submission().source, "")

    def test_no_reader_gets_a_cookie_for_it(self):
        self.assertFalse(self.client.get("/?from=poster").cookies)


class SitemapTests(TestCase):
    def locations(self, path):
        root = ET.fromstring(self.client.get(path).content)
        return [each.text for each in root.iter(f"{SITE}loc")]

    def test_the_sitemap_index_lists_every_page(self):
        call_command("load_content", stdout=StringIO())
        call_command("load_rankings", stdout=StringIO())
        past = make_edition("2025-01-01")
        make_assessments(past)
        draft = make_edition("2026-11-23", published_at=None)
        voice = make_published_voice()
        hidden = make_published_voice(statement="")

        lists = self.locations("/sitemap.xml")
        paths = [each.removeprefix(ADDRESS) for each in lists]
        found = [place for path in paths for place in self.locations(path)]

        self.assertIn(ADDRESS + voice.get_absolute_url(), found)
        self.assertNotIn(ADDRESS + hidden.get_absolute_url(), found)
        self.assertIn(ADDRESS + past.get_absolute_url(), found)
        self.assertNotIn(ADDRESS + draft.get_absolute_url(), found)
        for slug in SLUGS.values():
            self.assertIn(ADDRESS + reverse("rankings:state", args=[slug]), found)
        for model in (Page, Question, Case):
            self.assertIn(ADDRESS + model.objects.first().get_absolute_url(), found)
        for place in found:
            path = place.removeprefix(ADDRESS)
            self.assertEqual(self.client.get(path).status_code, 200, path)
            self.assertNotContains(self.client.get(path), "noindex")

    def test_sitemaps_are_bounded_and_each_voice_is_in_one(self):
        voices = [make_published_voice() for _ in range(5)]
        self.addCleanup(setattr, sitemaps, "IDS", sitemaps.IDS)
        sitemaps.IDS = 2

        lists = [p for p in self.locations("/sitemap.xml") if "voices-" in p]
        found = [self.locations(p.removeprefix(ADDRESS)) for p in lists]

        self.assertTrue(all(len(each) <= 2 for each in found))
        self.assertEqual(
            sorted(place for each in found for place in each),
            sorted(ADDRESS + voice.get_absolute_url() for voice in voices),
        )

    def test_each_takes_one_query(self):
        for _ in range(4):
            make_published_voice()

        for path in ("/sitemap.xml", *map("/sitemap/{}.xml".format, LISTS)):
            with self.assertNumQueries(1):
                self.client.get(path)

    def test_the_rankings_sitemap_takes_two_queries(self):
        for date in ("2024-01-01", "2025-01-01"):
            make_assessments(make_edition(date))

        with self.assertNumQueries(2):
            self.client.get("/sitemap/rankings.xml")

    def test_the_rankings_sitemap_is_empty_before_the_first_edition(self):
        make_assessments(make_edition(published_at=None))

        self.assertEqual(self.locations("/sitemap/rankings.xml"), [])

    def test_a_voice_has_its_lastmod_date(self):
        voice = make_published_voice()

        self.assertContains(
            self.client.get("/sitemap/voices-0.xml"),
            f"<lastmod>{voice.published_at:%Y}-",
        )

    def test_no_other_sitemap_exists(self):
        for name in (
            *("voices", "voices-x", "voices--1", "voices-" + "9" * 30, "x-1"),
            *("voices-00", "voices-1", "voices-999999999999", "voices-0x"),
        ):
            response = self.client.get(f"/sitemap/{name}.xml")

            self.assertEqual(response.status_code, 404, name)

    def test_robots_txt_names_the_sitemap_and_disallows_private_pages(self):
        response = self.client.get("/robots.txt")

        self.assertEqual(response["Content-Type"], "text/plain; charset=utf-8")
        self.assertContains(response, f"Sitemap: {ADDRESS}/sitemap.xml")
        self.assertContains(response, "Disallow: /admin/")
        self.assertContains(response, "Disallow: /voices/confirm/")


class IconTests(TestCase):
    def test_favicon_ico_redirects_to_the_icon(self):
        response = self.client.get("/favicon.ico")

        self.assertEqual(response.status_code, 302)
        self.assertIn("/static/favicon", response["Location"])

    def test_the_manifest_names_icons_that_exist(self):
        folder = settings.BASE_DIR / "static"
        manifest = json.loads((folder / "site.webmanifest").read_text())

        for icon in manifest["icons"]:
            self.assertTrue((folder / icon["src"]).exists(), icon)
        self.assertEqual(Voice.objects.count(), 0)
