from typing import cast

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import F
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core.admin import FixedRows, LargeTable
from voices.founding.models import FoundingRequest, FoundingRequestQuerySet


@admin.register(FoundingRequest)
class FoundingRequestAdmin(FixedRows, LargeTable):
    """List requests about founding voices, each with the deadline for a decision.

    Staff correct or take down the voice on its own admin page, then close the request.
    """

    list_display = [
        *("arrived_at", "deadline", "kind", "about", "asked_by", "text"),
        *("suspicions", "closed_at", "closed_by"),
    ]
    list_filter = [("closed_at", admin.EmptyFieldListFilter), "kind"]
    list_select_related = ["closed_by", "voice"]
    # Open requests first, with the earliest deadline at the top.
    ordering = [F("closed_at").desc(nulls_first=True), "arrived_at", "pk"]
    readonly_fields = [
        *("arrived_at", "deadline", "kind", "about", "text", "relation", "name"),
        *("email", "suspicions", "closed_at", "closed_by"),
    ]
    fields = (*readonly_fields,)
    actions = ["close"]

    @admin.display(description="decide by", ordering="arrived_at")
    def deadline(self, asked: FoundingRequest) -> str:
        day = f"{timezone.localtime(asked.due_at):%Y-%m-%d}"
        if asked.is_overdue:
            return format_html("<strong>{} (overdue)</strong>", day)
        return day

    @admin.display(description="voice")
    def about(self, asked: FoundingRequest) -> SafeString:
        url = reverse("admin:voices_voice_change", args=[asked.voice_id])
        return format_html('<a href="{}">No. {}</a>', url, asked.voice.founding_number)

    @admin.display(description="asked by")
    def asked_by(self, asked: FoundingRequest) -> SafeString:
        relation = FoundingRequest.Relation(asked.relation).name.lower()
        return format_html("<bdi>{}</bdi> ({})", asked.name, relation)

    @admin.action(permissions=["change"], description="Close as decided")
    def close(self, request: HttpRequest, queryset: FoundingRequestQuerySet) -> None:
        count = queryset.close(by=cast(User, request.user))
        self.message_user(request, f"Closed: {count}.", messages.SUCCESS)
