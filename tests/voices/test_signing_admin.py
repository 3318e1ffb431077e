from django.test import TestCase
from django.urls import reverse

from tests.factories import make_signature, make_staff

LIST = "admin:voices_signature_changelist"


class SignatureAdminTests(TestCase):
    def setUp(self):
        self.client.force_login(make_staff())
        self.signature = make_signature(email="alice@example.com", name="Alice Reyes")

    def test_addresses_are_masked_in_the_list(self):
        response = self.client.get(reverse(LIST))

        self.assertContains(response, "Alice Reyes")
        self.assertContains(response, "al•••@example.com")
        self.assertNotContains(response, "alice@example.com")

    def test_a_signer_is_found_by_the_whole_address(self):
        make_signature(email="bea@example.com", name="Bea Reyes")

        response = self.client.get(reverse(LIST), {"q": "alice@example.com"})

        self.assertContains(response, "Alice Reyes")
        self.assertNotContains(response, "Bea Reyes")

    def test_signatures_are_read_only(self):
        for name in ("change", "delete"):
            path = reverse(f"admin:voices_signature_{name}", args=[self.signature.pk])
            self.assertEqual(self.client.post(path).status_code, 403)
        self.assertEqual(
            self.client.post(reverse("admin:voices_signature_add")).status_code, 403
        )

    def test_takes_a_constant_number_of_queries(self):
        for _ in range(6):
            make_signature()

        with self.assertNumQueries(4):
            self.client.get(reverse(LIST))
