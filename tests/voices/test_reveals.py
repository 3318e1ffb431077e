from django.contrib.auth.models import Permission
from django.db import DatabaseError, connection, transaction
from django.test import TestCase
from django.urls import reverse
from django.utils import timezone

from tests.factories import make_signature, make_staff
from tests.rights import REFUSED
from voices.models import Reveal

LISTS = ["signature", "quarantinedsignature"]


class RevealTests(TestCase):
    def setUp(self):
        self.by = make_staff()
        self.client.force_login(self.by)
        self.rows = {
            "signature": make_signature(email="ana.reyes@example.com"),
            "quarantinedsignature": make_signature(
                email="bo.diaz@example.com",
                counted_at=None,
                quarantined_at=timezone.now(),
            ),
        }

    def address(self, model, page, *args):
        return reverse(f"admin:voices_{model}_{page}", args=args)

    def test_lists_and_pages_mask_every_address(self):
        for model, row in self.rows.items():
            pages = (
                self.address(model, "changelist"),
                self.address(model, "change", row.pk),
            )
            for path in pages:
                with self.subTest(path):
                    response = self.client.get(path)
                    self.assertContains(response, row.name)
                    self.assertNotContains(response, row.email)
                    self.assertNotContains(response, row.email_key)
            self.assertContains(response, "•••@example.com")
        self.assertEqual(Reveal.objects.count(), 0)

    def test_the_button_shows_the_address_and_logs_who_saw_it(self):
        for model, row in self.rows.items():
            path = self.address(model, "reveal", row.pk)
            page = self.client.get(self.address(model, "change", row.pk))

            response = self.client.post(path)

            self.assertContains(page, f'action="{path}"')
            self.assertContains(response, row.email)
            self.assertIn("no-store", response["Cache-Control"])
            seen = Reveal.objects.latest("pk")
            self.assertEqual((seen.by, seen.signature_id), (self.by, row.pk))

    def test_following_a_link_shows_nothing(self):
        for model, row in self.rows.items():
            response = self.client.get(self.address(model, "reveal", row.pk))

            self.assertEqual(response.status_code, 405)
        self.assertEqual(Reveal.objects.count(), 0)

    def test_permission_to_view_is_no_permission_to_reveal(self):
        reader = make_staff("reader", is_superuser=False)
        reader.user_permissions.add(Permission.objects.get(codename="view_signature"))
        self.client.force_login(reader)
        row = self.rows["signature"]

        page = self.client.get(self.address("signature", "change", row.pk))
        response = self.client.post(self.address("signature", "reveal", row.pk))

        self.assertNotContains(page, "Reveal the email address")
        self.assertEqual(response.status_code, 403)

    def test_a_missing_signature_is_not_logged(self):
        for pk in (0, 10**30):
            response = self.client.post(self.address("signature", "reveal", pk))

            self.assertEqual(response.status_code, 404)
        self.assertEqual(Reveal.objects.count(), 0)

    def test_the_log_survives_the_erasure_of_the_signature(self):
        row = self.rows["signature"]
        self.client.post(self.address("signature", "reveal", row.pk))
        number = row.pk

        row.erase()

        self.assertEqual(Reveal.objects.get().signature_id, number)
        log = self.client.get(reverse("admin:voices_reveal_changelist"))
        self.assertContains(log, number)

    def test_the_log_can_be_neither_changed_nor_deleted(self):
        Reveal.objects.create(signature=self.rows["signature"], by=self.by)
        for change in (
            "UPDATE voices_reveal SET at = now()",
            "DELETE FROM voices_reveal",
        ):
            with (
                self.subTest(change),
                self.assertRaisesRegex(DatabaseError, REFUSED),
                transaction.atomic(),
                connection.cursor() as cursor,
            ):
                cursor.execute(change)
