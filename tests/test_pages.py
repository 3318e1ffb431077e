import re

from django.test import TestCase
from django.urls import get_resolver, resolve
from django.views.generic import RedirectView

from tests.pages import NOT_PAGES, PAGES, PLAIN

# The admin's pages for each model, as far as its permissions allow them.
OF_EACH_ROW = (
    r"^admin:[a-z]+_[a-z]+_(add|history|simple_history|delete)$"
    rf"|^admin:[a-z]+_({'|'.join(sorted(PLAIN))})_(changelist|change|preview)$"
)


def view_names(patterns, spaces=()):
    """Yield the names of all views under these patterns, with their namespaces."""
    for pattern in patterns:
        if hasattr(pattern, "url_patterns"):
            inner = [pattern.namespace] if pattern.namespace else []
            yield from view_names(pattern.url_patterns, [*spaces, *inner])
        elif not is_fallback(pattern.callback):
            yield ":".join([*spaces, pattern.name or pattern.lookup_str])


def is_fallback(view):
    """Whether a view only redirects or responds with a 404."""
    return (
        getattr(view, "view_class", None) is RedirectView
        or getattr(view, "__name__", "") == "catch_all_view"
    )


class RegistryTests(TestCase):
    def test_no_page_is_forgotten(self):
        known = {
            resolve(page.path().partition("?")[0]).view_name
            for page in PAGES
            if page.name not in {"404"}
        }

        forgotten = set(view_names(get_resolver().url_patterns)) - known - NOT_PAGES

        self.assertEqual({n for n in forgotten if not re.match(OF_EACH_ROW, n)}, set())

    def test_names_are_unique(self):
        names = [page.name for page in PAGES]

        self.assertEqual(len(names), len(set(names)))

    def test_every_exception_exists(self):
        names = set(view_names(get_resolver().url_patterns))

        self.assertEqual(NOT_PAGES - names, set())
