"""The reasons for decisions, and the log of decisions."""

from django.contrib import admin
from django.http import HttpRequest

from core.admin import LargeTable, ReadOnly
from voices.moderation.admin.voices import LOOKUPS
from voices.moderation.models import Decision, Reason


@admin.register(Reason)
class ReasonAdmin(admin.ModelAdmin):
    list_display = ["label", "explanation", "position", "active"]

    def has_delete_permission(
        self, request: HttpRequest, obj: Reason | None = None
    ) -> bool:
        # Decisions refer to reasons, so deactivate a reason instead of deleting it.
        return False


@admin.register(Decision)
class DecisionAdmin(ReadOnly, LargeTable):
    """The decision log, read-only."""

    list_display = ["at", "kind", "voice_id", "reason", "by"]
    lookups = LOOKUPS
    list_filter = ["kind", "by"]
    list_select_related = ["reason", "by"]
    ordering = ["-pk"]
