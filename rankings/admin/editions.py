from collections.abc import Sequence
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Count, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core.admin import EVERYWHERE, Fields
from rankings import effect
from rankings.models import Citation, Edition


@admin.register(Edition)
class EditionAdmin(admin.ModelAdmin):
    """Create a draft as a copy of the current edition, edit it, and publish it."""

    list_display = ["__str__", "status", "states", "published_by"]
    list_select_related = ["published_by"]
    readonly_fields = ["status", "its_states", "published_by"]
    actions = ["publish"]

    lookups: set[str] = set()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Edition]:
        return super().get_queryset(request).annotate(count=Count("assessments"))

    def get_fields(self, request: HttpRequest, obj: Edition | None = None) -> Fields:
        return ["date", "title", "notes", *(self.readonly_fields if obj else [])]

    def get_readonly_fields(
        self, request: HttpRequest, obj: Edition | None = None
    ) -> list[str]:
        # The date of a published edition is read-only, because URLs contain the date.
        dated = ["date"] if obj and obj.is_published else []
        return [*dated, *self.readonly_fields]

    def has_delete_permission(
        self, request: HttpRequest, obj: Edition | None = None
    ) -> bool:
        draft = obj is None or not obj.is_published
        return draft and super().has_delete_permission(request, obj)

    def has_publish_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("rankings.publish_edition")

    def get_deleted_objects(
        self, objs: QuerySet[Edition] | Sequence[Edition], request: HttpRequest
    ) -> tuple[list, dict[str, int], set[str], list]:
        """Return what would be deleted with the editions, and missing permissions.

        Deleting a draft requires no permission for the draft's assessments. Published
        editions are reported as a missing permission, so they can't be deleted.
        """
        shown, counts, _, protected = super().get_deleted_objects(objs, request)
        kept = [edition for edition in objs if edition.is_published]
        return shown, counts, {"published edition"} if kept else set(), protected

    def view_on_site(self, edition: Edition) -> str | None:
        return edition.get_absolute_url() if edition.is_published else None

    def add_view(
        self,
        request: HttpRequest,
        form_url: str = "",
        extra_context: dict[str, object] | None = None,
    ) -> HttpResponse:
        current = Edition.objects.current()
        title = f"New draft from {current}" if current else "New, empty draft"
        return super().add_view(
            request, form_url, {"title": title} | (extra_context or {})
        )

    def save_model(
        self, request: HttpRequest, obj: Edition, form: ModelForm, change: bool
    ) -> None:
        if change:
            super().save_model(request, obj, form, change)
        else:
            self.start(obj)

    def start(self, edition: Edition) -> None:
        """Save a new draft, as a copy of the current edition if there is one."""
        if current := Edition.objects.current():
            draft = current.copy(edition.date, edition.title, edition.notes)
            edition.pk = draft.pk
        else:
            edition.save()

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.publish_view)
        return [
            path("<int:pk>/publish/", view, name="rankings_edition_publish"),
            *super().get_urls(),
        ]

    @admin.action(
        description="Publish…",
        permissions=["publish"],
        location=EVERYWHERE,
    )
    def publish(
        self, request: HttpRequest, queryset: QuerySet[Edition]
    ) -> HttpResponse:
        editions = list(queryset[:2])
        if len(editions) == 1:
            return redirect("admin:rankings_edition_publish", editions[0].pk)
        self.message_user(request, "Publish one edition at a time.", messages.WARNING)
        return redirect("admin:rankings_edition_changelist")

    def publish_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show how publishing would change the rankings; publish on POST."""
        if not self.has_publish_permission(request):
            raise PermissionDenied
        edition = get_object_or_404(
            Edition.objects.select_related("published_by"), pk=pk
        )
        if request.method == "POST" and self.published(request, edition):
            return redirect("admin:rankings_edition_changelist")
        current = Edition.objects.current()
        citations = Citation.objects.filter(assessment__edition=edition)
        context = self.admin_site.each_context(request) | {
            "title": f"Publish {edition}",
            "opts": self.opts,
            "changelist_url": reverse("admin:rankings_edition_changelist"),
            "edition": edition,
            "current": current,
            "problems": edition.problems(),
            "moves": effect.moves(current, edition),
            "seen": effect.checksum(current, edition),
            "open": citations.still_open().count(),
            "unchecked": citations.unchecked().count(),
        }
        return render(request, "admin/rankings/publish.html", context)

    @transaction.atomic
    def published(self, request: HttpRequest, edition: Edition) -> bool:
        """Publish the edition and return True.

        If the draft or the current edition has changed since the user opened the page,
        or if the draft can't be published, show a warning and return False instead.
        """
        Edition.objects.lock()
        edition.refresh_from_db()
        seen = effect.checksum(Edition.objects.current(), edition)
        if not edition.is_published and request.POST.get("seen") != seen:
            sentence = "It has changed since you opened this page. Review it again."
            self.message_user(request, sentence, messages.WARNING)
            return False
        try:
            edition.publish(cast(User, request.user))
        except ValidationError as error:
            for sentence in error.messages:
                self.message_user(request, sentence, messages.WARNING)
            return False
        self.log_change(request, edition, "Published.")
        self.message_user(request, f"Published: {edition}.", messages.SUCCESS)
        return True

    # The methods below are list columns and read-only fields.

    @admin.display
    def status(self, edition: Edition) -> str:
        if not edition.is_published:
            return "Draft"
        at = timezone.localtime(edition.published_at)
        return f"Published on {at:%Y-%m-%d %H:%M}"

    @admin.display(ordering="count")
    def states(self, edition: Any) -> int:
        return edition.count

    @admin.display(description="assessments")
    def its_states(self, edition: Any) -> SafeString:
        url = reverse("admin:rankings_assessment_changelist")
        return format_html(
            '<a href="{}?edition={}">{} of 51 states</a>',
            url,
            edition.pk,
            edition.count,
        )
