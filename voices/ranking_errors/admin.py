from typing import cast

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import F
from django.http import HttpRequest

from core.admin import FixedRows, LargeTable
from voices.ranking_errors.models import RankingError, RankingErrorQuerySet


@admin.register(RankingError)
class RankingErrorAdmin(FixedRows, LargeTable):
    """List reports of errors in the rankings. Staff check, then close each report."""

    list_display = [
        *("arrived_at", "state", "text", "source"),
        *("suspicions", "closed_at", "closed_by"),
    ]
    list_filter = [("closed_at", admin.EmptyFieldListFilter), "state"]
    list_select_related = ["closed_by"]
    # Open reports first, with the oldest at the top.
    ordering = [F("closed_at").desc(nulls_first=True), "arrived_at", "pk"]
    actions = ["close"]

    def get_readonly_fields(
        self, request: HttpRequest, obj: RankingError | None = None
    ) -> list[str]:
        return [field.name for field in self.opts.fields if field.name != "id"]

    @admin.action(
        permissions=["change"],
        description="Close as looked into",
    )
    def close(self, request: HttpRequest, queryset: RankingErrorQuerySet) -> None:
        count = queryset.close(by=cast(User, request.user))
        self.message_user(request, f"Closed: {count}.", messages.SUCCESS)
