from xml.etree import ElementTree as ET

from django.conf import settings
from django.test import TestCase
from django.urls import reverse
from django.utils import timezone

from tests.factories import make_published_voice, make_signature, make_voice
from voices.managing import changes

ATOM = "{http://www.w3.org/2005/Atom}"


class FeedTests(TestCase):
    path = reverse("voices:feed")

    def entries(self):
        return ET.fromstring(self.client.get(self.path).content).findall(f"{ATOM}entry")

    def texts(self, name):
        return [entry.findtext(f"{ATOM}{name}") for entry in self.entries()]

    def test_holds_the_statements_newest_first(self):
        now = timezone.now()
        make_published_voice(name="First", published_at=now)
        make_published_voice(name="Later", published_at=now + timezone.timedelta(1))
        make_published_voice(name="Silent", statement="")
        make_voice(name="Waiting")

        self.assertEqual(
            self.texts("title"), ["Later, Columbus, Ohio", "First, Columbus, Ohio"]
        )

    def test_is_atom_with_the_sites_own_addresses(self):
        voice = make_published_voice()

        response = self.client.get(self.path, headers={"host": "127.0.0.1"})

        self.assertTrue(response["Content-Type"].startswith("application/atom+xml"))
        self.assertContains(response, f"{settings.SITE_URL}{voice.get_absolute_url()}")
        self.assertNotContains(response, "127.0.0.1")

    def test_words_are_text_and_never_markup(self):
        make_published_voice(name="A & <b>", statement="Say <i>no</i>.\n\nAnd & on.")

        (summary,) = self.texts("summary")

        self.assertEqual(
            summary, "<p>“Say &lt;i&gt;no&lt;/i&gt;.</p>\n\n<p>And &amp; on.”</p>"
        )
        self.assertTrue(self.texts("title")[0].startswith("A & <b>, "))

    def test_a_voice_without_a_place_has_its_name_only(self):
        make_published_voice(name="Ana", city="", state="")

        self.assertEqual(self.texts("title"), ["Ana"])

    def test_a_withdrawn_voice_vanishes_from_it(self):
        older = make_published_voice(name="Older")
        make_published_voice(name="Newest")
        first = self.client.get(self.path)

        changes.withdraw(make_signature(voice=older))
        again = self.client.get(self.path, headers={"if-none-match": first["ETag"]})

        self.assertContains(first, "Older")
        self.assertEqual(again.status_code, 200)
        self.assertNotContains(again, "Older")
        # With a Last-Modified of the newest date, readers would never notice the
        # withdrawal.
        self.assertNotIn("Last-Modified", first)

    def test_an_unchanged_feed_gets_a_304(self):
        make_published_voice()
        etag = self.client.get(self.path)["ETag"]

        response = self.client.get(self.path, headers={"if-none-match": etag})

        self.assertEqual(response.status_code, 304)

    def test_takes_one_query_and_is_bounded(self):
        for _ in range(52):
            make_published_voice()

        with self.assertNumQueries(1):
            response = self.client.get(self.path)

        self.assertEqual(response.content.count(b"<entry>"), 50)

    def test_the_wall_links_to_it(self):
        self.assertContains(
            self.client.get(reverse("voices:list")),
            f'type="application/atom+xml" href="{self.path}"',
        )
