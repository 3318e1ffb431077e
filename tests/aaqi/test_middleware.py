from django.conf import settings
from django.test import Client, TestCase
from django.urls import reverse

from tests.factories import FORM, make_voice
from voices.models import Submission

FORM_TYPE = "application/x-www-form-urlencoded"


class RequestLimitsTests(TestCase):
    def test_a_body_over_the_limit_gets_an_uncached_413(self):
        typed = {**FORM, "statement": "x" * settings.DATA_UPLOAD_MAX_MEMORY_SIZE}

        response = self.client.post(reverse("voices:add"), typed)

        self.assertEqual(response.status_code, 413)
        self.assertTemplateUsed(response, "413.html")
        self.assertIn("no-store", response["Cache-Control"])
        self.assertFalse(Submission.objects.exists())

    def test_it_is_refused_at_any_url(self):
        for path in ("/", "/voices/check-your-email/none/", "/admin/login/", "/none"):
            response = self.client.post(
                path, b"x" * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1), FORM_TYPE
            )

            self.assertEqual(response.status_code, 413, path)

    def test_an_invalid_content_length_is_ignored(self):
        response = self.client.get("/", CONTENT_LENGTH="many")

        self.assertEqual(response.status_code, 200)

    def test_a_body_in_another_charset_is_refused(self):
        for charset in ("utf-16", "utf-7", "latin-1", "rot13", "surrogatepass"):
            response = self.client.generic(
                "POST",
                reverse("voices:add"),
                "name=Ana".encode("utf-16"),
                f"{FORM_TYPE}; charset={charset}",
            )

            self.assertContains(response, "We couldn’t read that", status_code=400)
            self.assertIn("no-store", response["Cache-Control"])
        self.assertFalse(Submission.objects.exists())

    def test_every_spelling_of_utf_8_is_accepted(self):
        for charset in ("utf-8", "UTF-8", '"utf-8"'):
            response = self.client.post(
                reverse("voices:add"), b"name=Ana", f"{FORM_TYPE}; charset={charset}"
            )

            self.assertEqual(response.status_code, 422, charset)

    def test_too_many_fields_are_refused(self):
        body = "&".join(["a=b"] * (settings.DATA_UPLOAD_MAX_NUMBER_FIELDS + 1))

        response = self.client.post(reverse("voices:add"), body, FORM_TYPE)

        self.assertContains(response, "We couldn’t read that", status_code=400)

    def test_too_many_parameters_are_refused_at_any_url(self):
        query = "&".join(["a"] * (settings.DATA_UPLOAD_MAX_NUMBER_FIELDS + 1))
        for path in (
            "/",
            "/voices/add/",
            "/voices/manage/",
            "/accounts/login/",
            "/no/",
        ):
            for method in ("GET", "HEAD", "POST", "PUT", "OPTIONS", "FOO"):
                with self.subTest(path=path, method=method):
                    response = self.client.generic(method, f"{path}?{query}")

                    self.assertEqual(response.status_code, 400)

    def test_a_broken_multipart_body_is_no_server_error(self):
        for body in (b"", b"--x", b"--x\r\nContent-Disposition: form-data\r\n\r\n"):
            response = self.client.post(
                reverse("voices:add"), body, "multipart/form-data; boundary=x"
            )

            self.assertIn(response.status_code, {400, 422})

    def test_an_unreadable_body_is_no_error_at_an_unknown_url(self):
        client = Client(enforce_csrf_checks=True)
        client.cookies[settings.CSRF_COOKIE_NAME] = "a" * 32
        many = b"&".join([b"a=b"] * (settings.DATA_UPLOAD_MAX_NUMBER_FIELDS + 1))
        for path in ("/nothere/", "/voices/unsubscribe/nothing/", "/voices/9999999/"):
            for body, content_type in (
                (b"abc", "multipart/form-data"),
                (b"abc", "multipart/form-data; boundary=\xff"),
                (b"--x\r\n" + b"a: b\r\n" * 2000, "multipart/form-data; boundary=x"),
                (many, FORM_TYPE),
            ):
                with self.subTest(path=path, content_type=content_type):
                    response = client.generic(
                        "POST",
                        path,
                        body,
                        content_type,
                        headers={"origin": "http://testserver"},
                    )
                    self.assertIn(response.status_code, {400, 403, 404, 405})


class NoStoreByDefaultTests(TestCase):
    def test_pages_are_not_cached_by_default(self):
        for path in ("/healthz", "/voices/add/", "/admin/login/"):
            self.assertIn("no-store", self.client.get(path)["Cache-Control"], path)

    def test_error_responses_of_public_pages_are_not_cached(self):
        waiting = make_voice()

        for path in ("/voices/?state=XX", waiting.get_absolute_url(), "/none/"):
            response = self.client.get(path)

            self.assertEqual(response.status_code, 404)
            self.assertIn("no-store", response["Cache-Control"])
            self.assertNotIn("s-maxage", response["Cache-Control"])
            self.assertNotIn("ETag", response)


class ProbeTests(TestCase):
    def test_a_probe_may_send_any_host(self):
        for path in ("/healthz", "/readyz"):
            response = self.client.get(path, headers={"host": "10.0.0.7"})

            self.assertEqual(response.status_code, 200)

    def test_a_visitor_may_not(self):
        response = self.client.get("/", headers={"host": "10.0.0.7"})

        self.assertEqual(response.status_code, 400)


class BrowserPoliciesTests(TestCase):
    def test_every_response_has_the_browser_policies(self):
        for path in ("/", "/voices/add/", "/none/", "/admin/login/", "/healthz"):
            response = self.client.get(path)

            policy = response["Permissions-Policy"]
            self.assertIn("camera=()", policy, path)
            # Passkey sign-in and the copy button.
            self.assertNotIn("publickey", policy)
            self.assertNotIn("clipboard", policy)
            self.assertEqual(response["Cross-Origin-Resource-Policy"], "same-origin")
