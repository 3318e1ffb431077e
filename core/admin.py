"""Base classes for admin pages on which staff can't add, delete, or change rows."""

from django.contrib import admin


class FixedRows(admin.ModelAdmin):
    """Rows that only the site adds and deletes."""

    def has_add_permission(self, request):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


class ReadOnly(FixedRows):
    """Read-only rows, such as a log."""

    def has_change_permission(self, request, obj=None):
        return False


class ActionsOnly(FixedRows):
    """Rows that staff handle with changelist actions and don't edit."""

    def has_change_permission(self, request, obj=None):
        return obj is None and super().has_change_permission(request)
