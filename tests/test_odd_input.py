"""No request, whatever its URL, method, or headers, causes a server error."""

import re

from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.test import TestCase
from django.urls import get_resolver

from aaqi.staff import name_in_address
from tests.accounts.steps import sign_in
from tests.accounts.test_every_address import make_a_row_of_each
from tests.factories import make_rankings, make_staff

PART = re.compile("<[^>]+>")
VALUES = (
    *("", "-1", "9" * 30, "x" * 3000, "0000-00-00", "TX%00"),
    *("%FF%FE", "%ED%A0%80", "%F0%9F%98%80", "%D9%A1"),
)
# Query parameters of public pages.
NAMES = (
    *("state", "profession", "q", "before", "sort", "s", "kind", "theme", "from"),
    *("voice",),
)
ASKED = (
    *("/", "/voices/", "/voices/add/", "/embed/", "/faq/", "/cases/", "/rankings/"),
    *("/search/", "/rankings/compare/", "/rankings/report/", "/voices/founding/"),
    "/accounts/login/",
)


def routes(patterns=None, above="/"):
    """Yield the pattern of every URL, as written in urls.py."""
    for each in get_resolver().url_patterns if patterns is None else patterns:
        route = above + str(each.pattern)
        if hasattr(each, "url_patterns"):
            yield from routes(each.url_patterns, route)
        elif not re.search(r"[\\^$(]", route):
            yield route


class OddInputTests(TestCase):
    """Requests come from a superuser, because anyone else would be refused earlier."""

    @classmethod
    def setUpTestData(cls):
        cls.staff = make_staff("somebody")
        make_a_row_of_each(cls.staff)
        make_rankings("2026-01-01")

    def setUp(self):
        sign_in(self.client, self.staff)

    def ask(self, address, method="GET", **data):
        response = self.client.generic(method, address, **data)
        self.assertLess(response.status_code, 500, f"{method} {address[:200]}")
        return response

    def test_there_are_urls_to_request(self):
        found = [*routes()]

        self.assertGreater(len(found), 200)
        self.assertIn("/rankings/<slug:slug>/", found)

    def test_path_parameters_can_be_anything(self):
        for route in routes():
            for value in VALUES if PART.search(route) else ():
                self.ask(PART.sub(lambda match, value=value: value, route))

    def test_methods_can_be_anything(self):
        for route in routes():
            for method in ("HEAD", "OPTIONS", "PUT", "TRACE", "WHAT"):
                self.ask(PART.sub("1", route), method)
        # One of the requests signed out.
        sign_in(self.client, self.staff)

    def test_query_parameters_can_be_anything(self):
        for path in ASKED:
            for value in VALUES:
                for name in NAMES:
                    self.ask(f"{path}?{name}={value}")
                self.ask(f"{path}?next={value}&{'&'.join(['s=TX'] * 300)}")

    def test_admin_list_parameters_can_be_anything(self):
        for model, model_admin in admin.site._registry.items():
            path = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
            filters = [name_in_address(each) for each in model_admin.list_filter]
            for name in (*filters, "q", "p", "o", "id__in"):
                for value in ("9" * 30, "%FF", "'"):
                    self.ask(f"{path}?{name}={value}")
            # Each of these fails in the database if it gets that far.
            for name in ("id__regex", "pk__foo", "suspicions__exact", "at__year"):
                self.ask(f"{path}?{name}=(")

    def test_prefilled_admin_fields_can_be_anything(self):
        for model in admin.site._registry:
            path = f"/admin/{model._meta.app_label}/{model._meta.model_name}/add/"
            fields = [*model._meta.fields, *model._meta.many_to_many]
            for value in ("x", "9" * 30, "0001-01-01T00:00%2B14:00"):
                filled = "&".join(f"{field.name}={value}" for field in fields)
                self.ask(f"{path}?{filled}")

    def test_view_on_site_ids_can_be_anything(self):
        for kind in ContentType.objects.all():
            for value in ("9" * 5000, "x", "%00"):
                self.ask(f"/admin/r/{kind.pk}/{value}/")

    def test_selected_admin_rows_can_be_anything(self):
        for model in admin.site._registry:
            path = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
            for chosen in ("9" * 30, "9" * 5000, "x", "\0"):
                for action in ("publish", "delete_selected", "\0"):
                    response = self.client.post(
                        path, {"action": action, "index": 0, "_selected_action": chosen}
                    )
                    self.assertLess(response.status_code, 500, (path, action, chosen))

    def test_headers_can_be_anything(self):
        for headers in (
            {"if-none-match": 'W/"'},
            {"if-modified-since": "Sat, 99 Foo 99999 99:99:99 GMT"},
            {"cookie": "sessionid=\xff; csrftoken=x; messages=x"},
            {"x-forwarded-for": "\xff," * 50},
            {"range": "bytes=5-,x"},
            {"content-length": "9" * 30},
            {"content-type": "\xff/\xff; charset=\xff"},
        ):
            for path in ("/", "/voices/add/", "/rankings/data.csv", "/accounts/login/"):
                self.ask(path, headers=headers)
