"""Admin pages for leads: rules for second readers, stock sentences, and verdicts."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from core.admin import LargeTable, ReadOnly
from voices.moderation.models import ReviewRule, StockSentence
from voices.moderation.readings import Reading


@admin.register(ReviewRule)
class ReviewRuleAdmin(admin.ModelAdmin):
    fields = ["second_reading"]

    def has_delete_permission(
        self, request: HttpRequest, obj: ReviewRule | None = None
    ) -> bool:
        return False

    def add_view(
        self,
        request: HttpRequest,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if self.has_add_permission(request) and ReviewRule.objects.exists():
            return redirect("admin:voices_reviewrule_change", ReviewRule.ONLY)
        return super().add_view(request, form_url, extra_context)


@admin.register(StockSentence)
class StockSentenceAdmin(admin.ModelAdmin):
    list_display = ["text", "position"]
    list_editable = ["position"]


@admin.register(Reading)
class ReadingAdmin(ReadOnly, LargeTable):
    """Both verdicts on each voice, once both are given.

    A reading that waits for its second verdict isn't listed, because the second reader
    must not see the first one.
    """

    list_display = [
        *("first_at", "voice_id", "first_by", "first_verdict"),
        *("second_by", "second_verdict", "second_reason", "settled_by"),
    ]
    list_select_related = ["first_by", "second_by", "second_reason", "settled_by"]
    ordering = ["-pk"]
    fields = [
        *("voice_id", "first_by", "first_verdict", "first_reason", "first_at"),
        *("second_by", "second_verdict", "second_reason", "second_at"),
        *("settled_by", "closed_at"),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Reading]:
        return super().get_queryset(request).filter(second_at__isnull=False)
