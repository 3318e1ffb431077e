"""Pages declare what they show (core/public.py); here is whether that is true."""

import re
from datetime import timedelta
from io import StringIO
from unittest import mock

from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver, resolve
from django.utils import timezone

from core.public import Content
from core.triggers import SOON
from operations.warm import shown_by
from rankings.models import Edition
from tests.committed import CommittedTestCase, Listener
from tests.factories import (
    make_assessments,
    make_citation,
    make_edition,
    make_published_voice,
    make_signature,
)
from tests.faq.texts import make_case, make_entry, make_question
from tests.pages import PUBLIC
from tests.voices.test_petition import ask_for_something_else

FILES = [
    *("/robots.txt", "/sitemap.xml", "/.well-known/security.txt", "/card.png"),
    *("/sitemap/pages.xml", "/sitemap/voices-0.xml", "/sitemap/rankings.xml"),
    *("/voices/feed/", "/voices/counts.csv", "/voices/counts.json"),
    *("/rankings/data.csv", "/rankings/data.json", "/rankings/ohio/card.png"),
    *("/rankings/editions/2026-11-22/data.csv", "/cases/jessop-v-fresno/card.png"),
    *("/rankings/editions/2026-11-22/data.json", "/rankings/changes/feed/"),
]
READ = re.compile(r'(?:FROM|JOIN) "(\w+)"')
# A card is stored under what it shows, so it changes with that.
STORED = {"cards_card"}


def publish_edition():
    edition = make_edition("2026-11-28", published_at=None)
    texas = make_assessments(edition, TX={"summary": "A new law."})[0]
    make_citation(texas)
    Edition.objects.filter(pk=edition.pk).update(published_at=timezone.now())


def sign_yesterday():
    day = timezone.now() - timedelta(days=1)
    for _ in range(12):
        make_signature(name_display="unlisted", counted_at=day, state="OH")


# How each table that public pages read can change. Triggers alone write the tallies.
CHANGES = {
    "voices_tally": [sign_yesterday],
    "voices_daytally": [sign_yesterday],
    "voices_petition": [ask_for_something_else],
    "voices_voice": [
        lambda: make_published_voice(statement="One more.", profession="Nurse"),
        "UPDATE voices_voice SET statement = 'Others.' WHERE published_at IS NOT NULL",
        "UPDATE voices_voice SET featured_at = now() WHERE status = 'published'",
        "UPDATE voices_voice SET state = 'TX', profession_group = 'legal'",
        "UPDATE voices_voice SET withdrawn_at = now(), featured_at = NULL",
        "UPDATE voices_voice SET withdrawn_at = NULL",
        "DELETE FROM voices_voice WHERE founding_number IS NOT NULL",
    ],
    "voices_reason": [
        "UPDATE voices_reason SET explanation = 'Another.'",
        "UPDATE voices_reason SET active = false",
    ],
    "voices_monthfigure": [
        "INSERT INTO voices_monthfigure (month, name, detail, number) "
        "VALUES ('2026-03-01', 'received', '', 12)",
    ],
    "faq_question": [
        make_question,
        "UPDATE faq_question SET question = 'Why?', answer = 'Because.'",
        "UPDATE faq_question SET publish_at = NULL",
    ],
    "faq_case": [
        lambda: make_case(state="OH"),
        "UPDATE faq_case SET title = 'Other v. Other', summary = 'Another.'",
        "DELETE FROM faq_case WHERE slug <> 'jessop-v-fresno'",
    ],
    "faq_page": [
        "UPDATE faq_page SET body = body || ' More.'",
        "UPDATE faq_page SET publish_at = NULL WHERE slug = 'about'",
    ],
    "faq_chart": ["UPDATE faq_chart SET title = 'Other.'"],
    "faq_timelineentry": [make_entry, "UPDATE faq_timelineentry SET title = 'Other.'"],
    "rankings_edition": [
        "UPDATE rankings_edition SET title = 'Other.', notes = 'Other.'",
        publish_edition,
    ],
    "rankings_assessment": [publish_edition],
    "rankings_citation": [
        "UPDATE rankings_citation SET checked_at = now(), checked_by = 'A. Lawyer'",
    ],
}


def public_views(patterns=None):
    for each in get_resolver().url_patterns if patterns is None else patterns:
        if hasattr(each, "url_patterns"):
            yield from public_views(each.url_patterns)
        elif hasattr(each.callback, "shows"):
            yield each.callback


class ShownTests(CommittedTestCase):
    def setUp(self):
        super().setUp()
        call_command("prepare", verbosity=0, stdout=StringIO())
        self.voice = make_published_voice(state="OH")
        self.listener = Listener()
        self.addCleanup(self.listener.connection.close)
        paths = [
            *(page.path() for page in PUBLIC if page.status == 200 and not page.then),
            *(*FILES, f"{self.voice.get_absolute_url()}card.png"),
        ]
        # One page of each view is enough, and one with a query.
        self.paths = {
            (self.view(path), "?" in path): path
            for path in reversed(paths)
            if hasattr(self.view(path), "shows")
        }.values()

    def view(self, path):
        return resolve(path.partition("?")[0]).func

    def read(self):
        """Return what a reader gets at each path."""
        pages = {path: self.client.get(path) for path in self.paths}
        return {path: (page.status_code, page.content) for path, page in pages.items()}

    def heard(self):
        """Return what the database has named as changed."""
        return {Content(each.removesuffix(SOON)) for each in self.listener.hear()}

    def forgotten(self, change, before):
        """Return the pages that a change alters without dropping them, and all others.

        That is, whose declaration lacks what the database names.
        """
        if isinstance(change, str):
            with connection.cursor() as cursor:
                cursor.execute(change)
        else:
            change()
        heard, after = self.heard(), self.read()
        altered = [path for path in self.paths if after[path] != before[path]]
        match = {path: resolve(path.partition("?")[0]) for path in altered}
        return [path for path in altered if not heard & shown_by(match[path])], after

    def test_a_change_drops_every_page_that_it_alters(self):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            before = self.read()
        read = {name for each in queries for name in READ.findall(each["sql"])}
        self.assertEqual(read - STORED, set(CHANGES))
        self.assertEqual({self.view(path) for path in self.paths}, {*public_views()})
        self.heard()

        done = set()
        for table, changes in CHANGES.items():
            for change in changes:
                if change in done:
                    continue
                done.add(change)
                forgotten, after = self.forgotten(change, before)

                with self.subTest(table, change=change):
                    self.assertEqual(forgotten, [])
                    self.assertNotEqual(before, after, "It alters no page.")
                before = after

    def test_a_page_that_declares_too_little_is_found(self):
        self.paths = ["/", "/voices/", "/share/"]
        before = self.read()
        self.heard()

        with mock.patch.object(self.view("/share/"), "shows", frozenset()):
            forgotten, _ = self.forgotten(sign_yesterday, before)

        self.assertEqual(forgotten, ["/share/"])
