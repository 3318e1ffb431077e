import logging
from contextlib import contextmanager
from io import StringIO
from unittest import mock

from django.db import IntegrityError
from django.test import Client, TestCase
from django.urls import reverse

from aaqi.logs import RouteInsteadOfPath
from tests.factories import FORM, make_submission, not_me_url


@contextmanager
def logged():
    """Collect what the site's own handler would write to standard error."""
    handler = next(
        handler
        for handler in logging.getLogger("django").handlers
        if any(isinstance(each, RouteInsteadOfPath) for each in handler.filters)
    )
    text = StringIO()
    before = handler.setStream(text)
    try:
        yield text
    finally:
        handler.setStream(before)


class LogTests(TestCase):
    def test_an_unknown_link_is_logged_by_its_route(self):
        with logged() as text:
            self.client.get("/voices/confirm/secret-token/?q=private")

        self.assertIn("Not Found: /voices/confirm/<token:token>/", text.getvalue())
        self.assertNotIn("secret-token", text.getvalue())
        self.assertNotIn("private", text.getvalue())

    def test_a_link_copied_with_its_closing_quotation_mark_is_not_logged(self):
        with logged() as text:
            self.client.get("/voices/confirm/secret-token/”/")

        self.assertIn("Not Found: (no route)", text.getvalue())
        self.assertNotIn("secret-token", text.getvalue())

    def test_an_address_that_nothing_matches_is_not_logged(self):
        with logged() as text:
            self.client.get("/voices/confirm/secret-token/typo/")

        self.assertIn("Not Found: (no route)", text.getvalue())
        self.assertNotIn("secret-token", text.getvalue())

    def test_a_refused_form_is_logged_by_its_route(self):
        path = not_me_url(make_submission())

        with logged() as text:
            Client(enforce_csrf_checks=True).post(path)

        self.assertIn("Forbidden", text.getvalue())
        self.assertNotIn(path, text.getvalue())

    def test_an_error_is_logged_with_its_place_and_without_what_was_typed(self):
        client = Client(raise_request_exception=False)
        error = IntegrityError("Key (email_key)=(ana@example.com) already exists.")

        with (
            logged() as text,
            mock.patch("voices.signing.views.defer_confirmation", side_effect=error),
        ):
            response = client.post(reverse("voices:add"), FORM)

        self.assertEqual(response.status_code, 500)
        self.assertIn("IntegrityError", text.getvalue())
        self.assertIn("signing/views.py", text.getvalue())
        self.assertNotIn("ana@example.com", text.getvalue())
