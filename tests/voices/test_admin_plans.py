"""Every admin list that grows is read by index, in pages from both ends."""

import re
from datetime import date, timedelta
from unittest import mock

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import TestCase
from django.urls import reverse
from django.utils import timezone

from core import admin as core_admin
from core.admin import LargeTable
from tests import owner
from tests.factories import (
    make_closed_report,
    make_published_voice,
    make_signature,
    make_staff,
    make_submission,
    make_voice,
)
from voices.figures import figures
from voices.letters import waits
from voices.letters.reminders import queue_reminders
from voices.models import (
    DayTally,
    Decision,
    DeletedTally,
    Letter,
    Signature,
    Tally,
    Update,
    Voice,
)
from voices.moderation.agreement import agreement, reasons_used
from voices.moderation.catches import look_back
from voices.moderation.flagging import flag_waiting
from voices.moderation.my_day import my_day
from voices.moderation.waiting import ages_of_voices
from voices.monthly import figures as monthly
from voices.tasks import fold_tallies, forget
from voices.updates.queue import queue_copies

QUEUE = "awaitingvoice"
# By list and query string, the index that finds the rows.
PLANS = {
    "voice": {
        "": "voices_voice_pkey",
        "p=-1": "voices_voice_pkey",
        "status=published": "voice_status",
        "status=declined": "voice_status",
        "status=waiting": "voice_waiting",
        "flag=any": "voice_flags",
        "flag=phone": "voice_flags",
        "flag=reported": "voice_reported_or_corrected",
        "flag=corrected": "voice_reported_or_corrected",
        "state__exact=OH": "voice_state",
        "profession_group__exact=teachers": "voice_group",
        "same-text={voice}": "voice_text",
        "reworded={voice}": "voice_text",
        "same-network={voice}": "signature_network",
        "q=reyes": "voice_words",
    },
    QUEUE: {
        "": "voice_waiting",
        "p=-1": "voice_waiting",
        "o=-3": "voice_waiting",
        "flag=same-text": "voice_text",
        "flag=phone": "voice_waiting|voice_flags",
        "state__exact=OH": "voice_waiting",
        "profession_group__exact=teachers": "voice_waiting",
    },
    "signature": {
        "": "signature_newest",
        "p=-1": "signature_newest",
        "o=4": "signature_newest",
        # Not sorted by name.
        "o=0": "voices_signature_pkey",
        "state__exact=OH": "signature_state",
        "name_display__exact=first": "signature_name_display",
        "q=reyes": "signature_words",
        "q=ana@example.com": "signature_one_for_each_address|signature_address_start",
    },
    "quarantinedsignature": {"": "signature_in_quarantine"},
    "invalidatedsignature": {
        "": "signature_invalidated",
        "objection=open": "objection_open",
    },
    "heldsubmission": {"": "submission_held"},
    "decision": {
        "": "voices_decision_pkey",
        "kind__exact=declined": "decision_kind",
        "by__id__exact=1": "decision_by",
        "batch__id__exact=1": "decision_batch",
    },
    "report": {
        "": "report_newly_closed",
        "closed_at__isempty=1": "report_open|report_newly_closed",
    },
    "rankingerror": {
        "": "ranking_error_newly_closed",
        "closed_at__isempty=1": "ranking_error_open|ranking_error_newly_closed",
    },
    "foundingrequest": {
        "": "founding_request_newly_closed",
        "closed_at__isempty=1": "founding_request_open|founding_request_newly_closed",
    },
    "letter": {
        "": "voices_letter_pkey",
        "signature__id__exact=1": r"voices_letter_pkey|voices_letter_signature_id_\w+",
    },
    "addresssearch": {
        "": "voices_addresssearch_pkey",
        "by__id__exact=1": r"voices_addresssearch_(pkey|by_id_\w+)",
    },
    "reveal": {
        "": "voices_reveal_pkey",
        "by__id__exact=1": "voices_reveal_pkey|voices_reveal_by_id_[0-9a-f]+",
    },
}
LARGE = (
    "voice|signature|submission|decision|report|letter|rankingerror|foundingrequest"
    "|reveal|addresssearch|tally|daytally|deletedtally|reading|appeal"
)
# How staff find a person: the query string or the fields sent, and the indexes used.
FOUND_BY_QUERY = {
    "name=reyes": ["voice_name_words"],
    "words=law": ["voice_words"],
    "name=reyes&words=law&city=Akron&state=OH": ["voice_(name_)?words"],
    "state=OH": ["voice_state"],
    "state=OH&before=1000": ["voice_state"],
    "names=full&name=reyes": ["signature_words"],
    "names=full&name=reyes&words=law": ["signature_words|voice_words"],
    "network={signature}": ["signature_network"],
}
BY_START = {"how": "start", "part": "ana.", "reason": "Why."}
BY_DOMAIN = {"how": "domain", "part": "example.com", "reason": "Why."}
FOUND_BY_FIELDS = {
    "whole": (
        "find",
        {"email": "ana@example.com"},
        [
            "signature_one_for_each_address|signature_address_start",
            "submission_address",
        ],
    ),
    "start": ("find_part", BY_START, ["signature_address_start"]),
    "domain": ("find_part", BY_DOMAIN, ["signature_domain"]),
}
OF_LARGE_TABLES = f"""
    FROM pg_class
    WHERE relkind = 'r' AND relname ~ '^voices_({LARGE})$'
"""


@pytest.fixture(scope="module", autouse=True)
def large_tables(django_db_setup):
    """Tell the planner of a million rows, however many earlier tests have left."""
    owner.execute(
        "SELECT pg_restore_relation_stats('schemaname', 'public', 'relname', "
        f"relname::text, 'relpages', 1, 'reltuples', 1000000::real) {OF_LARGE_TABLES}"
    )
    yield
    owner.execute(
        f"SELECT pg_clear_relation_stats('public', relname::text) {OF_LARGE_TABLES}"
    )


class Plans:
    """Collects the plan of each SELECT, as if the tables were large."""

    def __init__(self):
        self.found = []

    def __call__(self, execute, sql, params, many, context):
        reads = sql.lstrip().startswith(("SELECT", "WITH"))
        if reads and re.search(f"voices_({LARGE})\\b", sql):
            execute(f"EXPLAIN {sql}", params, many, context)
            self.found += [line for (line,) in context["cursor"].fetchall()]
        return execute(sql, params, many, context)

    @property
    def text(self):
        return "\n".join(self.found)


def explain(act):
    plans = Plans()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
    with connection.execute_wrapper(plans):
        act()
    return plans.text


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "query", "index"),
    [
        pytest.param(name, query, index, id=f"{name}?{query}")
        for name, queries in PLANS.items()
        for query, index in queries.items()
    ],
)
def test_a_list_is_read_by_an_index(client, name, query, index):
    client.force_login(make_staff())
    for state in ("OH", "TX"):
        signature = make_signature(state=state, network_hash="a" * 64)
        Decision.objects.create(
            voice=signature.voice, kind="kept", by=make_staff(state)
        )
    url = reverse(f"admin:voices_{name}_changelist")
    query = query.format(voice=signature.voice_id)

    plan = explain(lambda: client.get(f"{url}?{query}"))

    assert re.search(rf"(using|Index Scan on) ({index})\b", plan), plan
    assert not re.search(rf"Seq Scan on voices_({LARGE})\b", plan), plan


def make_people():
    """Two signatures from one network, with rows that are about them."""
    for state in ("OH", "TX"):
        signature = make_signature(
            email=f"ana.{state}@example.com", state=state, network_hash="a" * 64
        )
        make_closed_report(signature.voice, make_staff(state), timezone.now())
        hashed = {"address_hash": signature.address_hash}
        Letter.objects.create(kind="published", signature=signature, **hashed)
    return signature


@pytest.mark.django_db
@pytest.mark.parametrize("query", FOUND_BY_QUERY)
def test_people_are_found_by_an_index(client, query):
    client.force_login(make_staff())
    path = "/admin/find/?" + query.format(signature=make_people().pk)

    plan = explain(lambda: client.get(path))

    assert_found_by(FOUND_BY_QUERY[query], plan)


@pytest.mark.django_db
@pytest.mark.parametrize("name", FOUND_BY_FIELDS)
def test_people_are_found_by_an_index_on_addresses(client, name):
    client.force_login(make_staff())
    make_people()
    page, fields, indexes = FOUND_BY_FIELDS[name]

    plan = explain(lambda: client.post(reverse(f"admin:{page}"), fields))

    assert_found_by(indexes, plan)


def assert_found_by(indexes, plan):
    # Quarantined signatures are counted on each of these pages.
    for index in (*indexes, "signature_in_quarantine"):
        assert re.search(rf"(using|Index Scan on) ({index})\b", plan), plan
    assert not re.search(rf"Seq Scan on voices_({LARGE})\b", plan), plan


@pytest.mark.django_db
def test_links_between_rows_about_a_person_are_read_by_index(client):
    client.force_login(make_staff())
    signature = make_people()
    page = reverse("admin:voices_signature_change", args=[signature.pk])

    plan = explain(lambda: client.get(page))

    for column in ("report_voice_id", "decision_voice_id", "letter_signature_id"):
        assert re.search(rf"voices_{column}_\w+", plan), plan
    assert "signature_network" in plan
    assert not re.search(rf"Seq Scan on voices_({LARGE})\b", plan), plan


@pytest.mark.django_db
@pytest.mark.parametrize("query", ["", "?only=unflagged", "?only=held"])
def test_the_review_page_is_read_by_index(client, query):
    client.force_login(make_staff())
    make_signature()

    plan = explain(lambda: client.get(f"/admin/review/{query}"))

    used = set(re.findall(r"(?:using|Index Scan on) (\w+)", plan))
    assert used & {"voice_next", "voice_next_unflagged"}, plan
    assert not re.search(rf"Seq Scan on voices_({LARGE})\b", plan), plan


@pytest.mark.django_db
def test_the_figures_are_read_by_index():
    make_signature()

    plan = explain(figures)

    assert "signature_exceptional" in plan
    assert re.search(r"Limit.*\n.*submission_age", plan), plan
    assert "day_tally_cells" in plan
    assert "voice_status" in plan
    assert not re.search(rf"Seq Scan on voices_({LARGE})\b", plan), plan


@pytest.mark.django_db
def test_the_purge_reads_by_index():
    make_submission()
    make_closed_report(make_voice(), make_staff(), "2020-01-01T00:00Z")

    plan = explain(lambda: forget(0))

    for index in ("submission_age", "letter_age", "signature_with_hashes"):
        assert index in plan
    assert not re.search(rf"Seq Scan on voices_({LARGE})\b", plan), plan


@pytest.mark.django_db
def test_reminders_that_are_due_are_read_by_index():
    for days in (1, 3, 3):
        at = timezone.now() - timedelta(days=days)
        make_submission(submitted_at=at, mailed_at=at)

    plan = explain(queue_reminders)

    assert "submission_to_remind" in plan
    assert "letter_address" in plan
    # The rows are locked in the order of the index, without sorting all of them.
    assert "Sort" not in plan, plan
    assert not re.search(rf"Seq Scan on voices_({LARGE})\b", plan), plan


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "index"),
    [
        ("/voices/feed/", "voice_wall"),
        ("/sitemap.xml", "voices_voice_pkey"),
        ("/sitemap/voices-0.xml", "(voices_voice_pkey|voice_status)"),
    ],
)
def test_a_list_for_machines_is_read_by_an_index(client, path, index):
    make_published_voice()

    plan = explain(lambda: client.get(path))

    assert re.search(rf"Index (Only )?Scan.* using {index}\b", plan), plan
    assert "Seq Scan on voices_" not in plan, plan


@pytest.mark.django_db
def test_readers_of_an_update_are_read_by_index_in_order():
    signature = make_signature(updates=True)
    update = Update.objects.create(
        subject="News", body="Some.", queued_at=timezone.now(), queued_by=make_staff()
    )

    plan = explain(lambda: queue_copies(update.pk, after=signature.pk - 1))

    assert Letter.objects.filter(update=update).count() == 1
    assert "Index Scan using voices_signature_pkey" in plan, plan
    assert not re.search("Sort|Seq Scan on voices_", plan), plan


@pytest.mark.django_db
@pytest.mark.parametrize("count_waiting", [waits.measure, waits.by_lane])
def test_waiting_letters_are_counted_by_index_and_not_to_the_end(count_waiting):
    make_submission()

    plan = explain(count_waiting)

    assert re.search(r"Limit.*\n.*letter_in_flight", plan), plan
    assert "Seq Scan on voices_" not in plan, plan


def staff_day():
    my_day(get_user_model().objects.latest("pk"))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("read", "indexes"),
    [
        (staff_day, ["decision_by"]),
        (lambda: agreement(30), ["voices_reading_pkey"]),
        (lambda: reasons_used(30), ["decision_kind"]),
        (ages_of_voices, ["voice_waiting"]),
        (
            lambda: monthly.count(date(2026, 3, 1)),
            [
                *("submission_age", "signature_withdrawn", "appeal_at"),
                "voice_published",
                *("day_tally_cells", "deleted_tally_cells"),
            ],
        ),
    ],
    ids=["my day", "agreement", "reasons", "ages", "month"],
)
def test_moderations_figures_are_read_by_indexes(read, indexes):
    make_staff()
    make_voice()

    plan = explain(read)

    for index in indexes:
        assert re.search(rf"(using|Index Scan on) {index}\b", plan), (index, plan)
    assert not re.search(rf"Seq Scan on voices_({LARGE})\b", plan), plan


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("tallies", "index"),
    [
        (Tally.objects, "tally_cells"),
        (DayTally.objects, "day_tally_cells"),
        (DeletedTally.objects, "deleted_tally_cells"),
    ],
)
def test_a_step_of_folding_reads_only_its_own_rows(tallies, index):
    for state in ("OH", "OH", "OH", "TX", "TX"):
        make_signature(name_display="unlisted", state=state)
    for days in (1, 1, 1, 40, 40):
        at = timezone.now() - timedelta(days=days)
        make_submission(submitted_at=at).delete()

    with mock.patch("voices.wall.tallies.MAX_STEP", 4):
        plan = explain(tallies.fold)

    # The first step begins with the first cell, each other step with the last cell of
    # the one before.
    assert re.search(rf"Limit.*\n.*Index Scan using {index}\b", plan), plan
    assert "Index Cond: (ROW(" in plan, plan
    assert "Seq Scan on voices_" not in plan, plan


@pytest.mark.parametrize(
    "model",
    list(admin.site._registry),
    ids=lambda model: model.__name__,
)
def test_no_list_counts_all_rows(model):
    shown = admin.site.get_model_admin(model)

    assert not shown.show_full_result_count
    assert shown.show_facets is admin.ShowFacets.NEVER


def test_sorting_is_offered_only_for_columns_with_an_index():
    lists = admin.site._registry.values()
    large = [each for each in lists if isinstance(each, LargeTable)]

    offered = {each.opts.model_name: each.sortable_by for each in large}

    assert {name: columns for name, columns in offered.items() if columns} == {
        QUEUE: ("waiting",),
        "heldsubmission": ("waiting",),
        "quarantinedsignature": ("waiting",),
        "signature": ("confirmed_at",),
    }


@mock.patch.object(core_admin, "MAX_LISTED", 100)
class EndsTests(TestCase):
    """Pages are counted from both ends; the middle is for filters and searches."""

    url = reverse("admin:voices_voice_changelist")

    @classmethod
    def setUpTestData(cls):
        cls.voices = Voice.objects.bulk_create(
            Voice(name=f"Ada {number}", statement="Same.") for number in range(170)
        )
        cls.newest_first = [voice.pk for voice in reversed(cls.voices)]

    def setUp(self):
        self.client.force_login(make_staff())

    def page(self, query):
        response = self.client.get(f"{self.url}?{query}")
        return [voice.pk for voice in response.context["cl"].result_list]

    def test_pages_begin_at_either_end_and_keep_the_order(self):
        for number, rows in {
            1: self.newest_first[:50],
            2: self.newest_first[50:100],
            -1: self.newest_first[-50:],
            -2: self.newest_first[-100:-50],
        }.items():
            with self.subTest(page=number):
                self.assertEqual(self.page(f"p={number}"), rows)

    def test_there_are_no_pages_in_the_middle(self):
        for number in (3, -3, 0, 10**30):
            response = self.client.get(f"{self.url}?p={number}")

            self.assertRedirects(response, f"{self.url}?e=1")

    def test_a_list_says_that_it_has_more_and_links_to_the_last_page(self):
        first = self.client.get(self.url)
        last = self.client.get(f"{self.url}?p=-1")

        self.assertContains(first, "more than 100 voices")
        self.assertContains(first, 'href="?p=-1">last</a>')
        self.assertNotContains(first, 'href="?p=3"')
        self.assertContains(last, 'href="?p=1"')
        self.assertContains(last, 'href="?p=-2"')

    def test_a_short_list_has_its_exact_count_and_only_its_pages(self):
        Voice.objects.filter(pk__in=self.newest_first[:90]).delete()

        response = self.client.get(self.url)

        self.assertContains(response, "80 voices")
        self.assertContains(response, 'href="?p=2"')
        self.assertNotContains(response, "p=-1")
        self.assertEqual(self.page("p=2"), self.newest_first[140:])

    def test_a_search_stops_at_the_same_number(self):
        with self.assertNumQueries(18):
            response = self.client.get(f"{self.url}?q=same")

        self.assertContains(response, "more than 100 results")
        self.assertEqual(len(response.context["cl"].result_list), 50)

    def test_a_search_for_a_frequent_word_leaves_out_longer_words(self):
        adamant = make_voice(name="Adamant").pk

        self.assertNotIn(adamant, self.page("q=ada"))
        self.assertEqual(self.page("q=adam"), [adamant])

    def test_a_search_for_a_rare_word_finds_longer_words_too(self):
        adamant = make_voice(name="Adamant").pk
        Voice.objects.filter(pk__in=self.newest_first[:90]).delete()

        found = [*self.page("q=ada"), *self.page("q=ada&p=2")]

        self.assertEqual(found, [adamant, *self.newest_first[90:]])

    def test_a_search_within_a_filter_finds_what_matches_both(self):
        voice = make_published_voice(name="Ada", statement="Other.")

        self.assertEqual(self.page("q=ada&status=published"), [voice.pk])

    def test_a_column_without_an_index_is_not_sorted_by(self):
        names = reverse("admin:voices_signature_changelist")
        for name in ("Bea", "Ana", "Cleo"):
            make_signature(name=name)

        response = self.client.get(f"{names}?o=0")

        shown = [row.name for row in response.context["cl"].result_list]
        self.assertEqual(shown, ["Cleo", "Ana", "Bea"])


class StepsTests(TestCase):
    """Jobs on large tables work in steps."""

    def test_the_purge_deletes_in_steps(self):
        make_submission(submitted_at="2020-01-01T00:00Z")
        for _ in range(4):
            make_submission(submitted_at="2020-01-01T00:00Z")
            make_signature(submitted_at="2020-01-01T00:00Z", network_hash="a" * 64)

        with mock.patch("voices.retention.STEP", 2), self.assertLogs("voices.tasks"):
            forget(0)

        self.assertFalse(Signature.objects.exclude(network_hash="").exists())

    def test_tallies_fold_in_steps(self):
        for state in ("OH", "OH", "OH", "TX", "TX"):
            make_signature(state=state)
        before = figures()["signatures"]

        with mock.patch("voices.wall.tallies.MAX_STEP", 2):
            fold_tallies(0)

        self.assertEqual(figures()["signatures"], before)
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM voices_tally")
            self.assertEqual(cursor.fetchone(), (2,))


@pytest.mark.django_db
def test_what_a_flag_word_would_have_caught_is_read_by_index():
    make_voice(statement="A zorble.")

    plan = explain(lambda: look_back("vulgar", "zorble"))

    assert "Bitmap Index Scan on voice_words" in plan, plan
    assert not re.search(r"Sort|Seq Scan on voices_voice\b", plan), plan


@pytest.mark.django_db
def test_a_step_of_flagging_the_queue_is_read_by_index_in_order():
    voice = make_voice()
    since = (timezone.now() - timedelta(days=1)).isoformat()

    plan = explain(lambda: flag_waiting(since, voice.pk))

    assert re.search(r"Limit.*\n.*using voice_waiting", plan), plan
    assert not re.search(r"Seq Scan on voices_voice\b", plan), plan
