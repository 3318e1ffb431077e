import json
import re
from io import StringIO

from django.conf import settings
from django.core.management import call_command
from django.test import TestCase, override_settings
from django.urls import reverse

from aaqi.sharing import SITE_CARD
from cards.models import Card
from faq.models import Case, Question
from tests.factories import make_published_voice, make_rankings, make_signature
from voices.tags.posters import POSTERS

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
            # It makes sense without the site's name around it.
            self.assertIn("ualified immunity", said["og:title"].replace("I", "i"))
            self.assertNotIn("\n", said["og:title"])
            self.assertEqual(said["og:site_name"], settings.SITE_NAME)
            self.assertEqual(said["twitter:card"], "summary_large_image")
            self.assertTrue(said["og:image"].startswith(ADDRESS + "/"))
            self.assertTrue(said["og:image"].endswith("/card.png"))
            self.assertTrue(said["og:image:alt"])
            self.assertEqual(said["og:image:width"], "1200")
            self.assertEqual(said["og:image:height"], "630")

    def test_titles_omit_the_name_of_the_site(self):
        make_rankings(OH={})
        voice = make_published_voice(name="Ana · B", city="", state="")

        for path, title in (
            (voice.get_absolute_url(), "Ana · B, on qualified immunity"),
            ("/rankings/ohio/", "Qualified immunity in Ohio: grade F"),
        ):
            said = tags(self.client.get(path).content.decode())

            self.assertEqual(said["og:title"], title)

    def test_every_question_and_comparison_has_a_preview_of_its_own(self):
        call_command("load_content", stdout=StringIO())
        make_rankings(OH={}, TX={}, NM={})
        chosen = ("s=OH&s=TX", "s=TX&s=OH", "s=OH&s=NM")
        paths = [
            *(each.get_absolute_url() for each in Question.objects.all()),
            *(f"/rankings/compare/?{states}" for states in chosen),
        ]
        pages = [self.client.get(path).content.decode() for path in paths]
        titles = [re.search("<title>(.*?)</title>", page)[1] for page in pages]

        for found in (
            titles,
            [tags(page)["og:title"] for page in pages],
            [tags(page)["description"] for page in pages],
            [tags(page)["og:url"] for page in pages],
        ):
            self.assertEqual(len(found), len(set(found)))

    def test_a_comparison_is_shared_with_its_states_but_not_indexed(self):
        make_rankings(OH={}, TX={})

        page = self.client.get("/rankings/compare/?s=oh&s=TX&from=poster")

        said = tags(page.content.decode())
        self.assertEqual(said["robots"], "noindex")
        self.assertEqual(
            said["og:title"], "Qualified immunity in Ohio and Texas, compared"
        )
        self.assertEqual(said["og:url"], f"{ADDRESS}/rankings/compare/?s=OH&amp;s=TX")
        self.assertNotContains(page, "canonical")

    def test_a_filtered_list_is_shared_with_its_filters(self):
        call_command("load_content", stdout=StringIO())
        for path, title in (
            ("/voices/?state=TX", "Voices from Texas, on qualified immunity"),
            ("/cases/?state=CA", "Qualified immunity: cases from California"),
        ):
            page = self.client.get(f"{path}&from=poster").content.decode()

            self.assertEqual(tags(page)["og:title"], title)
            self.assertEqual(tags(page)["og:url"], ADDRESS + path)
        ordered = self.client.get("/voices/?state=TX&sort=featured").content.decode()
        self.assertEqual(tags(ordered)["og:url"], f"{ADDRESS}/voices/?state=TX")

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

    @override_settings(OPERATOR_NAME="Example Group", OPERATOR_URL="https://x.example/")
    def test_the_front_page_says_who_runs_the_site(self):
        page = self.client.get("/").content.decode()

        text = re.search(r'<script type="application/ld\+json">(.*?)</script>', page)
        self.assertEqual(
            json.loads(text[1])["parentOrganization"],
            {
                "@type": "Organization",
                "name": "Example Group",
                "url": "https://x.example/",
            },
        )


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
        self.assertContains(response, f'value="{ADDRESS}/?from=share"')
        self.assertContains(response, "https://wa.me/?text=Have%20you%20heard")
        for place in ("whatsapp", "sms", "email", "facebook", "x", "bluesky"):
            self.assertContains(response, f"%2F%3Ffrom%3D{place}")
        self.assertContains(
            response,
            f"&lt;iframe src=&quot;{ADDRESS}/embed/&quot;",
        )
        self.assertNotContains(response, "<iframe")

    def test_leads_to_each_poster(self):
        response = self.client.get(reverse("share"))

        for kind in POSTERS:
            self.assertContains(response, f'href="/share/{kind}/"')

    def test_asks_the_database_once(self):
        make_signature()

        with self.assertNumQueries(1):
            self.client.get(reverse("share"))
