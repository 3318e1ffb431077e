import datetime

from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import TestCase
from django.urls import reverse

from rankings.models import Citation
from tests.factories import (
    make_assessment,
    make_citation,
    make_edition,
    make_staff,
)

LIST = reverse("admin:rankings_citation_changelist")
CHECK = reverse("admin:rankings_citation_check")


class WorkListTests(TestCase):
    def setUp(self):
        self.by = make_staff()
        self.client.force_login(self.by)
        self.edition = make_edition(published_at=None)
        self.texas = make_assessment(self.edition)
        self.waits = make_citation(self.texas, "Waits")
        self.open = make_citation(self.texas, "Open", to_verify=True, position=1)
        self.done = make_citation(self.texas, "Done")
        Citation.objects.filter(pk=self.done.pk).mark_checked(by="Jane Doe")

    def shown(self, query=""):
        page = self.client.get(LIST + query)
        return [citation.text for citation in page.context["cl"].result_list]

    def act(self, action, *citations):
        ids = [citation.pk for citation in citations]
        data = {"action": action, "_selected_action": ids}
        return self.client.post(f"{LIST}?check=all", data, follow=True)

    def check(self, *citations, name="John Roe"):
        """Fill in the page that the action redirects to."""
        query = "&".join(f"id={citation.pk}" for citation in citations)
        return self.client.post(f"{CHECK}?{query}", {"checked_by": name}, follow=True)

    def test_shows_what_no_lawyer_has_checked_the_unread_ones_first(self):
        self.assertEqual(self.shown(), ["Open", "Waits"])

    def test_filters_by_state_of_the_check_and_by_the_state(self):
        make_citation(make_assessment(self.edition, "OH"), "Ohio’s")

        self.assertEqual(self.shown("?check=open"), ["Open"])
        self.assertEqual(self.shown("?check=done"), ["Done"])
        self.assertCountEqual(
            self.shown("?check=all"), ["Done", "Ohio’s", "Open", "Waits"]
        )
        self.assertEqual(self.shown("?assessment__usps__exact=OH"), ["Ohio’s"])

    def test_shows_the_newest_edition_unless_another_is_chosen(self):
        draft = make_edition("2026-12-01", published_at=None)
        make_citation(make_assessment(draft), "In the draft")

        self.assertEqual(self.shown(), ["In the draft"])
        self.assertEqual(self.shown(f"?edition={self.edition.pk}"), ["Open", "Waits"])

    def test_nonsense_in_the_address_is_no_error(self):
        for query in ("?edition=x", "?check=x", "?edition=%00", "?edition=1&edition=2"):
            self.assertIn(self.client.get(LIST + query).status_code, {200, 400})
        for query in ("checked_by__startswith=J", "id__in=x", f"id__in={10**30}"):
            answer = self.client.get(f"{LIST}?{query}")
            self.assertIn(answer.status_code, {200, 302, 400})

    def test_marking_asks_for_the_lawyer_s_name_and_stores_it_with_the_time(self):
        asked = self.act("mark_checked", self.open, self.waits)
        self.assertContains(asked, "The lawyer’s name.")
        self.assertContains(asked, "Open")

        answer = self.check(self.open, self.waits)

        self.assertContains(answer, "Marked as checked: 2.")
        self.open.refresh_from_db()
        self.assertEqual(self.open.checked_by, "John Roe")
        self.assertIsNotNone(self.open.checked_at)
        self.assertEqual(self.shown(), [])
        entries = LogEntry.objects.filter(user=self.by)
        self.assertEqual(
            {entry.change_message for entry in entries}, {"Marked as checked."}
        )
        self.assertEqual(entries.count(), 2)

    def test_a_name_is_needed_and_none_of_the_first_check_is_lost(self):
        for name in ("", " ", "x" * 101, "a\0b"):
            answer = self.check(self.open, name=name)

            self.assertEqual(answer.status_code, 200)
            self.assertTrue(answer.context["form"].errors, name)
        self.check(self.done)

        self.done.refresh_from_db()
        self.assertEqual(self.done.checked_by, "Jane Doe")
        self.assertEqual(Citation.objects.unchecked().count(), 2)

    def test_it_is_taken_back_by_one_action(self):
        answer = self.act("mark_unchecked", self.done)

        self.assertContains(answer, "Marked as unchecked: 1.")
        self.done.refresh_from_db()
        self.assertEqual((self.done.checked_at, self.done.checked_by), (None, ""))

    def test_the_answer_leads_to_just_those_that_were_marked(self):
        make_edition("2026-12-01", published_at=None)
        older = f"?check=all&edition={self.edition.pk}"
        page = self.client.post(
            CHECK + f"?id={self.open.pk}&id={self.done.pk}",
            {"checked_by": "John Roe"},
            follow=True,
        )

        self.assertContains(page, "Marked as checked: 1.")
        link = f"{older}&id__in={self.open.pk}"
        self.assertContains(page, link.replace("&", "&amp;"))
        self.assertEqual(self.shown(link), ["Open"])

    def test_what_had_no_check_is_not_counted_as_taken_back(self):
        answer = self.act("mark_unchecked", self.open, self.done, self.waits)

        self.assertContains(answer, "Marked as unchecked: 1.")
        answer = self.act("mark_unchecked", self.open)
        self.assertContains(answer, "Marked as unchecked: 0. There was nothing")

    def test_a_check_counts_in_the_draft_as_well(self):
        draft = self.edition.copy(datetime.date(2026, 12, 1), "Second")

        self.check(self.open)

        twin = Citation.objects.get(assessment__edition=draft, text="Open")
        self.assertEqual(twin.checked_by, "John Roe")

    def test_what_was_seen_is_noted_after_it_was_published_too(self):
        draft = self.edition.copy(datetime.date(2026, 12, 1), "Second")
        path = reverse("admin:rankings_citation_change", args=[self.open.pk])

        form = self.client.get(path)
        self.client.post(
            path,
            {
                "address": "https://example.org/",
                "seen": "The opinion.",
                "finding": "confirmed",
                "confidence": "",
                "text": "Other words",
            },
        )

        self.assertNotContains(form, 'name="text"')
        for citation in Citation.objects.filter(text="Open"):
            self.assertEqual(citation.seen, "The opinion.")
            self.assertFalse(citation.to_verify)
        self.assertEqual(draft.assessments.get().citations.count(), 3)

    def test_takes_the_right_to_check(self):
        staff = make_staff("editor", is_superuser=False)
        staff.user_permissions.set(
            Permission.objects.filter(codename__in=["view_citation", "change_citation"])
        )
        self.client.force_login(staff)

        self.assertEqual(self.client.get(CHECK).status_code, 403)
        self.assertEqual(self.check(self.open).status_code, 403)
        self.act("mark_unchecked", self.done)

        self.assertEqual(Citation.objects.unchecked().count(), 2)

    def test_nothing_chosen_and_ids_that_are_none(self):
        for query in ("", "?id=x", "?id=0", f"?id={10**30}"):
            answer = self.client.get(CHECK + query)

            self.assertContains(answer, "No citations are selected.")
        answer = self.client.post(CHECK, {"checked_by": "John Roe"}, follow=True)
        self.assertContains(answer, "Marked as checked: 0.")

    def test_the_list_takes_as_many_queries_for_many_as_for_few(self):
        for number in range(20):
            make_citation(self.texas, f"Case {number}")

        with self.assertNumQueries(5):
            self.client.get(LIST)
