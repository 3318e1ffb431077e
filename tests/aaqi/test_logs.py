import json
import logging
from contextlib import contextmanager
from io import StringIO
from unittest import mock

from django.db import IntegrityError
from django.test import Client, RequestFactory, SimpleTestCase, TestCase
from django.urls import reverse

from aaqi.logs import JsonLines, RouteInsteadOfPath, WithRequestId
from tests.factories import FORM, make_submission, not_me_url


@contextmanager
def logged():
    """Collect what the site's handler would write to standard error."""
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
            response = self.client.get("/voices/confirm/secret-token/”/")

        self.assertEqual(response.status_code, 301)
        self.assertNotIn("secret-token", text.getvalue())

    def test_a_url_without_a_route_is_not_logged(self):
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

    def test_an_error_is_logged_with_its_location_and_without_user_input(self):
        client = Client(raise_request_exception=False)
        error = IntegrityError("Key (email_key)=(ana@example.com) already exists.")

        with (
            logged() as text,
            mock.patch("voices.signing.views.queue_confirmation", side_effect=error),
        ):
            response = client.post(reverse("voices:add"), FORM)

        self.assertEqual(response.status_code, 500)
        self.assertIn("IntegrityError", text.getvalue())
        self.assertIn("signing/views.py", text.getvalue())
        self.assertNotIn("ana@example.com", text.getvalue())


@contextmanager
def lines():
    """Collect what a deployed site would write, parsed as JSON."""
    text = StringIO()
    handler = logging.StreamHandler(text)
    handler.addFilter(RouteInsteadOfPath())
    handler.addFilter(WithRequestId())
    handler.setFormatter(JsonLines())
    collected = []
    loggers = [logging.getLogger(name) for name in ("aaqi.access", "django")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel("INFO")
    try:
        yield collected
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.removeHandler(handler)
            logger.setLevel(level)
        collected += [json.loads(line) for line in text.getvalue().splitlines()]


class AccessLineTests(TestCase):
    def test_a_request_is_a_line_with_its_route_and_id(self):
        with lines() as found:
            self.client.get(
                "/voices/?q=private", headers={"X-Request-ID": "abcd-1234-efgh"}
            )

        (line,) = found
        self.assertGreaterEqual(line.pop("milliseconds"), 0)
        self.assertIn("20", line.pop("time"))
        self.assertEqual(
            line,
            {
                "level": "INFO",
                "logger": "aaqi.access",
                "message": "Request handled",
                "request_id": "abcd-1234-efgh",
                "method": "GET",
                "route": "/voices/",
                "status": 200,
            },
        )

    def test_a_token_link_is_logged_by_its_route_everywhere(self):
        with lines() as found:
            self.client.get("/voices/confirm/secret-token/?q=private")

        answered, refused = found
        self.assertIn("/voices/confirm/<token:token>/", refused["message"])
        self.assertEqual(answered["route"], "/voices/confirm/<token:token>/")
        self.assertEqual(refused["request_id"], answered["request_id"])
        self.assertNotIn("secret-token", json.dumps(found))
        self.assertNotIn("private", json.dumps(found))

    def test_an_unknown_path_and_method_are_not_logged(self):
        with lines() as found:
            self.client.generic("ANA@EXAMPLE.COM", "/ana@example.com/")

        self.assertEqual(found[0]["route"], "(no route)")
        self.assertEqual(found[0]["method"], "other")
        self.assertNotIn("example.com", json.dumps(found).lower())

    def test_an_invalid_request_id_is_replaced(self):
        for given in ("", "short", "x" * 65, "ana@example.com", "abcd\n1234567"):
            with lines() as found:
                self.client.get("/", headers={"X-Request-ID": given})

            self.assertRegex(found[0]["request_id"], r"\A[0-9a-f]{32}\Z", given)

    def test_an_error_is_one_line_with_its_location_and_without_its_text(self):
        client = Client(raise_request_exception=False)
        error = IntegrityError("Key (email_key)=(ana@example.com) already exists.")

        with (
            lines() as found,
            mock.patch("voices.signing.views.queue_confirmation", side_effect=error),
        ):
            client.post(reverse("voices:add"), FORM)

        self.assertIn("IntegrityError, raised at", found[0]["exc_info"])
        self.assertEqual(found[1]["status"], 500)
        self.assertNotIn("example.com", json.dumps(found))

    def test_a_probe_is_logged_only_when_it_fails(self):
        with lines() as found:
            self.client.get("/healthz")
            self.client.get("/readyz")
        self.assertEqual(found, [])

        with (
            lines() as found,
            mock.patch(
                "operations.health.known_migrations", return_value={("voices", "x")}
            ),
        ):
            self.client.get("/readyz")
        self.assertEqual((found[0]["route"], found[0]["status"]), ("/readyz", 503))


class JsonLinesTests(SimpleTestCase):
    def test_extra_attributes_of_a_record_are_not_written(self):
        request = RequestFactory().get("/voices/manage/secret-token/")
        record = logging.makeLogRecord(
            {"msg": "Done", "request": request, "job": {"email": "ana@example.com"}}
        )

        line = json.loads(JsonLines().format(record))

        self.assertEqual(line.keys(), {"time", "level", "message"})
