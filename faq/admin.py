"""The admin of all texts, with their sources, versions, and previews."""

from django.contrib import admin

from faq.cases.models import Case
from faq.cases.views import show as show_case
from faq.desk import StandingFilter, TextAdmin, TextForm
from faq.pages.models import Chart, Page, PointForm, TimelineEntry
from faq.pages.views import show as show_page
from faq.pages.views import show_part
from faq.questions.models import Question
from faq.questions.views import show as show_question
from faq.rows import RowsField

STANDING = ["publish_at", "standing", "loaded_at", "edited_at"]


@admin.register(Question)
class QuestionAdmin(TextAdmin):
    list_display = ["question", "topic", "order", "standing", "edited_at"]
    list_filter = [StandingFilter, "topic"]
    search_fields = ["question", "answer"]
    slug_from = "question"
    fields = ["question", "slug", "topic", "order", "answer", "sources", *STANDING]
    lookups = {*TextAdmin.lookups, "topic__exact"}

    def show(self, request, text):
        text.read_out()
        return show_question(request, text, preview=True)


@admin.register(Case)
class CaseAdmin(TextAdmin):
    list_display = ["title", "kind", "state", "order", "featured", "standing"]
    list_filter = [StandingFilter, "featured", "confidence", "kind", "state"]
    search_fields = ["title", "who", "body"]
    lookups = {
        *TextAdmin.lookups,
        *("featured__exact", "confidence__exact", "kind__exact", "state__exact"),
    }
    fieldsets = [
        (None, {"fields": ["title", "slug", "order", "featured", *STANDING]}),
        (
            "Who, where, and when",
            {"fields": ["who", "officials", "kind", "place", "state", "happened_in"]},
        ),
        (
            "The ruling",
            {"fields": ["decided_in", "court", "citation", "url", "lawfulness"]},
        ),
        ("The card", {"fields": ["summary", "ending"]}),
        ("The story", {"fields": ["body", "confidence", "caveat", "sources"]}),
    ]

    def show(self, request, text):
        return show_case(request, text, preview=True)


class PartAdmin(TextAdmin):
    """A part of the explainer, previewed on its own."""

    def show(self, request, text):
        return show_part(request, text)


@admin.register(TimelineEntry)
class TimelineEntryAdmin(PartAdmin):
    list_display = ["title", "year", "order", "standing", "edited_at"]
    list_filter = [StandingFilter]
    search_fields = ["title", "body"]
    fields = ["year", "title", "slug", "order", "body", "sources", *STANDING]


class ChartForm(TextForm):
    points = RowsField(
        PointForm, required=False, label="Figures", help_text="One row per bar."
    )


@admin.register(Chart)
class ChartAdmin(PartAdmin):
    form = ChartForm
    list_display = ["title", "slug", "standing", "edited_at"]
    list_filter = [StandingFilter]
    fields = ["title", "slug", "order", "unit", "points", "body", "sources", *STANDING]


@admin.register(Page)
class PageAdmin(TextAdmin):
    list_display = ["title", "slug", "standing", "edited_at"]
    list_filter = [StandingFilter]
    fields = ["slug", "title", "lede", "body", "sources", *STANDING]

    def has_add_permission(self, request):
        # Each page has its URL in the code and ships with it.
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    def show(self, request, text):
        return show_page(request, text, preview=True)
