from io import StringIO
from unittest import mock

from django.core.management import call_command
from django.test import TestCase
from django.urls import reverse

from cards import models
from cards.models import Busy, Card
from faq.models import Case


def url_of(case):
    return reverse("faq:card", args=[case.slug])


class CaseCardTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        call_command("load_content", stdout=StringIO())

    def test_a_case_has_a_card_that_is_drawn_once(self):
        case = Case.objects.public().first()

        first = self.client.get(url_of(case))
        with self.assertNumQueries(2):
            again = self.client.get(url_of(case))

        self.assertEqual(first["Content-Type"], "image/png")
        self.assertEqual(first["Cross-Origin-Resource-Policy"], "cross-origin")
        self.assertIn("s-maxage=2", first["Cache-Control"])
        self.assertEqual(first.content, again.content)
        self.assertEqual(Card.objects.get().key, f"cases/{case.slug}")

    def test_its_page_names_it(self):
        case = Case.objects.public().first()

        self.assertContains(
            self.client.get(case.get_absolute_url()), f'{url_of(case)}">'
        )

    def test_a_case_that_changes_gets_another(self):
        case = Case.objects.public().first()
        before = self.client.get(url_of(case)).content

        for field in ("summary", "outcome_sentence"):
            Case.objects.filter(pk=case.pk).update(**{field: "It was told otherwise."})
            after = self.client.get(url_of(case)).content

            self.assertNotEqual(after, before)
            before = after
        self.assertEqual(Card.objects.count(), 1)

    def test_a_draft_has_none(self):
        case = Case.objects.public().first()
        self.client.get(url_of(case))

        Case.objects.filter(pk=case.pk).update(publish_at=None)

        self.assertEqual(self.client.get(url_of(case)).status_code, 404)
        self.assertEqual(self.client.get("/cases/none/card.png").status_code, 404)
        self.assertFalse(Card.objects.exists())

    def test_a_case_that_is_deleted_takes_its_card_with_it_and_no_other(self):
        case, other = Case.objects.public()[:2]
        self.client.get(url_of(case))
        self.client.get(url_of(other))

        case.delete()

        self.assertEqual(Card.objects.get().key, f"cases/{other.slug}")

    def test_what_the_card_does_not_say_leaves_it(self):
        case = Case.objects.public().first()
        self.client.get(url_of(case))

        Case.objects.filter(pk=case.pk).update(order=3, body="More of the story.")

        self.assertEqual(Card.objects.count(), 1)

    def test_who_waits_too_long_is_asked_to_come_back(self):
        case = Case.objects.public().first()

        with mock.patch.object(models, "lock_drawing", side_effect=Busy):
            response = self.client.get(url_of(case))

        self.assertEqual(response.status_code, 503)
