from hashlib import sha256
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminTextareaWidget
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Field, ForeignKey, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils import timezone

from core.admin import Fields
from core.fields import ADMIN_FIELDS
from core.searching import FoldedSearch
from rankings import effect, scoring
from rankings.admin.filters import EditionFilter
from rankings.importing.admin import ImportPages
from rankings.models import Assessment, Citation, Edition

PREVIEW = "_preview"
EDITED = [*(field.name for field in effect.COMPARED), "reason"]
# Shown when saving would overwrite someone else's concurrent edit.
CHANGED_MEANWHILE = (
    "Someone changed this assessment after you opened it, so your changes are not "
    "saved yet. They are still in the form below: compare them with the current "
    "assessment in another window, and save again to keep yours."
)


class AssessmentForm(forms.ModelForm):
    """Edit a state's facts. “Preview points” shows the new score without saving."""

    read = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "read" in self.fields:
            self.initial["read"] = version_of(self.instance)

    def is_valid(self) -> bool:
        # A preview counts as invalid, so the admin shows the form again with all input.
        return super().is_valid() and PREVIEW not in self.data

    def clean(self) -> dict[str, Any] | None:
        if self.instance.pk and PREVIEW not in self.data:
            self.refuse_stale()
        return super().clean()

    def refuse_stale(self) -> None:
        """Raise ValidationError if the assessment was edited after the form was opened.

        An import, or an edit of one of the assessment's citations, is also an edit.
        Locks the edition and the citations first. Before raising, puts the new
        version into the form's hidden field `read`, so that submitting the form a
        second time succeeds.
        """
        Edition.objects.select_for_update().get(pk=self.instance.edition_id)
        list(self.instance.citations.select_for_update().order_by("pk"))
        now = version_of(Assessment.objects.get(pk=self.instance.pk))
        if self.cleaned_data.get("read") != now:
            data = QueryDict(mutable=True)
            data.update(self.data)
            data["read"] = now
            self.data = data
            raise ValidationError(CHANGED_MEANWHILE, code="changed")


def version_of(assessment: Assessment) -> str:
    """Return a hash that changes if the assessment or one of its citations does."""
    citations = Citation.objects.filter(assessment=assessment.pk).order_by("pk")
    version = [assessment.edited_at, *citations.values_list()]
    return sha256(repr(version).encode()).hexdigest()


class CitationForm(forms.ModelForm):
    def clean(self) -> dict[str, Any] | None:
        if self.instance.pk and {"part", "text"} & {*self.changed_data}:
            # Remove the lawyer's check, because the lawyer checked the previous text
            # or part.
            self.instance.checked_at, self.instance.checked_by = None, ""
        return super().clean()


class CitationInline(admin.StackedInline):
    model = Citation
    form = CitationForm
    formfield_overrides = ADMIN_FIELDS
    # Show one blank citation form, because staff without JavaScript can't add forms.
    extra = 1
    fields = [
        ("part", "position"),
        "text",
        ("address", "confidence"),
        "to_verify",
        ("finding", "seen_on"),
        "point",
        "seen",
        "seen_at",
        "lawyer",
    ]
    readonly_fields = ["lawyer"]

    def formfield_for_dbfield(
        self, db_field: Field, request: HttpRequest, **kwargs: Any
    ) -> forms.Field | None:
        if db_field.name in {"point", "seen", "seen_at"}:
            kwargs["widget"] = AdminTextareaWidget({"rows": 2})
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    @admin.display(description="lawyer’s check")
    def lawyer(self, citation: Citation) -> str:
        return citation.check_words


@admin.register(Assessment)
class AssessmentAdmin(FoldedSearch, ImportPages, admin.ModelAdmin):
    """Edit the facts of one state in one edition. The form also shows the score."""

    form = AssessmentForm
    change_form_template = "admin/rankings/assessment.html"
    inlines = [CitationInline]
    list_display = [
        "__str__",
        "result",
        "right_to_sue",
        "immunity",
        "covers",
        "payer",
        "confidence",
        "edited_at",
    ]
    list_filter = [EditionFilter, "right_to_sue", "immunity", "confidence"]
    list_per_page = 60
    search_fields = ["=usps", "summary"]
    ordering = ["usps"]
    actions = None
    # The link would lead to the state's page in the current edition, but the assessment
    # may belong to another edition.
    view_on_site = False

    lookups = {
        "edition",
        "right_to_sue__exact",
        "immunity__exact",
        "confidence__exact",
    }

    def get_queryset(self, request: HttpRequest) -> QuerySet[Assessment]:
        return super().get_queryset(request).select_related("edition", "edited_by")

    def get_fields(self, request: HttpRequest, obj: Assessment | None = None) -> Fields:
        fields: Fields = ["edition", "usps", *EDITED]
        if obj is None:
            return fields
        read = ["read"] if self.has_change_permission(request, obj) else []
        return [*fields, "edited_at", "edited_by", *read]

    def get_readonly_fields(
        self, request: HttpRequest, obj: Assessment | None = None
    ) -> list[str]:
        return ["edition", "usps", "edited_at", "edited_by"] if obj else []

    def formfield_for_foreignkey(
        self, db_field: ForeignKey, request: HttpRequest, **kwargs: Any
    ) -> forms.ModelChoiceField | None:
        if db_field.name == "edition":
            kwargs["queryset"] = Edition.objects.drafts()
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def has_change_permission(
        self, request: HttpRequest, obj: Assessment | None = None
    ) -> bool:
        # The facts in a published edition can't change; see docs/rankings.md.
        draft = obj is None or not obj.edition.is_published
        return draft and super().has_change_permission(request, obj)

    def has_delete_permission(
        self, request: HttpRequest, obj: Assessment | None = None
    ) -> bool:
        draft = obj is None or not obj.edition.is_published
        return draft and super().has_delete_permission(request, obj)

    def save_model(
        self, request: HttpRequest, obj: Assessment, form: ModelForm, change: bool
    ) -> None:
        edition = Edition.objects.select_for_update().get(pk=obj.edition_id)
        if edition.is_published:
            raise PermissionDenied("The edition was published in the meantime.")
        obj.edited_at, obj.edited_by = timezone.now(), cast(User, request.user)
        super().save_model(request, obj, form, change)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        form = context["adminform"].form
        if form.instance.edition_id:
            context |= preview(form.instance)
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.display(description="result")
    def result(self, assessment: Assessment) -> str:
        return effect.in_words(assessment.edition.score(assessment))


def preview(assessment: Assessment) -> dict:
    """Return template context that compares the form's facts with the saved facts.

    `place` is the state's result with the facts in the form, and `before` is the result
    with the saved facts.
    """
    edition, usps = assessment.edition, assessment.usps
    stored = {each.usps: each for each in edition.assessments.all()}
    now = effect.results(edition, (stored | {usps: assessment}).values())
    return {
        "score": edition.score(assessment),
        "place": now[usps],
        "before": effect.results(edition, stored.values()).get(usps),
        "ranked": sum(each.assessed for each in now.values()),
        "most": scoring.MAX_POINTS,
        "preview_name": PREVIEW,
    }
