from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, cast
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import ModelAdmin
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Case, QuerySet, When
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core.admin import EVERYWHERE, FixedRows
from core.fields import LineField
from core.ids import read_id
from core.searching import FoldedSearch
from rankings.admin.filters import CitationEditionFilter
from rankings.models import Citation, CitationQuerySet

# The most citations that staff can mark at once. There is a limit because a URL
# contains the ids of the selected citations.
MAX_AT_A_TIME = 200
# The citation fields that staff can edit even in a published edition.
KNOWN = [
    *("address", "confidence", "to_verify", "finding", "seen_on"),
    *("point", "seen", "seen_at"),
]


class LawyerForm(forms.Form):
    checked_by = LineField(
        label="Checked by",
        max_length=100,
        help_text="The lawyer’s name. Only staff see it, here in the admin.",
    )


class CheckFilter(admin.SimpleListFilter):
    """Filter citations by whether they are checked.

    By default, show the citations without a lawyer's check.
    """

    title = "check"
    parameter_name = "check"
    found = {
        "to-do": ("Lawyer’s check missing", Citation.objects.unchecked),
        "open": ("Not yet checked at the source", Citation.objects.still_open),
        "done": ("Checked by a lawyer", Citation.objects.checked),
        "all": ("All", Citation.objects.all),
    }

    def lookups(
        self, request: HttpRequest, model_admin: ModelAdmin
    ) -> list[tuple[str, str]]:
        return [(value, label) for value, (label, _) in self.found.items()]

    def value(self) -> str:
        chosen = super().value()
        return chosen if chosen in self.found else "to-do"

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        _, chosen = self.found[self.value()]
        return queryset & chosen()

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        # Skip the “All” that Django puts first.
        return islice(super().choices(changelist), 1, None)


@admin.register(Citation)
class CitationAdmin(FoldedSearch, FixedRows):
    """Let staff check citations and edit their details.

    Staff edit a citation's text and part on the assessment's page.
    """

    list_display = ["text", "state", "part", "status", "page"]
    list_filter = [CheckFilter, CitationEditionFilter, "assessment__usps"]
    list_select_related = ["assessment"]
    list_per_page = MAX_AT_A_TIME
    search_fields = ["text"]
    # Citations not yet checked against the source come first.
    ordering = [
        Case(When(to_verify=True, checked_at=None, then=0), default=1),
        "assessment__usps",
        "position",
        "pk",
    ]
    readonly_fields = ["its_assessment", "part", "text", "lawyer"]
    fields = ["its_assessment", "part", "text", *KNOWN, "lawyer"]
    actions = ["mark_checked", "mark_unchecked"]

    lookups = {"check", "edition", "assessment__usps__exact", "id__in"}

    def has_check_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("rankings.check_citation")

    @transaction.atomic
    def save_model(
        self, request: HttpRequest, obj: Citation, form: ModelForm, change: bool
    ) -> None:
        changed = {name: form.cleaned_data[name] for name in form.changed_data}
        if changed:
            # Also change the citation's copies in the current edition and in drafts.
            same = Citation.objects.filter(pk=obj.pk)
            same.alike().update(**changed)
            same.update(**changed)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.check_view)
        return [
            path("check/", view, name="rankings_citation_check"),
            *super().get_urls(),
        ]

    @admin.action(
        description="Mark as checked…", permissions=["check"], location=EVERYWHERE
    )
    def mark_checked(
        self, request: HttpRequest, queryset: CitationQuerySet
    ) -> HttpResponse:
        ids = list(queryset.values_list("pk", flat=True)[: MAX_AT_A_TIME + 1])
        if refusal := self.too_many(request, ids):
            return refusal
        query = urlencode([("id", pk) for pk in ids])
        return redirect(f"{reverse('admin:rankings_citation_check')}?{query}")

    @admin.action(
        description="Mark as unchecked", permissions=["check"], location=EVERYWHERE
    )
    def mark_unchecked(
        self, request: HttpRequest, queryset: CitationQuerySet
    ) -> HttpResponse:
        ids = list(queryset.values_list("pk", flat=True)[: MAX_AT_A_TIME + 1])
        if refusal := self.too_many(request, ids):
            return refusal
        return self.record(
            request,
            Citation.objects.checked().filter(pk__in=ids),
            "Marked as unchecked",
            lambda citations: citations.mark_unchecked(),
        )

    def too_many(
        self, request: HttpRequest, ids: Sequence[int | str]
    ) -> HttpResponse | None:
        if len(ids) <= MAX_AT_A_TIME:
            return None
        sentence = f"Choose at most {MAX_AT_A_TIME} citations at a time."
        self.message_user(request, sentence, messages.WARNING)
        return redirect("admin:rankings_citation_changelist")

    def check_view(self, request: HttpRequest) -> HttpResponse:
        """Ask which lawyer checked the chosen citations, then record the check."""
        if not self.has_check_permission(request):
            raise PermissionDenied
        chosen = request.GET.getlist("id")[:MAX_AT_A_TIME]
        ids = [pk for pk in chosen if read_id(pk) is not None]
        form = LawyerForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            name = form.cleaned_data["checked_by"]
            return self.record(
                request,
                Citation.objects.unchecked().filter(pk__in=ids),
                "Marked as checked",
                lambda citations: citations.mark_checked(by=name),
            )
        context = self.admin_site.each_context(request) | {
            "title": "Mark as checked",
            "opts": self.opts,
            "form": form,
            "changelist_url": reverse("admin:rankings_citation_changelist"),
            "citations": Citation.objects.filter(pk__in=ids).select_related(
                "assessment"
            ),
        }
        return render(request, "admin/rankings/check.html", context)

    @transaction.atomic
    def record(
        self,
        request: HttpRequest,
        chosen: CitationQuerySet,
        what: str,
        change: Callable[[CitationQuerySet], int],
    ) -> HttpResponse:
        """Apply `change` to the chosen citations and their copies, and log the action.

        If any citation changed, the message to the user links to a list of the chosen
        citations, where staff can undo the change.
        """
        # Select by id, because `chosen` no longer finds the citations after the change.
        ids = list(chosen.values_list("pk", flat=True))
        citations = Citation.objects.filter(pk__in=ids)
        alike = Citation.objects.filter(pk__in=citations.alike()) | citations
        change(alike)
        LogEntry.objects.log_actions(
            cast(User, request.user).pk, citations, CHANGE, change_message=f"{what}."
        )
        if ids:
            count, url = len(ids), list_of(citations)
            sentence: str = format_html(
                '{}: {}. <a href="{}">See or undo</a>', what, count, url
            )
        else:
            sentence = f"{what}: 0. There was nothing to change."
        level = messages.SUCCESS if ids else messages.WARNING
        self.message_user(request, sentence, level)
        return redirect("admin:rankings_citation_changelist")

    # The methods below are list columns and read-only fields.

    @admin.display(ordering="assessment__usps")
    def state(self, citation: Citation) -> str:
        return str(citation.assessment)

    @admin.display
    def status(self, citation: Citation) -> str:
        if citation.checked_at:
            return citation.check_words
        if citation.is_open:
            return "Not yet checked at the source"
        return "Lawyer’s check missing"

    @admin.display(description="address")
    def page(self, citation: Citation) -> str:
        if not citation.address:
            return "None"
        return format_html('<a href="{}" rel="noreferrer">Open</a>', citation.address)

    @admin.display(description="assessment")
    def its_assessment(self, citation: Citation) -> SafeString:
        return format_html(
            '<a href="{}">{}</a>, {}',
            reverse("admin:rankings_assessment_change", args=[citation.assessment_id]),
            citation.assessment,
            citation.assessment.edition,
        )

    @admin.display(description="lawyer’s check")
    def lawyer(self, citation: Citation) -> str:
        return citation.check_words


def list_of(citations: CitationQuerySet) -> str:
    """Return the URL of a changelist that shows only these citations.

    All of them must be in the same edition.
    """
    rows = citations.values_list("pk", "assessment__edition")
    ids = ",".join(str(pk) for pk, _ in rows)
    query = urlencode({"check": "all", "edition": rows[0][1], "id__in": ids})
    return f"{reverse('admin:rankings_citation_changelist')}?{query}"
