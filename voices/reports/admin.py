from django.contrib import admin
from django.db.models import F
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core.admin import LargeTable, ReadOnly
from voices.reports.models import Report


@admin.register(Report)
class ReportAdmin(ReadOnly, LargeTable):
    """Read-only list of reports. Staff handle reported voices in the review queue."""

    list_display = ["arrived_at", "kind", "text", "about", "closed_at", "closed_by"]
    list_filter = [("closed_at", admin.EmptyFieldListFilter), "kind"]
    list_select_related = ["closed_by"]
    # Open reports first, with the oldest at the top.
    ordering = [F("closed_at").desc(nulls_first=True), "arrived_at", "pk"]

    lookups = {"kind__exact", "closed_at__isempty", "voice__id__exact"}

    @admin.display(description="voice")
    def about(self, report: Report) -> SafeString:
        url = reverse("admin:voices_voice_change", args=[report.voice_id])
        return format_html('<a href="{}">No. {}</a>', url, report.voice_id)
