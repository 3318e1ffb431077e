"""Base classes for admin pages on which staff can't add, delete, or change rows."""

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

# What Django's `get_fields` may return.
type Fields = list[str | list[str] | tuple[str, ...]]


class FixedRows(admin.ModelAdmin):
    """Rows that only the site adds and deletes."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        return False


class ReadOnly(FixedRows):
    """Read-only rows, such as a log."""

    def has_change_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        return False


class ActionsOnly(FixedRows):
    """Rows that staff handle with changelist actions and don't edit."""

    def has_change_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        return obj is None and super().has_change_permission(request)
