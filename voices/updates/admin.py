from typing import cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AdminTextareaWidget, AdminTextInputWidget
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.csp import CSP
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.csp import csp_override

from core.admin import EVERYWHERE, Fields
from core.fields import TidyCharField
from core.plain_text import tidy_paragraphs, validate_one_line, validate_plain_text
from voices.letters.compose import compose_sample
from voices.letters.models import Update
from voices.letters.updates import readers
from voices.updates.queue import queue_update

# Allow the email's inline styles, and links that open a new tab; block all else.
MAIL_POLICY: dict[str, list[str]] = {
    "default-src": [CSP.NONE],
    "style-src": [CSP.UNSAFE_INLINE],
    "base-uri": [CSP.NONE],
    "form-action": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
    "sandbox": ["allow-popups"],
}


class UpdateForm(forms.ModelForm):
    """A form for an update: an email to signers who asked for email updates.

    The subject and body are tidied in the same way as text that signers enter.
    """

    subject = TidyCharField(
        max_length=120,
        validators=[validate_one_line],
        widget=AdminTextInputWidget,
    )
    body = TidyCharField(
        tidy=tidy_paragraphs,
        validators=[validate_plain_text],
        help_text="Plain text. Separate paragraphs with a blank line.",
        widget=AdminTextareaWidget,
    )


@admin.register(Update)
class UpdateAdmin(admin.ModelAdmin):
    """Lets staff write an update, see how many people will get it, and queue it."""

    form = UpdateForm
    list_display = ["subject", "written_at", "queued_at", "queued_by"]
    list_select_related = ["queued_by"]
    readonly_fields = ["as_mailed", "queued_at", "queued_by"]
    actions = ["send"]

    def get_fields(self, request: HttpRequest, obj: Update | None = None) -> Fields:
        return ["subject", "body", *(self.readonly_fields if obj else [])]

    def has_change_permission(
        self, request: HttpRequest, obj: Update | None = None
    ) -> bool:
        unqueued = obj is None or obj.queued_at is None
        return unqueued and super().has_change_permission(request, obj)

    def has_delete_permission(
        self, request: HttpRequest, obj: Update | None = None
    ) -> bool:
        # Deleting an update also deletes its letters, which record who received it.
        unqueued = obj is None or obj.queued_at is None
        return unqueued and super().has_delete_permission(request, obj)

    def save_model(
        self, request: HttpRequest, obj: Update, form: ModelForm, change: bool
    ) -> None:
        if not change:
            super().save_model(request, obj, form, change)
            return
        # The update may have been queued after this page was opened.
        words = {"subject": obj.subject, "body": obj.body}
        if not Update.objects.filter(pk=obj.pk, queued_at=None).update(**words):
            raise PermissionDenied("The update was queued after you opened the page.")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/send/", view(self.send_view), name="voices_update_send"),
            path("<int:pk>/html/", view(self.html_view), name="voices_update_html"),
            *super().get_urls(),
        ]

    @admin.action(
        description="Send…",
        permissions=["change"],
        location=EVERYWHERE,
    )
    def send(self, request: HttpRequest, queryset: QuerySet[Update]) -> HttpResponse:
        updates = list(queryset[:2])
        if len(updates) == 1:
            return redirect("admin:voices_update_send", updates[0].pk)
        self.message_user(request, "Send one update at a time.", messages.WARNING)
        return redirect("admin:voices_update_changelist")

    def send_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the email and how many people will get it; on POST, queue it."""
        # Don't pass the update: has_change_permission() would return False for a queued
        # update, but this page also shows queued updates.
        if not self.has_change_permission(request):
            raise PermissionDenied
        update = get_object_or_404(Update.objects.select_related("queued_by"), pk=pk)
        if request.method == "POST":
            if queue_update(update, cast(User, request.user)):
                sentence, level = "Queued: {}", messages.SUCCESS
            else:
                sentence, level = "Already queued: {}", messages.WARNING
            self.message_user(request, sentence.format(update), level)
            return redirect("admin:voices_update_changelist")
        context = self.admin_site.each_context(request) | {
            "title": f"Send “{update}”",
            "opts": self.opts,
            "update": update,
            "readers": None if update.queued_at else readers().count(),
            "sample": compose_sample(update),
            "html_url": reverse("admin:voices_update_html", args=[pk]),
        }
        return render(request, "admin/voices/send_update.html", context)

    @csp_override(MAIL_POLICY)
    def html_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the HTML part of the update's email, as a mail program would."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        sample = compose_sample(get_object_or_404(Update, pk=pk))
        return HttpResponse(str(sample.alternatives[0][0]))

    @admin.display(description="as it will be mailed")
    def as_mailed(self, update: Update) -> SafeString:
        return format_html(
            '<pre class="mail">{}</pre>'
            '<a href="{}" target="_blank">See the HTML part (opens in a new tab)</a>',
            compose_sample(update).body,
            reverse("admin:voices_update_html", args=[update.pk]),
        )
