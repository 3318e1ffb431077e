"""Admin pages for leads: rules for second readers, stock sentences, and verdicts."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from core.admin import LargeTable, OneRow, ReadOnly
from voices.moderation.models import ReviewRule, StockSentence
from voices.moderation.readings import Reading


@admin.register(ReviewRule)
class ReviewRuleAdmin(OneRow):
    fields = ["second_reading"]


@admin.register(StockSentence)
class StockSentenceAdmin(admin.ModelAdmin):
    list_display = ["text", "position"]


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
