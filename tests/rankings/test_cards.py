import json
import re
from unittest import mock

from django.conf import settings
from django.test import TestCase, override_settings
from django.urls import reverse

from cards import models
from cards.models import Busy, Card
from rankings import cards
from tests.factories import (
    make_assessment,
    make_edition,
    make_published_assessment,
    make_rankings,
)

OHIO = reverse("rankings:card", args=["ohio"])


class StateCardTests(TestCase):
    def setUp(self):
        self.ohio = make_published_assessment(
            "OH",
            right_to_sue="statute",
            immunity="barred",
            covers="all",
            payer="employer",
        )

    def test_a_state_has_a_card_that_is_drawn_once(self):
        first = self.client.get(OHIO)
        with self.assertNumQueries(3):
            again = self.client.get(OHIO)

        self.assertEqual(first["Content-Type"], "image/png")
        self.assertEqual(first["Cross-Origin-Resource-Policy"], "cross-origin")
        self.assertIn("s-maxage=2", first["Cache-Control"])
        self.assertEqual(first.content, again.content)
        self.assertEqual(Card.objects.get().key, "rankings/ohio")

    def test_says_grade_points_and_edition(self):
        face = cards.face_of(self.ohio)

        self.assertEqual(face.words, "Ohio")
        self.assertEqual(face.badge, "A")
        self.assertRegex(face.name, r"^\d+ of 100 points$")
        self.assertEqual(face.number, "State rankings, November 2026")

    def test_a_range_and_a_provisional_grade_are_told(self):
        facts = {"right_to_sue": "statute", "immunity": "applies", "covers": "all"}
        first = make_edition("2026-11-26", published_at=None)
        second = make_edition("2026-11-27", published_at=None)

        self.assertEqual(
            cards.face_of(make_assessment(second, "AR", **facts)).name,
            "50 to 60 of 100 points; the grade is provisional",
        )
        self.assertEqual(
            cards.face_of(make_assessment(first, "AR", **facts)).name,
            "50 of 100 points",
        )

    def test_a_state_that_is_not_assessed_has_neither_letter_nor_points(self):
        idaho = make_published_assessment("ID", "2026-11-23", right_to_sue="")

        face = cards.face_of(idaho)

        self.assertEqual(face.badge, "")
        self.assertEqual(face.name, "Not yet assessed")
        response = self.client.get(reverse("rankings:card", args=["idaho"]))
        self.assertEqual(response.status_code, 200)

    def test_a_new_edition_gets_another(self):
        before = self.client.get(OHIO).content
        make_published_assessment("OH", "2026-11-23", right_to_sue="unclear")
        draft = make_edition("2026-11-24", published_at=None)
        make_assessment(draft, "OH", right_to_sue="court")

        after = self.client.get(OHIO).content

        self.assertNotEqual(after, before)
        self.assertEqual(
            cards.face_of(cards.current_assessment("OH")).number,
            "State rankings, November 2026",
        )
        self.assertEqual(Card.objects.count(), 1)

    def test_there_is_none_of_a_state_that_is_not_there(self):
        for slug in ("atlantis", "texas"):
            response = self.client.get(reverse("rankings:card", args=[slug]))

            self.assertEqual(response.status_code, 404)

    def test_who_waits_too_long_is_asked_to_come_back(self):
        with mock.patch.object(models, "lock_drawing", side_effect=Busy):
            self.assertEqual(self.client.get(OHIO).status_code, 503)


class PreviewTests(TestCase):
    def test_a_states_page_names_its_card_and_a_past_one_that_of_the_site(self):
        for date in ("2025-01-01", "2026-01-01"):
            make_rankings(date)

        now = self.client.get("/rankings/ohio/")
        past = self.client.get("/rankings/editions/2025-01-01/ohio/")

        self.assertContains(now, f'{settings.SITE_URL}{OHIO}">')
        self.assertContains(past, f'{settings.SITE_URL}/card.png">')

    @override_settings(OPERATOR_NAME="Example Group", OPERATOR_URL="https://x.example/")
    def test_the_rankings_say_who_publishes_them(self):
        make_rankings()

        page = self.client.get("/rankings/").content.decode()

        text = re.search(r'<script type="application/ld\+json">(.*?)</script>', page)
        dataset = json.loads(text[1])
        self.assertEqual(dataset["creator"]["name"], settings.SITE_NAME)
        self.assertEqual(
            dataset["publisher"],
            {
                "@type": "Organization",
                "name": "Example Group",
                "url": "https://x.example/",
            },
        )

    def test_the_rankings_say_where_their_files_are(self):
        for date in ("2025-01-01", "2026-01-01"):
            make_rankings(date)

        for path, files in (
            ("/rankings/", "/rankings/data"),
            ("/rankings/editions/2025-01-01/", "/rankings/editions/2025-01-01/data"),
        ):
            page = self.client.get(path).content.decode()
            text = re.search(
                r'<script type="application/ld\+json">(.*?)</script>', page
            )
            dataset = json.loads(text[1])

            self.assertEqual(dataset["@type"], "Dataset")
            self.assertIn("creativecommons", dataset["license"])
            for each in dataset["distribution"]:
                address = each["contentUrl"].removeprefix(settings.SITE_URL)
                self.assertTrue(address.startswith(files))
                self.assertEqual(self.client.get(address).status_code, 200)
