import re
from datetime import UTC, date, datetime, timedelta

from django.contrib.auth.models import Permission
from django.test import TestCase
from django.urls import reverse
from django.utils import timezone

from faq.models import Case, Chart, Page, Question, TimelineEntry
from tests.factories import make_staff
from tests.faq.texts import (
    SOURCE,
    make_case,
    make_chart,
    make_entry,
    make_page,
    make_question,
)

MAKERS = {
    Question: make_question,
    Case: make_case,
    TimelineEntry: make_entry,
    Chart: make_chart,
    Page: make_page,
}


DAY = date(2026, 3, 4)
PUBLIC = datetime(2026, 1, 2, 8, 4, tzinfo=UTC)


def address(kind, text, *more):
    name = f"admin:faq_{text._meta.model_name}_{kind}"
    return reverse(name, args=[text.pk, *more])


def rows(name, *filled):
    """A list of rows as the admin's form posts it, without the empty ones."""
    sent = {f"{name}-TOTAL_FORMS": len(filled), f"{name}-INITIAL_FORMS": 0}
    for number, row in enumerate(filled):
        sent |= {f"{name}-{number}-{key}": value for key, value in row.items()}
    return sent


def question_fields(**changes):
    return {
        "question": "What is it?",
        "slug": "what",
        "topic": "basics",
        "order": 1,
        "answer": "A rule of *judges*.",
        "publish_at_0": "",
        "publish_at_1": "",
        **rows("sources", SOURCE),
        **changes,
    }


class AdminTestCase(TestCase):
    def setUp(self):
        self.staff = make_staff()
        self.client.force_login(self.staff)

    def writer(self, *permissions):
        """Sign in as a user with only these permissions."""
        user = make_staff("writer", is_superuser=False)
        user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
        self.client.force_login(user)


class EditingTests(AdminTestCase):
    def test_every_page_of_the_admin_answers_under_the_strict_policy(self):
        for model, make in MAKERS.items():
            text = make()
            version = text.history.latest()
            for path in (
                reverse(f"admin:faq_{model._meta.model_name}_changelist"),
                address("change", text),
                address("history", text),
                address("simple_history", text, version.pk),
                address("preview", text),
            ):
                response = self.client.get(path)

                self.assertEqual(response.status_code, 200, path)
                self.assertIn("no-store", response["Cache-Control"])
                page = response.content.decode()
                self.assertNotIn("style=", page, path)
                self.assertNotRegex(page, r"<script(?![^>]*\s(src|type)=)")
                self.assertNotRegex(page, r"\son\w+=\"")

    def test_previews_a_chart_that_has_no_points_yet(self):
        chart = make_chart(title="Who pays", points=[], publish_at=None)

        response = self.client.get(address("preview", chart))

        self.assertContains(response, "Who pays")
        self.assertNotContains(response, "If every answer is yes")

    def test_a_new_question_is_a_draft_with_its_sources(self):
        response = self.client.post(
            reverse("admin:faq_question_add"),
            question_fields(**rows("sources", SOURCE, SOURCE | {"fact": 8})),
        )

        self.assertEqual(response.status_code, 302)
        question = Question.objects.get()
        self.assertFalse(question.is_public)
        self.assertEqual([s["fact"] for s in question.sources], [7, 8])
        self.assertIsNotNone(question.edited_at)
        self.assertEqual(question.history.get().history_user, self.staff)

    def test_hints_of_rows_stand_where_their_fields_point(self):
        page = self.client.get(reverse("admin:faq_question_add")).content.decode()

        pointed = set(re.findall(r'aria-describedby="(id_sources[^"]+)"', page))
        self.assertTrue(pointed)
        for name in pointed:
            self.assertIn(f'id="{name}"', page)

    def test_the_address_of_a_new_question_is_filled_in_from_its_words(self):
        new = self.client.get(reverse("admin:faq_question_add"))
        old = self.client.get(address("change", make_question()))

        self.assertContains(new, "data-prepopulated-fields")
        self.assertEqual(len(new.context["adminform"].prepopulated_fields), 1)
        self.assertEqual(old.context["adminform"].prepopulated_fields, [])

    def test_publishes_at_a_date(self):
        question = make_question(slug="what", publish_at=None)

        self.client.post(
            address("change", question),
            question_fields(publish_at_0="2026-01-02", publish_at_1="03:04"),
        )

        self.assertContains(self.client.get("/faq/what/"), "What is it?")

    def test_cannot_publish_without_a_source(self):
        response = self.client.post(
            reverse("admin:faq_question_add"),
            question_fields(publish_at_0="2026-01-02", publish_at_1="03:04")
            | rows("sources"),
        )

        self.assertContains(response, "A published text needs at least one source.")
        self.assertFalse(Question.objects.exists())

    def test_says_on_which_line_a_text_is_wrong_and_keeps_it(self):
        response = self.client.post(
            reverse("admin:faq_question_add"),
            question_fields(answer="Fine.\n\n<b>Not</b>", question="Kept?"),
        )

        self.assertContains(response, "Line 3: Raw HTML is not allowed")
        self.assertContains(response, 'value="Kept?"')
        self.assertContains(response, "&lt;b&gt;Not&lt;/b&gt;")
        self.assertContains(response, f'value="{SOURCE["citation"]}"')

    def test_says_that_a_case_needs_an_outcome(self):
        case = make_case()
        fields = {
            field.name: field.value_from_object(case)
            for field in Case._meta.fields
            if field.editable
            and field.name not in {"as_of", "outcome", "publish_at", "sources", "steps"}
        }
        new = fields | {"slug": "new", **rows("sources", SOURCE), **rows("steps")}

        response = self.client.post(reverse("admin:faq_case_add"), new)

        errors = response.context["adminform"].form.errors
        self.assertEqual(errors, {"outcome": ["This field is required."]})
        self.assertFalse(Case.objects.filter(slug="new").exists())

    def test_stores_steps_of_a_suit_without_empty_boxes(self):
        case = make_case(publish_at=None)
        steps = [
            {"on": "2019", "words": "Immunity granted", "ruling": "on"},
            {"on": "2020-05-18", "words": "Review refused"},
        ]
        fields = {
            field.name: field.value_from_object(case)
            for field in Case._meta.fields
            if field.editable
            and field.name not in {"as_of", "publish_at", "sources", "steps"}
        }

        self.client.post(
            reverse("admin:faq_case_change", args=[case.pk]),
            fields | rows("sources", SOURCE) | rows("steps", *steps),
        )

        case.refresh_from_db()
        self.assertEqual(case.steps, [steps[0] | {"ruling": True}, steps[1]])

    def test_says_what_is_wrong_with_a_row_and_keeps_it(self):
        response = self.client.post(
            reverse("admin:faq_question_add"),
            question_fields(**rows("sources", {"url": "nowhere", "note": "Kept."})),
        )

        self.assertContains(response, "Fix the rows marked below.")
        self.assertContains(response, "Enter a valid URL.")
        self.assertContains(response, 'value="Kept."')

    def test_answers_tampered_rows(self):
        for tampered in (
            {"sources-TOTAL_FORMS": "x"},
            {"sources-TOTAL_FORMS": "99999999999999999999"},
            {"sources-0-fact": "9" * 40},
            {"sources-0-citation": "a\0b"},
            {"sources-0-confidence": "unverified"},
            {"order": "9" * 40},
            {"answer": "\0"},
            {"topic": "x"},
        ):
            response = self.client.post(
                reverse("admin:faq_question_add"), question_fields(**tampered)
            )
            self.assertEqual(response.status_code, 200, tampered)
        self.assertFalse(Question.objects.exists())

    def test_takes_out_a_row_and_orders_the_others(self):
        chart = make_chart(slug="who-pays")
        points = [
            {"label": "B", "value": "2.5", "ORDER": 2},
            {"label": "A", "value": "1", "ORDER": 1},
            {"label": "C", "value": "3", "DELETE": "on"},
        ]

        self.client.post(
            address("change", chart),
            {
                "title": "Who pays",
                "order": 1,
                "unit": "%",
                "body": "Text.",
                "publish_at_0": "",
                "publish_at_1": "",
                **rows("points", *points),
                **rows("sources", SOURCE),
            },
        )

        chart.refresh_from_db()
        self.assertEqual([p["label"] for p in chart.points], ["A", "B"])

    def test_saving_without_a_change_leaves_no_mark(self):
        question = make_question(slug="what", publish_at=None, order=1)

        self.client.post(address("change", question), question_fields())

        question.refresh_from_db()
        self.assertIsNone(question.edited_at)
        self.assertEqual(question.history.count(), 1)

    def test_the_address_of_a_text_stays(self):
        question = make_question(slug="what")

        self.client.post(address("change", question), question_fields(slug="other"))

        question.refresh_from_db()
        self.assertEqual(question.slug, "what")

    def test_the_privacy_page_cannot_be_taken_away(self):
        page = make_page("privacy")
        fields = {"title": "P", "lede": "L", "body": "B", **rows("sources")}
        later = timezone.now() + timedelta(days=2)

        for day, time in (("", ""), (f"{later:%Y-%m-%d}", "03:04")):
            response = self.client.post(
                address("change", page),
                fields | {"publish_at_0": day, "publish_at_1": time},
            )
            self.assertContains(response, "it must stay public")
        self.assertEqual(self.client.post(address("delete", page)).status_code, 403)
        self.assertEqual(self.client.get("/privacy/").status_code, 200)

    def test_the_explainer_keeps_its_sources(self):
        page = make_page("explained")
        fields = {"title": "P", "lede": "L", "body": "B", **rows("sources")}

        response = self.client.post(
            address("change", page),
            fields | {"publish_at_0": "2026-01-02", "publish_at_1": "03:04"},
        )

        self.assertContains(response, "The explainer needs at least one source.")

    def test_what_came_with_the_site_is_not_deleted(self):
        fixture = make_question(loaded_at=timezone.now())
        own = make_question()

        for question in (fixture, own):
            self.client.post(address("delete", question), {"post": "yes"})
            self.client.post(
                reverse("admin:faq_question_changelist"),
                {
                    "action": "delete_selected",
                    "_selected_action": [question.pk],
                    "post": "yes",
                },
            )

        self.assertEqual(list(Question.objects.all()), [fixture])

    def test_lists_can_be_narrowed_down_by_status(self):
        make_question("Public?")
        make_question("Later?", publish_at=timezone.now() + timedelta(days=1))
        make_question("Draft?", publish_at=None)
        path = reverse("admin:faq_question_changelist")

        for status, shown in (("public", "Public?"), ("due", "Later?")):
            response = self.client.get(path, {"status": status})
            self.assertContains(response, shown)
            self.assertNotContains(response, "Draft?")
        self.assertContains(self.client.get(path, {"status": "draft"}), "Draft?")

    def test_each_kind_has_permissions_of_its_own(self):
        question, case = make_question(), make_case()
        self.writer("view_question")

        self.assertEqual(self.client.get(address("preview", question)).status_code, 200)
        sent = self.client.post(address("change", question), question_fields())
        self.assertEqual(sent.status_code, 403)
        for kind in ("change", "preview", "history"):
            self.assertEqual(self.client.get(address(kind, case)).status_code, 403)
            typed = self.client.post(address("preview", question), question_fields())
            self.assertEqual(typed.status_code, 403)


class UpdatedTests(AdminTestCase):
    """The day from which readers read a text's words."""

    def setUp(self):
        super().setUp()
        self.today = timezone.localdate()

    def question(self, **fields):
        fields = {"updated": DAY, "publish_at": PUBLIC, "order": 1} | fields
        return make_question(slug="what", **fields)

    def save(self, text, **changes):
        public = {"publish_at_0": "2026-01-02", "publish_at_1": "03:04"}
        fields = question_fields(**public | changes)
        response = self.client.post(address("change", text), fields)
        self.assertEqual(response.status_code, 302)
        text.refresh_from_db()
        return text.updated

    def test_moves_when_staff_change_the_words(self):
        for changes in (
            {"answer": "A rule of *courts*."},
            {"question": "What?"},
            rows("sources", SOURCE, SOURCE | {"citation": "42 U.S.C. § 1983"}),
        ):
            question = self.question()

            self.assertEqual(self.save(question, **changes), self.today)
            self.assertEqual(question.history.latest().updated, self.today)
            question.delete()

    def test_stays_when_the_words_do(self):
        question = self.question(answer="A rule of *judges*.\n")

        for changes in (
            {"order": 2},
            {"topic": "change"},
            rows("sources", SOURCE | {"note": "A summary.", "url": ""}),
        ):
            self.assertEqual(self.save(question, **changes), DAY)
        self.assertIsNotNone(question.edited_at)

    def test_is_the_day_on_which_a_draft_becomes_public(self):
        later = self.today + timedelta(days=9)
        question = self.question(publish_at=None)

        self.assertEqual(self.save(question, publish_at_0=f"{later}"), later)
        self.assertEqual(self.save(question), self.today)

    def test_moves_when_a_version_is_brought_back(self):
        question = self.question()
        first = question.history.latest()
        self.save(question, answer="Worse.")
        Question.objects.update(updated=DAY)

        self.client.post(
            address("simple_history", question, first.pk),
            question_fields(publish_at_0="2026-01-02", publish_at_1="03:04"),
        )

        question.refresh_from_db()
        self.assertEqual(question.answer, "A rule of *judges*.")
        self.assertEqual(question.updated, self.today)

    def test_is_what_pages_and_search_engines_are_told(self):
        self.question()
        make_case(slug="doe", updated=DAY)

        for path, said in (
            ("/faq/what/", "March 4, 2026</time>"),
            ("/faq/what/", '"dateModified": "2026-03-04"'),
            ("/cases/doe/", "March 4, 2026</time>"),
            ("/cases/doe/", '"dateModified": "2026-03-04"'),
            ("/sitemap/questions.xml", "<lastmod>2026-03-04</lastmod>"),
            ("/sitemap/cases.xml", "<lastmod>2026-03-04</lastmod>"),
        ):
            self.assertContains(self.client.get(path), said)


class PreviewTests(AdminTestCase):
    def test_shows_a_draft_as_the_public_would_see_it(self):
        question = make_question("Draft?", "A *good* answer.", publish_at=None)

        response = self.client.get(address("preview", question))

        self.assertContains(response, '<h1 class="lines">Draft?</h1>', html=True)
        self.assertContains(response, "<p>A <em>good</em> answer.</p>")
        self.assertContains(response, "<b>Preview.</b>")
        self.assertIn("no-store", response["Cache-Control"])

    def test_shows_what_is_typed_and_saves_nothing(self):
        question = make_question("Stored?", slug="what")

        response = self.client.post(
            address("preview", question), question_fields(answer="Only *typed*.")
        )

        self.assertContains(response, "<p>Only <em>typed</em>.</p>")
        question.refresh_from_db()
        self.assertEqual(question.question, "Stored?")
        self.assertEqual(question.history.count(), 1)

    def test_shows_a_question_that_is_not_stored_yet(self):
        path = reverse("admin:faq_question_preview_new")

        response = self.client.post(path, question_fields(question="Brand new?"))

        self.assertContains(response, '<h1 class="lines">Brand new?</h1>', html=True)
        self.assertFalse(Question.objects.exists())
        self.assertEqual(self.client.get(path).status_code, 404)

    def test_shows_the_form_again_where_it_is_wrong(self):
        question = make_question(slug="what")

        response = self.client.post(
            address("preview", question), question_fields(answer="<b>x</b>")
        )

        self.assertContains(response, "Line 1: Raw HTML is not allowed")
        self.assertContains(response, f'action="{address("change", question)}"')

    def test_shows_drafts_of_parts_in_the_explainer(self):
        make_entry(1999, "Draft entry", publish_at=None)
        page = make_page("explained", body="[[timeline]]", publish_at=None)

        self.assertContains(self.client.get(address("preview", page)), "Draft entry")

    def test_is_for_staff_only(self):
        question = make_question(publish_at=None)
        self.client.logout()

        response = self.client.get(address("preview", question))

        self.assertRedirects(
            response,
            f"{reverse('admin:login')}?next={address('preview', question)}",
            fetch_redirect_response=False,
        )

    def test_answers_addresses_that_cannot_be(self):
        question = make_question()
        for part in ("x", "9" * 30, "0", "１"):
            for path in (
                f"/admin/faq/question/{part}/preview/",
                f"/admin/faq/question/{part}/history/",
                f"/admin/faq/question/{part}/history/1/",
                f"/admin/faq/question/{question.pk}/history/{part}/",
            ):
                self.assertEqual(self.client.get(path).status_code, 404, path)


class VersionTests(AdminTestCase):
    def test_shows_what_a_version_changed(self):
        question = make_question(slug="what", order=1, publish_at=None)
        self.client.post(
            address("change", question),
            question_fields(
                answer="A rule of *courts*.", **rows("sources", SOURCE | {"fact": 9})
            ),
        )

        response = self.client.get(address("history", question))

        self.assertContains(response, "<del>*judges*.</del><ins>*courts*.</ins>")
        self.assertContains(response, "<del>7 </del><ins>9 </ins>")
        self.assertContains(response, "moderator")
        self.assertNotContains(response, "Words:")

    def test_escapes_what_it_shows(self):
        question = make_question("One?")
        question.question = "<script>x</script>"
        question.save()

        response = self.client.get(address("history", question))

        self.assertContains(response, "<ins>&lt;script&gt;x&lt;/script&gt;</ins>")

    def test_a_version_can_be_brought_back_with_its_sources(self):
        question = make_question(slug="what", order=1, publish_at=None)
        first = question.history.latest()
        question.answer, question.sources = "Worse.", [SOURCE | {"fact": 99}]
        question.save()
        path = address("simple_history", question, first.pk)
        form = self.client.get(path).context["adminform"].form

        response = self.client.post(
            path, question_fields(answer=form["answer"].value())
        )

        self.assertEqual(response.status_code, 302)
        question.refresh_from_db()
        self.assertEqual(question.answer, "A rule of *judges*.")
        self.assertEqual(question.words, "A rule of judges.")
        self.assertEqual(question.sources, [SOURCE])
        self.assertEqual(question.history.count(), 3)

    def test_a_version_of_what_is_public_is_brought_back_at_once(self):
        question = make_question("Good?", slug="what")
        first = question.history.latest()
        Question.objects.update(question="Bad?")

        path = address("simple_history", question, first.pk)
        self.client.post(
            path,
            question_fields(
                question="Good?", publish_at_0="2026-01-02", publish_at_1="00:00"
            ),
        )

        self.assertContains(self.client.get("/faq/what/"), "Good?")

    def test_who_brings_a_draft_of_a_public_text_back_is_told(self):
        question = make_question(slug="what", publish_at=None)
        draft = question.history.latest()
        question.publish_at = timezone.now()
        question.save()

        response = self.client.post(
            address("simple_history", question, draft.pk),
            question_fields(),
            follow=True,
        )

        self.assertContains(response, "was public and no longer is")
        self.assertEqual(self.client.get("/faq/what/").status_code, 404)
