import datetime

from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import TestCase
from django.urls import reverse
from django.utils import timezone

from rankings.models import Assessment, Citation, Edition
from tests.factories import make_citation, make_edition, make_rankings, make_staff

LIST = reverse("admin:rankings_assessment_changelist")


class AssessmentAdminTests(TestCase):
    def setUp(self):
        self.by = make_staff()
        self.client.force_login(self.by)
        self.current = make_rankings()
        self.draft = self.current.copy(datetime.date(2026, 12, 1), "Second")
        self.texas = self.draft.assessments.get(usps="TX")
        self.citation = make_citation(self.texas, "A v. B")
        self.path = reverse("admin:rankings_assessment_change", args=[self.texas.pk])

    def send(self, **fields):
        """Post the form as the page rendered it, except for some fields."""
        page = self.client.get(self.path)
        forms = [page.context["adminform"].form]
        for inline in page.context["inline_admin_formsets"]:
            forms += [inline.formset.management_form, *inline.formset.forms]
        filled = {
            field.html_name: "" if field.value() is None else field.value()
            for form in forms
            for field in form
            if field.value() is not False
        }
        return self.client.post(self.path, filled | fields, follow=True)

    def test_shows_what_the_facts_come_to_beside_the_form(self):
        page = self.client.get(self.path)

        self.assertContains(page, "<b>F</b> 0 of 100 points")
        self.assertContains(page, "Group 5: No suit")
        self.assertContains(page, "Rank 1 (tie) of 51 in this edition")

    def test_a_preview_reckons_with_what_is_typed_keeps_it_and_stores_nothing(self):
        before = list(Assessment.objects.values()), list(Citation.objects.values())

        page = self.send(
            right_to_sue="court",
            immunity="limited",
            summary="Typed.",
            **{
                "citations-0-text": "A v. B, edited",
                "citations-1-part": "immunity",
                "citations-1-text": "C v. D",
                "_preview": "",
            },
        )

        self.assertContains(page, "<b>C</b> (provisional) 50 to 70 of 100 points")
        self.assertContains(page, "Rank 1 of 51 in this edition")
        self.assertContains(page, "which are not saved yet.")
        self.assertContains(page, "Stored: F, 0 points, group 5, rank 1.")
        for typed in ("Typed.", "A v. B, edited", "C v. D"):
            self.assertContains(page, typed)
        self.assertNotContains(page, "Please correct")
        after = list(Assessment.objects.values()), list(Citation.objects.values())
        self.assertEqual(after, before)
        self.assertFalse(LogEntry.objects.exists())

    def test_a_preview_of_what_is_not_assessed_says_so(self):
        page = self.send(right_to_sue="court", immunity="", _preview="")

        self.assertContains(page, "a blank is not a zero")

    def test_a_preview_names_mistakes_and_keeps_what_was_typed(self):
        page = self.send(immunity="applies", summary="", payer_note="=1", _preview="")

        self.assertContains(page, "Without a right to sue, immunity must be blank")
        self.assertContains(page, "spreadsheets run as a formula")
        self.assertContains(page, 'value="=1"')
        self.assertFalse(LogEntry.objects.exists())

    def test_saving_stores_it_with_who_and_when_and_the_log_tells(self):
        self.send(
            right_to_sue="unclear",
            **{
                "citations-1-part": "immunity",
                "citations-1-text": "C v. D",
                "citations-1-address": "https://example.org/",
            },
        )

        self.texas.refresh_from_db()
        self.assertEqual(self.texas.right_to_sue, "unclear")
        self.assertEqual(self.texas.edited_by, self.by)
        self.assertLess(timezone.now() - self.texas.edited_at, datetime.timedelta(1))
        self.assertEqual(self.texas.citations.get(part="immunity").text, "C v. D")
        self.assertEqual(LogEntry.objects.get().user, self.by)
        public = Edition.objects.current().assessments.get(usps="TX")
        self.assertEqual(public.right_to_sue, "none")

    def test_a_citation_s_check_goes_when_its_words_change_and_stays_else(self):
        other = make_citation(self.texas, "C v. D", position=1)
        self.texas.citations.mark_checked(by="Jane Doe")

        self.send(**{"citations-0-text": "A v. B, 2d ed.", "citations-1-seen": "It."})

        self.citation.refresh_from_db()
        other.refresh_from_db()
        self.assertEqual(
            (self.citation.checked_by, self.citation.checked_at), ("", None)
        )
        self.assertEqual((other.checked_by, other.seen), ("Jane Doe", "It."))

    def test_what_somebody_else_changed_meanwhile_is_not_lost_unseen(self):
        Assessment.objects.filter(pk=self.texas.pk).update(
            summary="Theirs.", edited_at=timezone.now()
        )

        page = self.send(read="", summary="Mine.")

        self.texas.refresh_from_db()
        self.assertEqual(self.texas.summary, "Theirs.")
        self.assertContains(page, "Someone changed this assessment after you")
        self.assertContains(page, "Mine.")
        read = page.context["adminform"].form["read"].value()
        self.send(read=read, summary="Mine.")
        self.texas.refresh_from_db()
        self.assertEqual(self.texas.summary, "Mine.")

    def test_a_citation_that_somebody_else_changed_is_not_overwritten_unseen(self):
        opened = self.client.get(self.path).context["adminform"].form["read"].value()
        Citation.objects.filter(pk=self.citation.pk).update(seen="Theirs.")

        page = self.send(read=opened, **{"citations-0-seen": "Mine."})

        self.citation.refresh_from_db()
        self.assertEqual(self.citation.seen, "Theirs.")
        self.assertContains(page, "Someone changed this assessment after you")
        self.assertContains(page, "Mine.")
        read = page.context["adminform"].form["read"].value()
        self.send(read=read, **{"citations-0-seen": "Mine."})
        self.citation.refresh_from_db()
        self.assertEqual(self.citation.seen, "Mine.")

    def test_what_is_published_is_to_read_only(self):
        published = self.current.assessments.get(usps="TX")
        path = reverse("admin:rankings_assessment_change", args=[published.pk])

        page = self.client.get(path)

        self.assertNotContains(page, 'name="summary"')
        self.assertNotContains(page, "Preview points")
        self.assertEqual(self.client.post(path, {"summary": "New."}).status_code, 403)
        delete = reverse("admin:rankings_assessment_delete", args=[published.pk])
        self.assertEqual(self.client.post(delete, {"post": "yes"}).status_code, 403)

    def test_a_state_is_added_to_a_draft_only(self):
        empty = make_edition("2026-12-02", published_at=None)
        path = reverse("admin:rankings_assessment_add")
        fields = {
            "usps": "TX",
            "right_to_sue": "none",
            "summary": "Texas.",
            "as_of": "2026-12-02",
            "citations-TOTAL_FORMS": 0,
            "citations-INITIAL_FORMS": 0,
        }

        refused = self.client.post(path, fields | {"edition": self.current.pk})
        twice = self.client.post(path, fields | {"edition": self.draft.pk})
        self.client.post(path, fields | {"edition": empty.pk})

        self.assertContains(refused, "Select a valid choice.")
        self.assertContains(twice, "already has an assessment of that state.")
        self.assertEqual(empty.assessments.get().edited_by, self.by)

    def test_the_list_shows_the_newest_edition_and_its_results(self):
        page = self.client.get(LIST)

        rows = page.context["cl"].result_list
        self.assertEqual({row.edition for row in rows}, {self.draft})
        self.assertEqual(len(rows), 51)
        self.assertContains(page, "F, 0 points", 51)
        self.assertContains(page, reverse("admin:rankings_assessment_import"))

    def test_the_list_takes_as_many_queries_for_many_as_for_few(self):
        with self.assertNumQueries(5):
            self.client.get(LIST)

    def test_the_page_takes_as_many_queries_for_many_citations_as_for_few(self):
        for number in range(10):
            make_citation(self.texas, f"Case {number}")
        # Django caches content types in the process.
        self.client.get(self.path)

        with self.assertNumQueries(6):
            self.client.get(self.path)

    def test_takes_the_right_to_change_assessments(self):
        staff = make_staff("reader", is_superuser=False)
        self.client.force_login(staff)
        for path in (LIST, self.path):
            self.assertEqual(self.client.get(path).status_code, 403)
        may_look = Permission.objects.filter(
            codename__in=["view_assessment", "view_citation"]
        )
        staff.user_permissions.set(may_look)

        page = self.client.get(self.path)

        self.assertContains(page, "0 of 100 points")
        self.assertNotContains(page, "Preview points")
        self.assertNotContains(self.client.get(LIST), "Import a file")
        for data in ({}, {"_preview": ""}):
            self.assertEqual(self.client.post(self.path, data).status_code, 403)

    def test_one_that_is_published_while_it_is_edited_keeps_its_facts(self):
        page = self.client.get(self.path)
        self.assertContains(page, 'name="summary"')
        Edition.objects.filter(pk=self.draft.pk).update(published_at=timezone.now())

        answer = self.client.post(self.path, {"summary": "Late."})

        self.assertEqual(answer.status_code, 403)
        self.assertFalse(Assessment.objects.filter(summary="Late.").exists())
