"""Admin for invalidating forged signatures, and for the signers' objections."""

from datetime import datetime
from typing import cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import ModelAdmin
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.db.models.expressions import Combinable
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from core import addresses
from core.admin import EVERYWHERE, ActionsOnly, LargeTable
from core.fields import TidyCharField
from core.plain_text import tidy_paragraphs, validate_plain_text
from voices.invalidation import change
from voices.invalidation.select import Criteria, count_and_checksum, effect, sample
from voices.reveals.admin import RevealsAddress
from voices.signatures.invalidations import Invalidation
from voices.signatures.objections import InvalidatedSignature, Objection


class ReasonForm(forms.Form):
    """A form for the reason to invalidate the selected signatures.

    `seen` is the checksum of the selection when the form was shown.
    """

    seen = forms.CharField(max_length=60, widget=forms.HiddenInput)
    reason = TidyCharField(
        tidy=tidy_paragraphs,
        max_length=600,
        validators=[validate_plain_text],
        widget=forms.Textarea({"rows": 4, "class": "vLargeTextField"}),
        help_text="Up to 600 characters. The signers see it on their own page and "
        "in the file with their data.",
    )


@admin.register(Invalidation)
class InvalidationAdmin(admin.ModelAdmin):
    """The log of invalidations.

    Staff invalidate signatures on its "add" page, which logs a row. Undoing an
    invalidation, or reinstating some of its signatures, logs another row.
    """

    list_display = ["at", "kind", "count", "of", "reason", "by"]
    list_filter = ["kind"]
    list_select_related = ["of", "by"]
    ordering = ["-pk"]
    change_form_template = "admin/voices/invalidation.html"
    fields = ["at", "kind", "of", "count", "found_by", "reason", "by", "still_held"]
    readonly_fields = fields  # type: ignore[assignment]

    def has_change_permission(
        self, request: HttpRequest, obj: Invalidation | None = None
    ) -> bool:
        return False

    def has_delete_permission(
        self, request: HttpRequest, obj: Invalidation | None = None
    ) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.undo_view)
        name = "voices_invalidation_undo"
        return [path("<int:pk>/undo/", view, name=name), *super().get_urls()]

    @property
    def changelist_url(self) -> str:
        return reverse("admin:voices_invalidation_changelist")

    def add_view(
        self,
        request: HttpRequest,
        form_url: str = "",
        extra_context: dict[str, object] | None = None,
    ) -> HttpResponse:
        """Let staff select signatures, preview the effect, and invalidate them."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        criteria = Criteria(request.GET or None)
        if not criteria.is_valid():
            return self.select_page(request, criteria)
        if request.method != "POST":
            return self.select_page(request, criteria, self.empty_form(criteria))
        form = ReasonForm(request.POST)
        if not form.is_valid():
            return self.select_page(request, criteria, form)
        try:
            done = change.invalidate(
                criteria, by=cast(User, request.user), **form.cleaned_data
            )
        except change.ChangedError:
            return self.show_again(request, criteria, form)
        self.say_done(request, done)
        return redirect(self.changelist_url)

    def empty_form(self, criteria: Criteria, **initial: str) -> ReasonForm:
        _, seen = count_and_checksum(criteria.select())
        return ReasonForm(initial={"seen": seen, **initial})

    def show_again(
        self, request: HttpRequest, criteria: Criteria, form: ReasonForm
    ) -> HttpResponse:
        sentence = (
            "The selection has changed since you looked at it. Nothing was done. "
            "Please look again."
        )
        self.message_user(request, sentence, messages.WARNING)
        again = self.empty_form(criteria, reason=form.cleaned_data["reason"])
        return self.select_page(request, criteria, again)

    def say_done(self, request: HttpRequest, done: Invalidation) -> None:
        page = reverse("admin:voices_invalidation_change", args=[done.pk])
        sentence = format_html(
            'Invalidated: {}. <a href="{}">See or undo</a>', done.count, page
        )
        self.message_user(request, sentence, messages.SUCCESS)

    def select_page(
        self, request: HttpRequest, criteria: Criteria, form: ReasonForm | None = None
    ) -> HttpResponse:
        context = self.admin_site.each_context(request) | {
            "title": "Invalidate signatures",
            "opts": self.opts,
            "changelist_url": self.changelist_url,
            "criteria": criteria,
        }
        if form:
            chosen = criteria.select()
            figures = effect(chosen)
            context |= {
                # If `until` was left empty, show the time that `clean` filled in.
                "criteria": Criteria(initial=criteria.cleaned_data),
                "query": criteria.query,
                "form": form,
                "count": figures[0].now - figures[0].then,
                "effect": figures,
                "sample": sample(chosen),
            }
        failed = criteria.errors or (form and form.errors)
        status = 422 if failed else 200
        return render(request, "admin/voices/invalidate.html", context, status=status)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, object] | None = None,
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        may_undo = (
            row is not None
            and row.kind == Invalidation.Kind.INVALIDATED
            and not row.followed_by.filter(kind=Invalidation.Kind.UNDONE).exists()
            and self.has_add_permission(request)
        )
        context = {"may_undo": may_undo} | (extra_context or {})
        return super().change_view(request, object_id, form_url, context)

    def undo_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        invalidations = Invalidation.objects.filter(kind=Invalidation.Kind.INVALIDATED)
        count = change.undo(
            get_object_or_404(invalidations, pk=pk), by=cast(User, request.user)
        )
        if count is None:
            self.message_user(request, "It was already undone.", messages.WARNING)
        else:
            self.message_user(request, f"Counted again: {count}.", messages.SUCCESS)
        return redirect(self.changelist_url)

    @admin.display(description="found by")
    def found_by(self, row: Invalidation) -> str:
        said = [f"{name}: {value}" for name, value in row.criteria.items()]
        return "; ".join(said) or "-"

    @admin.display(description="signatures it still invalidates")
    def still_held(self, row: Invalidation) -> int:
        return row.signatures.count()


class ObjectedFilter(admin.SimpleListFilter):
    title = "objection"
    parameter_name = "objection"

    def lookups(
        self, request: HttpRequest, model_admin: ModelAdmin
    ) -> list[tuple[str, str]]:
        return [("open", "Open"), ("answered", "Answered")]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() in {"open", "answered"}:
            return queryset.filter(
                objection__isnull=False,
                objection__answered_at__isnull=self.value() == "open",
            )
        return queryset


@admin.register(InvalidatedSignature)
class InvalidatedSignatureAdmin(ActionsOnly, LargeTable, RevealsAddress):
    """Lets staff reinstate individual invalidated signatures.

    InvalidationAdmin undoes a whole invalidation.
    """

    list_display = ["signer", "invalidation", "invalidated_at", "objected", "words"]
    list_display_links = ["signer"]
    list_filter = [ObjectedFilter, "state"]
    list_select_related = ["invalidation", "objection"]
    change_form_template = "admin/voices/signature_form.html"
    actions = ["reinstate", "leave"]
    fields = [
        "name",
        "name_display",
        "masked_email",
        "city",
        "state",
        "profession",
        "statement",
        "confirmed_at",
        "invalidation",
        "objected",
        "words",
    ]
    readonly_fields = fields  # type: ignore[assignment]

    def get_queryset(self, request: HttpRequest) -> QuerySet[InvalidatedSignature]:
        return InvalidatedSignature.objects.filter(
            invalidation__isnull=False, withdrawn_at=None
        )

    def get_ordering(self, request: HttpRequest) -> list[str | Combinable]:
        # Sort by objection only if the list is filtered to the few signatures that have
        # an objection.
        if ObjectedFilter.parameter_name in request.GET:
            return ["objection__at", "pk"]
        return ["-invalidation_id", "-pk"]

    @admin.action(
        description="Reinstate: count them again",
        permissions=["change"],
        location=EVERYWHERE,
    )
    def reinstate(
        self, request: HttpRequest, queryset: QuerySet[InvalidatedSignature]
    ) -> None:
        ids = list(queryset.values_list("pk", flat=True))
        chosen = InvalidatedSignature.objects.filter(pk__in=ids)
        count = change.reinstate(chosen, by=cast(User, request.user))
        self.message_user(request, f"Counted again: {count}.", messages.SUCCESS)

    @admin.action(
        description="Keep invalidated: close the objections",
        permissions=["change"],
        location=EVERYWHERE,
    )
    def leave(
        self, request: HttpRequest, queryset: QuerySet[InvalidatedSignature]
    ) -> None:
        ids = list(queryset.values_list("pk", flat=True))
        chosen = Objection.objects.filter(signature__in=ids)
        count = chosen.leave(by=cast(User, request.user))
        self.message_user(request, f"Objections closed: {count}.", messages.SUCCESS)

    @admin.display(ordering="name")
    def signer(self, signature: InvalidatedSignature) -> str:
        return f"{signature.name}, {signature.city}, {signature.state}"

    @admin.display(description="email")
    def masked_email(self, signature: InvalidatedSignature) -> str:
        return addresses.masked(signature.email)

    @admin.display
    def statement(self, signature: InvalidatedSignature) -> str:
        return signature.voice.statement if signature.voice else ""

    @admin.display(ordering="invalidation__at")
    def invalidated_at(self, signature: InvalidatedSignature) -> datetime | None:
        return signature.invalidation.at if signature.invalidation else None

    @admin.display(description="objected", ordering="objection__at")
    def objected(self, signature: InvalidatedSignature) -> datetime | None:
        found = getattr(signature, "objection", None)
        return found.at if found else None

    @admin.display(description="what the signer says")
    def words(self, signature: InvalidatedSignature) -> str:
        found = getattr(signature, "objection", None)
        return (found.text or "(no text)") if found else ""
