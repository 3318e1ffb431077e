from typing import cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.views.main import ChangeList
from django.contrib.admin.widgets import AdminTextInputWidget
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from core.admin import EVERYWHERE, Fields
from core.fields import TidyCharField
from core.plain_text import validate_one_line
from core.qr_codes import qr_svg
from voices.tags.models import SLUG_ERROR, Tag, TagQuerySet
from voices.tags.posters import POSTERS, render_poster
from voices.wall.tallies import DayTally


class TagForm(forms.ModelForm):
    name = TidyCharField(
        max_length=60,
        validators=[validate_one_line],
        help_text=Tag._meta.get_field("name").help_text,
        widget=AdminTextInputWidget,
    )

    class Meta:
        error_messages = {"slug": {"invalid": SLUG_ERROR}}


class TagList(ChangeList):
    """A list of tags with their numbers of signatures, all counted in one query."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        counts = DayTally.objects.by_tag()
        for tag in self.result_list:
            tag.count = counts.get(tag.slug, 0)


@admin.register(Tag)
class TagAdmin(admin.ModelAdmin):
    """The tags of links to the form. A tag's page has a link, QR code, and posters."""

    form = TagForm
    list_display = ["name", "slug", "signatures", "retired_at"]
    list_filter = [("retired_at", admin.EmptyFieldListFilter)]
    readonly_fields = ["signatures", "address", "qr_code", "posters", "retired_at"]
    actions = ["retire", "restore"]

    def get_changelist(self, request: HttpRequest, **kwargs: object) -> type[TagList]:
        return TagList

    def has_delete_permission(
        self, request: HttpRequest, obj: Tag | None = None
    ) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: Tag | None = None) -> Fields:
        return ["name", "slug", *(self.readonly_fields if obj else [])]

    def get_readonly_fields(
        self, request: HttpRequest, obj: Tag | None = None
    ) -> list[str]:
        return [*(["slug"] if obj else []), *self.readonly_fields]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.poster_view)
        name = "voices_tag_poster"
        return [
            path("<int:pk>/poster/<str:kind>/", view, name=name),
            *super().get_urls(),
        ]

    def poster_view(self, request: HttpRequest, pk: int, kind: str) -> HttpResponse:
        """Show a poster. The link in its QR code opens the form and has this tag."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        tag = get_object_or_404(Tag, pk=pk)
        return render_poster(request, kind, tag.slug)

    @admin.action(description="Retire", permissions=["change"], location=EVERYWHERE)
    def retire(self, request: HttpRequest, queryset: TagQuerySet) -> None:
        self.log_all(request, queryset.in_use(), "Retired.")
        count = queryset.retire()
        self.message_user(request, f"Retired: {count}.", messages.SUCCESS)

    @admin.action(description="Restore", permissions=["change"], location=EVERYWHERE)
    def restore(self, request: HttpRequest, queryset: TagQuerySet) -> None:
        self.log_all(request, queryset.exclude(retired_at=None), "Restored.")
        count = queryset.restore()
        self.message_user(request, f"Restored: {count}.", messages.SUCCESS)

    def log_all(self, request: HttpRequest, tags: TagQuerySet, message: str) -> None:
        LogEntry.objects.log_actions(
            cast(User, request.user).pk, tags, CHANGE, change_message=message
        )

    @admin.display(description="signatures that count")
    def signatures(self, tag: Tag) -> int:
        counted: int | None = getattr(tag, "count", None)
        return (
            DayTally.objects.by_tag().get(tag.slug, 0) if counted is None else counted
        )

    @admin.display(description="link")
    def address(self, tag: Tag) -> SafeString:
        return format_html('<a href="{0}">{0}</a>', tag.link)

    @admin.display(description="QR code")
    def qr_code(self, tag: Tag) -> SafeString:
        return qr_svg(tag.link, f"QR code of {tag.link}")

    @admin.display(description="posters to print")
    def posters(self, tag: Tag) -> SafeString:
        links = [
            (reverse("admin:voices_tag_poster", args=[tag.pk, kind]), poster.title)
            for kind, poster in POSTERS.items()
        ]
        return format_html_join(" · ", '<a href="{}">{}</a>', links)
