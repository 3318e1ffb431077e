from datetime import datetime
from typing import cast

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin import ModelAdmin
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.timesince import timesince

from core.admin import Fields, FixedRows
from core.diffs import word_diff
from core.searching import FoldedSearch
from voices.moderation import propose, undoing
from voices.moderation.admin.deciding import Decisions
from voices.moderation.editing import VoiceForm
from voices.moderation.flags import (
    FlagFilter,
    RewordedFilter,
    SameNetworkFilter,
    SameTextFilter,
)
from voices.moderation.models import AwaitingVoice
from voices.wall.models import WORDS, Status, Voice, VoiceQuerySet

# The only lookups allowed in changelist URLs. Django would allow many more.
LOOKUPS = {
    "id__in",
    *(
        each.parameter_name
        for each in (FlagFilter, SameTextFilter, RewordedFilter, SameNetworkFilter)
    ),
    "status",
    "state__exact",
    "profession_group__exact",
    "kind__exact",
    "by__id__exact",
    "voice__id__exact",
    "batch__id__exact",
}


def who(name: str, *lines: str) -> SafeString:
    """Return HTML with a name and details.

    An empty name is shown as "(erased)", because the HTML is used as a link's text.
    """
    return format_html(
        '<span class="voice-author"><b dir="auto">{}</b> <bdi>{}</bdi></span>',
        name or "(erased)",
        " · ".join(filter(None, lines)),
    )


class BaseVoiceAdmin(Decisions, FixedRows):
    """Base class of the admin pages for the review queue and for all voices."""

    form = VoiceForm
    readonly_fields = [
        "marked_statement",
        "badges",
        "pending",
        "proposed",
        "open_appeals",
        "open_reports",
        "edits",
        "its_status",
        "submitted_at",
    ]
    fields = [*WORDS, *readonly_fields]
    list_per_page = 50

    class Media:
        js = [forms.Script("moderation.js", defer=True)]

    lookups = LOOKUPS

    def get_fields(self, request: HttpRequest, obj: Voice | None = None) -> Fields:
        read = ["read"] if self.has_change_permission(request, obj) else []
        # A founding voice was loaded from a file, so its `submitted_at` means nothing.
        dateless = {"submitted_at"} if obj and obj.founding_number else set()
        return [*(name for name in self.fields if name not in dateless), *read]

    def has_change_permission(
        self, request: HttpRequest, obj: Voice | None = None
    ) -> bool:
        # Withdrawn and erased voices are read-only.
        if obj is not None and obj.withdrawn_at:
            return False
        return super().has_change_permission(request, obj)

    def save_model(
        self, request: HttpRequest, obj: Voice, form: ModelForm, change: bool
    ) -> None:
        if form.changed_data:
            edit = propose.edit(obj, cast(User, request.user))
            form.instance.is_edit_proposed = edit is not None

    def response_change(self, request: HttpRequest, obj: Voice) -> HttpResponse:
        if not getattr(obj, "is_edit_proposed", False):
            return super().response_change(request, obj)
        # Django's message would say that the voice was changed.
        sentence = (
            "The author gets your edit by email. The words don't change until they "
            "approve it."
        )
        self.message_user(request, sentence, messages.SUCCESS)
        return self.response_post_save_change(request, obj)

    def response_post_save_change(
        self, request: HttpRequest, obj: Voice
    ) -> HttpResponseRedirect:
        """Go back to where the page was opened from: a list or the review page.

        The review page then shows the next voice: this one waits for its author.
        """
        if request.GET.get("from") == "review":
            return redirect("admin:review")
        return super().response_post_save_change(request, obj)

    # Django ignores the return value.
    def log_change(  # type: ignore[override]
        self, request: HttpRequest, obj: Voice, message: object
    ) -> None:
        # Django's log would store the person's name. The decision log stores only the
        # voice's ID.
        return None

    def view_on_site(self, voice: Voice) -> str | None:
        on_the_wall = voice.is_published and voice.statement
        return voice.get_absolute_url() if on_the_wall else None

    def history_view(
        self,
        request: HttpRequest,
        object_id: str,
        extra_context: dict[str, object] | None = None,
    ) -> HttpResponse:
        """Redirect to the voice's rows in the decision log."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        log = reverse("admin:voices_decision_changelist")
        return redirect(f"{log}?{urlencode({'voice__id__exact': object_id})}")

    # Columns and read-only fields.

    @admin.display(description="signer")
    def signer(self, voice: Voice) -> SafeString:
        return who(voice.name, voice.profession, voice.place)

    @admin.display(description="edits to the statement as submitted")
    def edits(self, voice: Voice) -> str:
        if voice.statement == voice.statement_as_sent:
            return "None: the statement is as submitted."
        return word_diff(voice.statement_as_sent, voice.statement)

    @admin.display(description="status")
    def its_status(self, voice: Voice) -> str:
        words, since = Status(voice.status).label, voice.status_since
        if voice.featured_at:
            words, since = "Featured", voice.featured_at
        if since is None:
            return words
        reason = f" ({voice.reason})" if voice.reason else ""
        return f"{words} since {timezone.localtime(since):%Y-%m-%d %H:%M}{reason}"


@admin.register(AwaitingVoice)
class AwaitingVoiceAdmin(BaseVoiceAdmin):
    """The review queue, oldest first: undecided, corrected, and reported voices."""

    list_display = ["quote", "signer", "waiting", "badges"]
    list_display_links = ["signer"]
    list_filter = [FlagFilter, "state", "profession_group"]
    ordering = ["review_since", "pk"]
    sortable_by = ("waiting",)
    actions = ["publish", "decline", "ask_changes", "keep", "take_down"]
    change_list_template = "admin/voices/queue.html"

    def get_queryset(self, request: HttpRequest) -> VoiceQuerySet:
        return AwaitingVoice.objects.waiting()

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, object] | None = None
    ) -> HttpResponse:
        count, since = AwaitingVoice.objects.waiting().count_and_oldest()
        title = "Nothing is waiting"
        if since:
            age = timesince(since, depth=1)
            title = f"Voices awaiting review: {count:,}, the oldest {age}"
        context = {
            "title": title,
            "latest": undoing.latest_of(cast(User, request.user)),
            "undo_minutes": settings.UNDO_MINUTES,
        }
        return super().changelist_view(request, context | (extra_context or {}))

    @admin.display(ordering="review_since")
    def waiting(self, voice: AwaitingVoice) -> str:
        return timesince(cast(datetime, voice.review_since), depth=1)


class StatusFilter(admin.SimpleListFilter):
    """Filters voices by status; the choice "waiting" lists the whole review queue."""

    title = "status"
    parameter_name = "status"

    def lookups(
        self, request: HttpRequest, model_admin: ModelAdmin
    ) -> list[tuple[str, str]]:
        return [*Status.choices, ("featured", "Featured")]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        chosen = self.value()
        if chosen == Status.WAITING:
            return cast(VoiceQuerySet, queryset).waiting()
        if chosen == "featured":
            return cast(VoiceQuerySet, queryset).featured()
        if chosen in Status.values:
            return queryset.filter(status=chosen)
        return queryset


@admin.register(Voice)
class VoiceAdmin(FoldedSearch, BaseVoiceAdmin):
    """All voices, in any status."""

    list_display = ["signer", "quote", "badges", "its_status", "profession_group"]
    list_filter = [
        SameTextFilter,
        SameNetworkFilter,
        StatusFilter,
        FlagFilter,
        "profession_group",
        "state",
        # After the others, because it limits the rows.
        RewordedFilter,
    ]
    list_select_related = ["reason"]
    ordering = ["-pk"]
    search_fields = ["=id", "name", "statement"]
    search_help_text = (
        "Searches for a voice's number, or for words or beginnings of words in its "
        "name and statement. If more than 1,000 match, add a word."
    )
    actions = [
        "publish",
        "decline",
        "ask_changes",
        "take_down",
        "keep",
        "feature",
        "unfeature",
        "undo",
    ]
