"""The log of bulk decisions, each of which can be undone as a whole."""

from typing import cast

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core.admin import LargeTable, ReadOnly
from voices.moderation import undo_batch
from voices.moderation.admin.questions import QUESTIONS
from voices.moderation.batches import Batch
from voices.moderation.readings import Verdict
from voices.moderation.undo_batch import Undone

TWICE = "This batch was already undone. Nothing was changed."


@admin.register(Batch)
class BatchAdmin(ReadOnly, LargeTable):
    """The bulk decisions, read-only, with a page that undoes one as a whole."""

    list_display = ["at", "decision", "by", "count", "to_second", "undone"]
    list_select_related = ["by", "undone_by"]
    ordering = ["-pk"]
    change_form_template = "admin/voices/batch.html"
    fields = [
        *("at", "decision", "reason", "by", "count", "to_second", "undone"),
        "log",
    ]
    readonly_fields = fields  # type: ignore[assignment]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.undo_view)
        own = path("<int:pk>/undo/", view, name="voices_batch_undo")
        return [own, *super().get_urls()]

    def may_undo(self, request: HttpRequest, batch: Batch) -> bool:
        """Moderators undo their own batches; leads, those of others, too."""
        user = cast(User, request.user)
        own = batch.by_id == user.pk and user.has_perm("voices.change_voice")
        return own or user.has_perm("voices.reverse_decision")

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, object] | None = None,
    ) -> HttpResponse:
        batch = self.get_object(request, object_id)
        may = batch and not batch.undone_at and self.may_undo(request, batch)
        context = {"may_undo": may} | (extra_context or {})
        return super().change_view(request, object_id, form_url, context)

    def undo_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show what undoing the batch would do; on a POST, do it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        batch, by = get_object_or_404(Batch, pk=pk), cast(User, request.user)
        if not self.may_undo(request, batch):
            raise PermissionDenied
        page = reverse("admin:voices_batch_change", args=[pk])
        if request.method == "POST":
            self.say_undone(request, undo_batch.undo(pk, by))
            return redirect(page)
        if batch.undone_at:
            self.message_user(request, TWICE, messages.WARNING)
            return redirect(page)
        context = self.admin_site.each_context(request) | {
            "title": f"Undo {batch}",
            "opts": self.opts,
            "batch": batch,
            "decision": self.decision(batch),
            "effect": undo_batch.effect(batch, by),
            "changelist_url": reverse("admin:voices_batch_changelist"),
            "page": page,
        }
        return render(request, "admin/voices/undo_batch.html", context)

    def say_undone(self, request: HttpRequest, undone: Undone | None) -> None:
        if undone is None:
            self.message_user(request, TWICE, messages.WARNING)
            return
        groups = [
            ("First verdicts taken back", undone.taken_back),
            ("Left as they are, because they have changed since", undone.left),
            ("Authors who get a letter, because they had one already", undone.told),
        ]
        said = [f"Undone: {undone.decisions:,}."]
        said += [f"{words}: {number:,}." for words, number in groups if number]
        self.message_user(request, " ".join(said), messages.SUCCESS)

    @admin.display(description="decision")
    def decision(self, batch: Batch) -> str:
        return QUESTIONS[Verdict(batch.kind)].done

    @admin.display(description="undone", empty_value="No")
    def undone(self, batch: Batch) -> str | None:
        if batch.undone_at is None:
            return None
        at = timezone.localtime(batch.undone_at)
        return f"{at:%Y-%m-%d %H:%M} by {batch.undone_by}"

    @admin.display
    def log(self, batch: Batch) -> SafeString:
        url = reverse("admin:voices_decision_changelist")
        link = '<a href="{}?batch__id__exact={}">Its decisions</a>'
        return format_html(link, url, batch.pk)
