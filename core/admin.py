"""What admin pages of rows have in common that staff don't make or can't change."""

from django.contrib import admin


class FixedRows(admin.ModelAdmin):
    """Rows that the site adds and deletes by itself."""

    def has_add_permission(self, request):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


class ReadOnly(FixedRows):
    """Rows to look at, such as a log."""

    def has_change_permission(self, request, obj=None):
        return False


class ActionsOnly(FixedRows):
    """Rows to decide on by actions of the list, not to edit."""

    def has_change_permission(self, request, obj=None):
        return obj is None and super().has_change_permission(request)
