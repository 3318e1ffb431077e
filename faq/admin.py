"""Admin pages for all texts, with their sources, versions, and previews."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.db.models import Manager, QuerySet
from django.db.models.functions import Now
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from simple_history.admin import SimpleHistoryAdmin
from simple_history.models import SIMPLE_HISTORY_REVERSE_ATTR_NAME

from core.ids import read_id
from core.searching import FoldedSearch
from faq.cases.models import Case
from faq.cases.steps import StepForm
from faq.cases.views import show as show_case
from faq.pages.models import Chart, Page, PointForm, TimelineEntry
from faq.pages.views import show as show_page
from faq.pages.views import show_part
from faq.publishing import Text, TextQuerySet
from faq.questions.models import Question
from faq.questions.views import show as show_question
from faq.rows import RowsField
from faq.sources import SourceForm
from faq.versions import changes

STATUS = ["publish_at", "as_of", "status", "updated", "loaded_at", "edited_at"]
RULING = ["decided_in", "court", "citation", "url", "outcome", "lawfulness"]
TAKEN_OFF = (
    "This text was public and no longer is. To show it again, fill in “Public from”."
)


class TextForm(ModelForm):
    """A form for a text and its sources, one row per source."""

    sources = RowsField(
        SourceForm,
        required=False,
        help_text="Save to get more empty rows. To remove a row, check Delete.",
    )


class StatusFilter(admin.SimpleListFilter):
    title = "status"
    parameter_name = "status"

    def lookups(
        self, request: HttpRequest, model_admin: ModelAdmin
    ) -> list[tuple[str, str]]:
        return [("public", "Public"), ("due", "Scheduled"), ("draft", "Draft")]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() == "public":
            return cast(TextQuerySet, queryset).public()
        if self.value() == "due":
            return queryset.filter(publish_at__gt=Now())
        if self.value() == "draft":
            return queryset.filter(publish_at=None)
        return queryset


class TextAdmin(FoldedSearch, SimpleHistoryAdmin):
    """Base class for the admin of one kind of text, with previews and versions.

    A subclass sets its fields and implements `show`, which renders a text's preview.
    """

    form = TextForm
    # The name of the field from which a new text's slug is made.
    slug_from = "title"
    change_form_template = "admin/faq/change_form.html"
    object_history_list_template = "admin/faq/history_list.html"
    history_list_per_page = 20
    list_per_page = 50
    readonly_fields = ["status", "updated", "loaded_at", "edited_at"]
    # The only lookups allowed in changelist URLs. By default, Django would accept other
    # columns and operators, too.
    lookups = {"id__in", "status"}

    def show(self, request: HttpRequest, text: Any) -> HttpResponse:
        raise NotImplementedError

    @admin.display(description="Status", ordering="publish_at")
    def status(self, text: Text) -> str:
        if text.publish_at is None:
            return "Draft"
        at = timezone.localtime(text.publish_at)
        return "Public" if text.is_public else f"From {at:%b %-d, %Y, %H:%M}"

    def get_readonly_fields(
        self, request: HttpRequest, obj: Text | None = None
    ) -> list[str]:
        # URLs and [[chart:…]] contain the slug, so it must not change.
        return [*self.readonly_fields, *(["slug"] if obj else [])]

    def get_prepopulated_fields(
        self, request: HttpRequest, obj: Text | None = None
    ) -> dict[str, Sequence[str]]:
        return {} if obj else {"slug": [self.slug_from]}

    def has_delete_permission(
        self, request: HttpRequest, obj: Text | None = None
    ) -> bool:
        # If staff deleted a fixture, the next release would load it again. They can
        # unpublish it instead.
        is_fixture = obj is not None and obj.loaded_at is not None
        return not is_fixture and super().has_delete_permission(request, obj)

    def save_model(
        self, request: HttpRequest, obj: Text, form: ModelForm, change: bool
    ) -> None:
        stored = self.stored(obj)
        # When staff revert a text, the form starts with the old version's values, so
        # `changed_data` may be empty.
        if form.changed_data or hasattr(obj, SIMPLE_HISTORY_REVERSE_ATTR_NAME):
            obj.edited_at = timezone.now()
            obj.date_words(stored)
            super().save_model(request, obj, form, change)
        # Staff may have emptied `publish_at`, set it to a later time, or reverted the
        # text to a version from before it was published.
        if stored and stored.is_public and not obj.is_public:
            messages.warning(request, TAKEN_OFF)

    def stored(self, obj: Text) -> Text | None:
        """Return the text as it is in the database, or None if it isn't saved yet."""
        return self.model.objects.filter(pk=obj.pk).first()

    def view_on_site(self, obj: Text) -> str | None:
        return obj.get_absolute_url() if obj.is_public else None

    # Versions

    def history_view(
        self,
        request: HttpRequest,
        object_id: str,
        extra_context: dict[str, object] | None = None,
    ) -> HttpResponse:
        check_id(object_id)
        return super().history_view(request, object_id, extra_context)

    def history_form_view(
        self,
        request: HttpRequest,
        object_id: str,
        version_id: str,
        extra_context: dict[str, object] | None = None,
    ) -> HttpResponse:
        check_id(object_id)
        check_id(version_id)
        return super().history_form_view(request, object_id, version_id, extra_context)

    def get_history_queryset(
        self,
        request: HttpRequest,
        history_manager: Manager,
        pk_name: str,
        object_id: str,
    ) -> QuerySet:
        # Texts have no foreign keys, so history_user is the only table to join.
        versions = history_manager.filter(**{pk_name: object_id})
        return versions.select_related("history_user")

    def set_history_delta_changes(
        self,
        request: HttpRequest,
        records: Iterable[Any],
        foreign_keys_are_objs: bool = True,
    ) -> None:
        rows = list(records)
        for new, old in pairwise(rows):
            new.told = changes(new, old)

    # Previews

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_preview"
        view = self.admin_site.admin_view(self.preview)
        return [
            path("add/preview/", view, name=f"{name}_new"),
            path("<path:object_id>/preview/", view, name=name),
            *super().get_urls(),
        ]

    def preview(
        self, request: HttpRequest, object_id: str | None = None
    ) -> HttpResponse:
        """Show a text as the public would see it.

        A GET shows the stored text. A POST shows the text in the submitted form,
        without saving it.
        """
        obj = self.text_to_preview(request, object_id)
        if request.method == "POST":
            form = self.get_form(request, obj, change=obj is not None)(
                request.POST, instance=obj
            )
            if not form.is_valid():
                # Show the form and its errors on the normal add or change page. That
                # page's form must post to that page's URL, not to the preview's.
                back = (
                    reverse(self.own_url("change"), args=[object_id])
                    if obj
                    else (reverse(self.own_url("add")))
                )
                return self.changeform_view(request, object_id, form_url=back)
            obj = form.save(commit=False)
            obj.date_words(self.stored(obj))
        return self.show(request, obj)

    def text_to_preview(
        self, request: HttpRequest, object_id: str | None
    ) -> Text | None:
        """Check permissions; return the stored text, or None for a new text."""
        if object_id is None:
            if not self.has_add_permission(request):
                raise PermissionDenied
            if request.method != "POST":
                raise Http404
            return None
        check_id(object_id)
        obj = self.get_object(request, object_id)
        if obj is None:
            raise Http404
        asks = self.has_view_permission
        if request.method == "POST":
            asks = self.has_change_permission
        if not asks(request, obj):
            raise PermissionDenied
        return obj

    def own_url(self, kind: str) -> str:
        return f"admin:{self.opts.app_label}_{self.opts.model_name}_{kind}"


def check_id(text: str) -> None:
    """Raise Http404 if `text` isn't a valid ID."""
    if read_id(text) is None:
        raise Http404


@admin.register(Question)
class QuestionAdmin(TextAdmin):
    list_display = ["question", "topic", "order", "status", "edited_at"]
    list_filter = [StatusFilter, "topic"]
    search_fields = ["question", "answer"]
    slug_from = "question"
    fields = ["question", "slug", "topic", "order", "answer", "sources", *STATUS]
    lookups = {*TextAdmin.lookups, "topic__exact"}

    def show(self, request: HttpRequest, text: Question) -> HttpResponse:
        text.read_out()
        return show_question(request, text, preview=True)


class CaseForm(TextForm):
    steps = RowsField(
        StepForm,
        required=False,
        help_text="For the timeline of the lawsuit. Use only dates that the text or a "
        "source gives. Write them as 2019, 2019-10, or 2019-10-03.",
    )


@admin.register(Case)
class CaseAdmin(TextAdmin):
    form = CaseForm
    list_display = ["title", "kind", "state", "outcome", "order", "featured", "status"]
    list_filter = [StatusFilter, "outcome", "featured", "confidence", "kind", "state"]
    search_fields = ["title", "who", "body"]
    lookups = {
        *TextAdmin.lookups,
        *(
            "outcome__exact",
            "featured__exact",
            "confidence__exact",
            "kind__exact",
            "state__exact",
        ),
    }
    fieldsets = [
        (None, {"fields": ["title", "slug", "order", "featured", *STATUS]}),
        (
            "Who, where, and when",
            {"fields": ["who", "officials", "kind", "place", "state", "happened_in"]},
        ),
        (
            "The ruling",
            {"fields": RULING},
        ),
        ("The card", {"fields": ["summary", "outcome_sentence"]}),
        (
            "The story",
            {"fields": ["ending", "body", "steps", "confidence", "caveat", "sources"]},
        ),
    ]

    def show(self, request: HttpRequest, text: Case) -> HttpResponse:
        return show_case(request, text, preview=True)


class PartAdmin(TextAdmin):
    """Base class for the admin of charts and timeline entries.

    A preview shows only the chart or entry, not the page that includes it.
    """

    def show(self, request: HttpRequest, text: Chart | TimelineEntry) -> HttpResponse:
        return show_part(request, text)


@admin.register(TimelineEntry)
class TimelineEntryAdmin(PartAdmin):
    list_display = ["title", "year", "order", "status", "edited_at"]
    list_filter = [StatusFilter]
    search_fields = ["title", "body"]
    fields = [
        *("year", "title", "slug", "order", "body", "label", "marked"),
        *("sources", *STATUS),
    ]


class ChartForm(TextForm):
    points = RowsField(
        PointForm,
        required=False,
        label="Figures or questions",
        help_text="For figures: one row per bar; the first is highlighted. For "
        "questions: one row per question, and a last row for the result.",
    )


@admin.register(Chart)
class ChartAdmin(PartAdmin):
    form = ChartForm
    list_display = ["title", "slug", "status", "edited_at"]
    list_filter = [StatusFilter]
    fields = ["title", "slug", "order", "unit", "points", "body", "sources", *STATUS]


@admin.register(Page)
class PageAdmin(TextAdmin):
    list_display = ["title", "slug", "status", "edited_at"]
    list_filter = [StatusFilter]
    fields = ["slug", "title", "lede", "body", "sources", *STATUS]

    def has_add_permission(self, request: HttpRequest) -> bool:
        # All pages come from fixtures. A new page would also need a slug in PageSlug.
        return False

    def has_delete_permission(
        self, request: HttpRequest, obj: Text | None = None
    ) -> bool:
        return False

    def show(self, request: HttpRequest, text: Page) -> HttpResponse:
        return show_page(request, text, preview=True)
