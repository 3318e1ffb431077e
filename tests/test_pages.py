import re

from django.test import TestCase
from django.urls import get_resolver, resolve
from django.views.generic import RedirectView

from tests.pages import NOT_PAGES, PAGES, PLAIN

# What the admin has for each kind of row, as far as its rules let staff do it.
OF_EACH_ROW = (
    r"^admin:[a-z]+_[a-z]+_(add|history|simple_history|delete)$"
    rf"|^admin:[a-z]+_({'|'.join(sorted(PLAIN))})_(changelist|change|preview)$"
)


def view_names(patterns, spaces=()):
    """The names of all views below these patterns, each with its namespaces."""
    for pattern in patterns:
        if hasattr(pattern, "url_patterns"):
            inner = [pattern.namespace] if pattern.namespace else []
            yield from view_names(pattern.url_patterns, [*spaces, *inner])
        elif not is_fallback(pattern.callback):
            yield ":".join([*spaces, pattern.name or pattern.lookup_str])


def is_fallback(view):
    """Whether a view only sends on, or says that there is nothing."""
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

    def test_each_has_a_name_of_its_own(self):
        names = [page.name for page in PAGES]

        self.assertEqual(len(names), len(set(names)))

    def test_what_is_said_to_be_no_page_is_there(self):
        names = set(view_names(get_resolver().url_patterns))

        self.assertEqual(NOT_PAGES - names, set())
