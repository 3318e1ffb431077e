import re
from datetime import date, timedelta

from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from rankings.models import Assessment, Citation, Edition, Upload
from rankings.tasks import forget_uploads
from tests.factories import make_edition, make_staff
from tests.rankings.files import (
    as_file,
    edited,
    load_second_edition,
    read,
    read_states,
    write,
)

IMPORT = reverse("admin:rankings_assessment_import")
PROCESS = reverse("admin:rankings_assessment_process_import")
NEW = {"into": "new", "date": "2026-11-28", "title": "Third edition"}


def stored():
    """Return all rows of the rankings."""
    return [
        list(model.objects.order_by("pk").values())
        for model in (Edition, Assessment, Citation)
    ]


class ImportTestCase(TestCase):
    @classmethod
    def setUpTestData(cls):
        load_second_edition()

    def setUp(self):
        self.by = make_staff()
        self.client.force_login(self.by)

    def preview(self, rows, **fields):
        data = rows if isinstance(rows, bytes) else write(rows)
        filled = {"format": "0", "resource": "0", **NEW, **fields}
        return self.client.post(IMPORT, {"import_file": as_file(data), **filled})

    def confirm(self, page, **fields):
        """Press the button of the preview."""
        initial = page.context["confirm_form"].initial
        hidden = {
            name: "" if value is None else value for name, value in initial.items()
        }
        return self.client.post(PROCESS, hidden | fields, follow=True)

    def changes(self, page):
        return {
            row.usps: [(each.column, each.before, each.after) for each in row.diff]
            for row in page.context["changed"]
        }

    def refusals(self, page):
        """Return the errors in the preview as staff see them."""
        found = re.search(
            r'<ul class="problems">(.*?)</ul>', page.content.decode(), re.S
        )
        text = re.sub(r"<[^>]+>", "", found[1])
        return [line.strip() for line in text.splitlines() if line.strip()]


class PreviewTests(ImportTestCase):
    def test_tells_each_field_that_would_change_and_stores_nothing(self):
        before = stored()

        page = self.preview(edited("TX", right_to_sue="unclear", summary="New."))

        texas = Assessment.objects.get(usps="TX")
        self.assertEqual(
            self.changes(page),
            {
                "TX": [
                    ("right_to_sue", "none", "unclear"),
                    ("summary", texas.summary, "New."),
                ]
            },
        )
        self.assertContains(page, "F, 0 points → F, 5 points")
        self.assertContains(page, "50 would stay as they are")
        self.assertContains(page, "Third edition (2026-11-28)")
        self.assertContains(page, "Import 1 state")
        self.assertEqual(stored(), before)

    def test_a_file_that_says_the_same_changes_nothing(self):
        page = self.preview(read_states())

        self.assertEqual(self.changes(page), {})
        self.assertContains(page, "0 states would change, 51 would stay")
        self.assertNotContains(page, 'type="submit" class="default"')

    def test_the_file_that_the_site_gives_comes_back_as_it_went(self):
        given = self.client.get(reverse("rankings:data-csv")).content

        self.assertEqual(self.changes(self.preview(given)), {})

    def test_figures_of_the_facts_before_the_edit_are_no_contradiction(self):
        given = self.client.get(reverse("rankings:data-csv")).content.decode()
        rows = read(given)
        texas = next(row for row in rows if row["usps"] == "TX")
        texas |= {"right_to_sue": "unclear", "context_citation": "A v. B (2026)"}

        self.assertEqual(
            self.changes(self.preview(rows)),
            {
                "TX": [
                    ("right_to_sue", "none", "unclear"),
                    ("context_citation", "", "A v. B (2026)"),
                ]
            },
        )

    def test_figures_of_the_edited_facts_are_accepted(self):
        rows = edited("TX", right_to_sue="unclear", points="5.0", rank="20", letter="")

        self.assertEqual(list(self.changes(self.preview(rows))), ["TX"])

    def test_a_figure_that_contradicts_the_facts_is_refused(self):
        before = stored()
        given = self.client.get(reverse("rankings:data-csv")).content.decode()
        rows = read(given)
        arkansas = next(row for row in rows if row["usps"] == "AR")
        arkansas |= {"points": "60", "letter_at_most": "A", "rank": "9"}

        page = self.preview(rows)

        number = rows.index(arkansas) + 2
        self.assertEqual(
            self.refusals(page),
            [
                f"Row {number}, column {column}: This is “{cell}”, but the facts in "
                f"this row give {right}. Correct it, or leave it blank."
                for column, cell, right in (
                    ("points", "60", "50"),
                    ("letter_at_most", "A", "B"),
                    ("rank", "9", "10"),
                )
            ],
        )
        self.assertNotIn("confirm_form", page.context)
        self.assertEqual(stored(), before)

    def test_blank_is_said_in_words(self):
        page = self.preview(edited("NM", payer=""))

        self.assertEqual(self.changes(page), {"NM": [("payer", "employer", "")]})
        self.assertContains(page, "<i>blank</i>")

    def test_states_that_are_not_in_the_file_stay(self):
        page = self.preview(edited("TX", summary="New.")[:49])

        self.assertContains(page, "left unchanged: Wisconsin, Wyoming.")

    def test_a_citation_that_is_added_or_goes_is_shown(self):
        row = next(row for row in read_states() if row["usps"] == "TX")
        cell = row["right_to_sue_citation"]
        page = self.preview(
            edited("TX", right_to_sue_citation=f"{cell}; A v. B (2026)")
        )

        self.assertEqual(
            self.changes(page),
            {"TX": [("right_to_sue_citation", cell, f"{cell}; A v. B (2026)")]},
        )

    def test_dates_as_a_spreadsheet_program_rewrites_them_are_the_same(self):
        rows = [
            row | {"as_of": f"{date.fromisoformat(row['as_of']):%m/%d/%Y}"}
            for row in read_states()
        ]

        self.assertEqual(self.changes(self.preview(rows)), {})

    def test_markup_in_a_cell_is_text(self):
        page = self.preview(edited("TX", summary="<script>alert(1)</script>"))

        self.assertContains(page, "<ins>&lt;script&gt;")
        self.assertNotContains(page, "<script>alert")

    def test_takes_no_more_queries_for_more_states_that_stay(self):
        counts = []
        for rows in (edited("TX", summary="New.")[43:44], edited("TX", summary="New.")):
            with CaptureQueriesContext(connection) as queries:
                page = self.preview(rows)
            self.assertEqual(set(self.changes(page)), {"TX"})
            counts.append(
                sum(
                    "SAVEPOINT" not in query["sql"]
                    for query in queries.captured_queries
                )
            )

        self.assertEqual(counts[0], counts[1])


class RefusalTests(ImportTestCase):
    def assert_refused(self, page, *sentences):
        self.assertEqual(self.refusals(page), list(sentences))
        self.assertContains(page, "Nothing was imported or stored.")
        self.assertNotIn("confirm_form", page.context)
        self.assertFalse(Upload.objects.exists())

    def test_each_value_that_is_unknown_is_named_with_its_row_and_column(self):
        before = stored()
        rows = edited("AK", right_to_sue="maybe", covers="some", year="MCM")
        rows[50]["ij_grade"] = "Z"

        page = self.preview(rows)

        self.assert_refused(
            page,
            "Row 3, column right_to_sue: “maybe” is not allowed. Use statute, court, "
            "court_narrow, unclear, none, or leave it blank.",
            "Row 3, column covers: “some” is not allowed. Use all, police, entity, "
            "narrow, or leave it blank.",
            "Row 3, column year: “MCM” is not a year. Write it as 1992.",
            "Row 52, column ij_grade: Enter a letter from A to F, optionally followed "
            "by + or -.",
        )
        self.assertEqual(stored(), before)

    def test_a_row_with_an_invalid_fact_has_no_figures_to_contradict(self):
        page = self.preview(edited("AK", right_to_sue="maybe", points="5"))

        self.assert_refused(
            page,
            "Row 3, column right_to_sue: “maybe” is not allowed. Use statute, court, "
            "court_narrow, unclear, none, or leave it blank.",
        )

    def test_immunity_without_a_right_to_sue_is_refused_unless_codified(self):
        page = self.preview(edited("AL", immunity="applies"))

        self.assert_refused(
            page,
            "Row 2, column immunity: Without a right to sue, immunity must be blank or "
            "“codified”, because there is no claim to defend.",
        )
        self.assertEqual(
            self.changes(self.preview(edited("AL", immunity="codified"))),
            {"AL": [("immunity", "", "codified")]},
        )

    def test_rules_over_several_columns_name_one_of_them(self):
        for cells, sentence in (
            (
                {"right_to_sue": "court_narrow", "immunity": "applies"},
                "column covers: If the right to sue is “court_narrow”, the reach must "
                "be “narrow”.",
            ),
            (
                {"right_to_sue": "court", "immunity": "applies", "covers": "narrow"},
                "column right_to_sue: If courts allow a suit only for certain rights, "
                "choose “court_narrow”.",
            ),
            (
                {"ij_grade": "A", "ij_grade_basis": ""},
                "column ij_grade_basis: Enter both the Institute’s grade and its "
                "basis, or neither.",
            ),
            ({"year": "1492"}, "column year: Enter a year from 1776 to 2100."),
        ):
            page = self.preview(edited("AK", **cells))

            self.assert_refused(page, f"Row 3, {sentence}")

    def test_a_state_that_is_unknown_or_stands_twice_is_named(self):
        rows = read_states()
        rows[1] = {**rows[1], "usps": "XX"}
        rows[2] = {**rows[2], "usps": ""}
        rows.append(rows[0])

        self.assert_refused(
            self.preview(rows),
            "Row 3, column usps: “XX” is not a state code.",
            "Row 4, column usps: “” is not a state code.",
            "Row 53, column usps: AL is already in row 2.",
        )

    def test_a_code_beside_another_state_s_name_is_refused(self):
        self.assert_refused(
            self.preview(edited("AK", name="Arkansas")),
            "Row 3, column name: AK is Alaska, not “Arkansas”.",
        )

    def test_what_is_blank_too_long_or_no_date_or_address_is_named(self):
        for cells, sentence in (
            ({"summary": ""}, "column summary: This field cannot be blank."),
            ({"as_of": ""}, "column as_of: This field cannot be null."),
            (
                {"as_of": "soon"},
                "column as_of: “soon” is not a date. Write it as 2026-11-22.",
            ),
            (
                {"summary": "x" * 601},
                "column summary: This has 601 characters; the limit is 600.",
            ),
            (
                {"immunity_citation": "x" * 501},
                "column immunity_citation: A citation is longer than 500 characters.",
            ),
            (
                {"immunity_citation": "A v. B; A v. B"},
                "column immunity_citation: “A v. B” is listed twice.",
            ),
            (
                {"source_urls": "https://example.org/ | nowhere"},
                "column source_urls: This is not a URL: nowhere",
            ),
        ):
            with self.subTest(sentence):
                page = self.preview(edited("AK", **cells))

                self.assert_refused(page, f"Row 3, {sentence}")

    def test_a_file_that_cannot_be_read_is_refused_before_its_rows_are(self):
        before = stored()
        for data, sentence in (
            (b"", "The submitted file is empty."),
            (b"\n", "The file has no rows below its header."),
            (b"PK\x03\x04", "a spreadsheet workbook, not a CSV file."),
            (write(edited("AK", summary="=1")), "Row 3, column summary: begins with"),
            (
                write(edited("AK", summary="\0")),
                "Row 3, column summary: there is a NUL",
            ),
            (write(read_states(), ["usps", "name"]), "the column payer is missing."),
            (b"\xff" * 500, "these bytes are not UTF-8"),
        ):
            page = self.preview(data)

            self.assertContains(page, sentence)
            self.assertFalse(Upload.objects.exists())
        self.assertEqual(stored(), before)

    def test_a_new_draft_needs_a_date_that_is_free_and_a_title(self):
        for fields, sentence in (
            ({"date": ""}, "A new draft needs this."),
            ({"title": ""}, "A new draft needs this."),
            ({"date": "soon"}, "Enter a valid date."),
            ({"date": "2026-11-27"}, "There is already an edition with that date."),
            ({"title": "x" * 101}, "at most 100 characters"),
            ({"into": "1000000"}, "That draft has been published or deleted."),
            ({"into": ""}, "This field is required."),
            ({"title": "a\0b"}, "Null characters are not allowed."),
        ):
            page = self.preview(read_states(), **fields)

            self.assertContains(page, sentence)

    def test_a_published_edition_cannot_be_imported_into(self):
        current = Edition.objects.current()

        page = self.preview(read_states(), into=current.pk)

        self.assertContains(page, "That draft has been published or deleted.")
        self.assertNotContains(self.client.get(IMPORT), f'<option value="{current.pk}"')

    def test_without_a_file_it_asks_for_one(self):
        page = self.client.post(IMPORT, {**NEW, "format": "0", "resource": "0"})

        self.assertContains(page, "This field is required.")
        self.assertContains(page, 'value="Third edition"')


class ConfirmTests(ImportTestCase):
    def test_stores_what_the_preview_showed_in_a_draft_that_nobody_else_sees(self):
        rows = edited("TX", right_to_sue="unclear", summary="New.")

        page = self.confirm(self.preview(rows))

        draft = Edition.objects.drafts().get()
        self.assertContains(
            page,
            "Imported into Third edition (2026-11-28): 1 changed, 0 added, "
            "50 unchanged.",
        )
        texas = draft.assessments.get(usps="TX")
        self.assertEqual((texas.right_to_sue, texas.summary), ("unclear", "New."))
        self.assertEqual((texas.edited_by, draft.assessments.count()), (self.by, 51))
        self.assertFalse(draft.assessments.exclude(usps="TX").filter(edited_by=self.by))
        public = Edition.objects.current().assessments.get(usps="TX")
        self.assertEqual(public.right_to_sue, "none")
        self.assertFalse(Upload.objects.exists())

    def test_goes_into_the_draft_that_is_chosen(self):
        draft = Edition.objects.current().copy("2026-11-28", "Third edition")
        fields = {"into": str(draft.pk), "date": "", "title": ""}

        self.confirm(self.preview(edited("TX", summary="New."), **fields))

        self.assertEqual(Edition.objects.drafts().get(), draft)
        self.assertEqual(draft.assessments.get(usps="TX").summary, "New.")

    def test_adds_states_to_an_empty_draft(self):
        draft = make_edition("2026-11-28", published_at=None)

        page = self.confirm(self.preview(read_states(), into=str(draft.pk)))

        self.assertContains(page, "0 changed, 51 added, 0 unchanged.")
        self.assertEqual(draft.problems(), [])
        for usps in ("CA", "GA", "MN"):
            first, ours = (
                Assessment.objects.get(edition=edition, usps=usps)
                for edition in (Edition.objects.current(), draft)
            )
            self.assertEqual(ours.facts, first.facts)
            self.assertEqual(ours.ij_page, first.ij_page)
            self.assertEqual(ours.sources, first.sources)
            self.assertEqual(ours.ij_read_on, first.ij_read_on)
            self.assertEqual(
                set(ours.citations.still_open().values_list("text", flat=True)),
                set(first.citations.still_open().values_list("text", flat=True)),
            )

    def test_a_citation_that_stays_keeps_its_check_and_a_new_one_has_none(self):
        Citation.objects.filter(assessment__usps="TX").mark_checked(by="Jane Doe")
        (kept,) = Citation.objects.filter(assessment__usps="TX", part="right_to_sue")
        cell = f"A v. B (2026); {kept.text}"

        self.confirm(self.preview(edited("TX", right_to_sue_citation=cell)))

        texas = Edition.objects.drafts().get().assessments.get(usps="TX")
        first, second = texas.citations.filter(part="right_to_sue")
        self.assertEqual((first.text, first.checked_by), ("A v. B (2026)", ""))
        self.assertEqual((second.text, second.checked_by), (kept.text, "Jane Doe"))
        self.assertEqual((second.seen, second.address), (kept.seen, kept.address))

    def test_a_citation_that_is_named_is_open_again_and_one_that_is_not_is_done(self):
        rows = edited("TX", citations_to_verify="A v. B (2026)")
        rows = [
            row | {"citations_to_verify": ""} if row["usps"] == "GA" else row
            for row in rows
        ]

        self.confirm(self.preview(rows))

        draft = Edition.objects.drafts().get()
        still_open = Citation.objects.filter(assessment__edition=draft).still_open()
        self.assertEqual(
            still_open.get(assessment__usps="TX").part, Citation.Part.CONTEXT
        )
        self.assertFalse(still_open.filter(assessment__usps="GA").exists())

    def test_the_log_says_who_and_what(self):
        self.confirm(self.preview(edited("TX", summary="New.")))

        entry = LogEntry.objects.get()
        self.assertEqual((entry.user, entry.object_repr), (self.by, "Texas"))
        self.assertEqual(entry.change_message, "Imported from a file.")

    def test_a_file_is_imported_once(self):
        page = self.preview(edited("TX", summary="New."))
        self.confirm(page)
        before = stored()

        again = self.confirm(page)

        self.assertContains(again, "That file was already imported")
        self.assertEqual(stored(), before)

    def test_a_draft_that_has_changed_since_is_shown_again_first(self):
        draft = Edition.objects.current().copy("2026-11-28", "Third edition")
        page = self.preview(edited("TX", summary="New."), into=str(draft.pk))
        draft.assessments.filter(usps="OH").update(summary="Theirs.")

        again = self.confirm(page)

        self.assertContains(again, "The draft has changed since the preview.")
        self.assertEqual(set(self.changes(again)), {"OH", "TX"})
        self.assertEqual(draft.assessments.get(usps="OH").summary, "Theirs.")
        self.assertContains(self.confirm(again), "2 changed")

    def test_a_draft_that_is_published_meanwhile_is_left_alone(self):
        draft = Edition.objects.current().copy("2026-11-28", "Third edition")
        page = self.preview(edited("TX", summary="New."), into=str(draft.pk))
        draft.publish(by=self.by)

        again = self.confirm(page)

        self.assertContains(again, "That draft has been published or deleted.")
        self.assertFalse(Assessment.objects.filter(summary="New.").exists())

    def test_a_file_is_kept_for_a_day(self):
        page = self.preview(edited("TX", summary="New."))
        Upload.objects.update(ends_at=timezone.now() - timedelta(seconds=1))

        again = self.confirm(page)

        self.assertContains(again, "That file was already imported, has expired")
        self.assertFalse(Edition.objects.drafts().exists())
        forget_uploads(timestamp=0)
        self.assertFalse(Upload.objects.exists())

    def test_a_file_whose_day_has_not_passed_is_not_forgotten(self):
        self.preview(edited("TX", summary="New."))

        forget_uploads(timestamp=0)

        self.assertTrue(Upload.objects.exists())

    def test_tampered_fields_are_refused(self):
        page = self.preview(edited("TX", summary="New."))

        for fields in (
            {"import_file_name": "x"},
            {"import_file_name": "a\0b"},
            {"seen": "x" * 65},
            {"seen": "x"},
            {"into": "x"},
            {"date": "x"},
        ):
            answer = self.confirm(page, **fields)

            self.assertEqual(answer.status_code, 200, fields)
            self.assertFalse(Edition.objects.drafts().exists(), fields)

    def test_is_posted_only(self):
        self.assertEqual(self.client.get(PROCESS).status_code, 405)


class LargeFileTests(ImportTestCase):
    def test_a_file_larger_than_any_form_is_read_from_staff(self):
        rows = [row | {"summary": "x" * 600} for row in read_states()]
        rows = [row | {"local_exception": "y" * 600} for row in rows]
        rows = [row | {"payer_note": "z" * 300} for row in rows]
        rows = [row | {"immunity_citation": "q" * 500} for row in rows]
        data = write(rows)

        page = self.preview(data)

        self.assertGreater(len(data), 100_000)
        self.assertEqual(len(page.context["changed"]), 51)

    def test_a_hundred_megabytes_are_refused_unread(self):
        class Unread:
            def read(self, *args):
                raise AssertionError("It was read.")

            readline = read

        answer = self.client.generic(
            "POST",
            IMPORT,
            b"",
            CONTENT_TYPE="multipart/form-data; boundary=x",
            CONTENT_LENGTH=str(100_000_000),
            **{"wsgi.input": Unread()},
        )

        self.assertContains(answer, "larger than 900.0\xa0KB", status_code=413)
        self.assertContains(answer, f'href="{IMPORT}"', status_code=413)

    def test_no_other_body_and_no_other_address_may_be_as_large(self):
        data = b"x" * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)

        for path, kind in (
            (IMPORT, "application/x-www-form-urlencoded"),
            (PROCESS, "multipart/form-data; boundary=x"),
            ("/none/", "multipart/form-data; boundary=x"),
        ):
            answer = self.client.generic("POST", path, data, kind)

            self.assertEqual(answer.status_code, 413, path)

    def test_a_large_field_that_is_no_file_is_refused(self):
        answer = self.client.post(IMPORT, {"title": "x" * 200_000})

        self.assertIn(answer.status_code, {400, 413})


class PermissionTests(ImportTestCase):
    def let(self, *codenames):
        """Sign in a user with only these permissions."""
        staff = make_staff("editor", is_superuser=False)
        found = Permission.objects.filter(codename__in=codenames)
        staff.user_permissions.set(found)
        self.client.force_login(staff)
        return staff

    def test_takes_the_right_to_add_and_to_change_assessments(self):
        for codenames, status in (
            ([], 403),
            (["view_assessment"], 403),
            (["change_assessment"], 403),
            (["add_assessment", "change_assessment"], 200),
        ):
            user = self.let(*codenames)

            self.assertEqual(self.client.get(IMPORT).status_code, status, codenames)
            expected = 302 if status == 200 else 403
            self.assertEqual(self.client.post(PROCESS).status_code, expected)
            user.delete()

    def test_a_new_draft_takes_the_right_to_add_editions(self):
        draft = make_edition("2026-12-01", published_at=None)
        self.let("add_assessment", "change_assessment")

        page = self.preview(edited("TX", summary="New."))

        self.assertContains(page, "That draft has been published or deleted.")
        self.assertNotContains(self.client.get(IMPORT), 'value="new"')
        page = self.preview(read_states()[:1], into=str(draft.pk))
        self.assertEqual(len(page.context["changed"]), 1)

    def test_visitors_are_sent_to_sign_in(self):
        self.client.logout()

        for path in (IMPORT, PROCESS):
            self.assertRedirects(
                self.client.post(path),
                f"{reverse('admin:login')}?next={path}",
                fetch_redirect_response=False,
            )

    def test_there_are_no_pages_to_export(self):
        answer = self.client.get("/admin/rankings/assessment/export/", follow=True)

        self.assertNotContains(answer, "This exporter will export")
