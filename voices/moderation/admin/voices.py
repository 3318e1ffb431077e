from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import cast
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin import ModelAdmin
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince

from core.admin import EVERYWHERE, Fields, FixedRows, LargeTable, ReadOnly
from core.diffs import word_diff
from core.ids import read_id
from core.searching import FoldedSearch
from voices.moderation import decide, propose, undoing
from voices.moderation.editing import VoiceForm
from voices.moderation.flags import (
    FlagColumns,
    FlagFilter,
    RewordedFilter,
    SameNetworkFilter,
    SameTextFilter,
    prepare,
)
from voices.moderation.forms import (
    ChangesForm,
    DeclineForm,
    ReadForm,
    ReasonForm,
    read_at,
)
from voices.moderation.models import AwaitingVoice, Decision, Reason
from voices.wall.models import WORDS, Status, Voice, VoiceQuerySet

# Staff can decide on at most this many voices at once, because the URL lists every
# voice's ID, and because one transaction locks all of the voices.
MAX_AT_A_TIME = 200
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
}


def decision[Action: Callable](description: str) -> Callable[[Action], Action]:
    """Turn a function that decides on voices into an admin action."""
    return admin.action(
        description=description, permissions=["change"], location=EVERYWHERE
    )


def who(name: str, *lines: str) -> SafeString:
    """Return HTML with a name and details.

    An empty name is shown as "(erased)", because the HTML is used as a link's text.
    """
    return format_html(
        '<span class="voice-author"><b dir="auto">{}</b> <bdi>{}</bdi></span>',
        name or "(erased)",
        " · ".join(filter(None, lines)),
    )


class BaseVoiceAdmin(FlagColumns, FixedRows):
    """Base class of the admin pages for the review queue and for all voices."""

    form = VoiceForm
    action_form = ReadForm
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

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_decide"
        view = self.admin_site.admin_view(self.decide_view)
        return [path("decide/<slug:kind>/", view, name=name), *super().get_urls()]

    # Decisions that need no input.

    @decision("Publish")
    def publish(self, request: HttpRequest, queryset: VoiceQuerySet) -> HttpResponse:
        at = read_at(request)
        if unread := queryset.count() - decide.unchanged_since(queryset, at).count():
            sentence = f"Changed or reported since you opened the page: {unread}."
            self.message_user(request, f"{sentence} Read again.", messages.WARNING)
        return self.decided(
            request,
            queryset,
            "Published",
            # Check again under the lock, because the author may be editing right now.
            lambda voices, by: decide.publish(decide.unchanged_since(voices, at), by),
        )

    @decision("Keep (close reports)")
    def keep(self, request: HttpRequest, queryset: VoiceQuerySet) -> HttpResponse:
        return self.decided(request, queryset, "Kept", decide.keep)

    @decision("Feature on the home page")
    def feature(self, request: HttpRequest, queryset: VoiceQuerySet) -> HttpResponse:
        return self.decided(request, queryset, "Featured", decide.feature)

    @decision("No longer feature")
    def unfeature(self, request: HttpRequest, queryset: VoiceQuerySet) -> HttpResponse:
        return self.decided(request, queryset, "No longer featured", decide.unfeature)

    @decision("Undo the latest decision")
    def undo(self, request: HttpRequest, queryset: VoiceQuerySet) -> HttpResponse:
        undone = undoing.Undone()

        def undo_latest(voices: VoiceQuerySet, by: User) -> int:
            nonlocal undone
            undone = undoing.undo_latest(voices, by)
            return len(undone.done)

        response = self.decided(request, queryset, "Undone", undo_latest)
        if undone.told:
            sentence = f"Authors who get a letter of correction: {len(undone.told)}."
            self.message_user(request, sentence, messages.WARNING)
        for refusal, count in Counter(undone.refused.values()).items():
            sentence = f"Not undone: {count}. {refusal}"
            self.message_user(request, sentence, messages.WARNING)
        return response

    # Decisions that need input, on a separate page.

    @decision("Decline…")
    def decline(self, request: HttpRequest, queryset: VoiceQuerySet) -> HttpResponse:
        return self.ask(request, "declined", queryset)

    @decision("Needs changes…")
    def ask_changes(
        self, request: HttpRequest, queryset: VoiceQuerySet
    ) -> HttpResponse:
        return self.ask(request, "changes-asked", queryset)

    @decision("Take down…")
    def take_down(self, request: HttpRequest, queryset: VoiceQuerySet) -> HttpResponse:
        return self.ask(request, "taken-down", queryset)

    QUESTIONS: dict[str, tuple[str, str, type[forms.Form], Callable[..., int]]] = {
        "declined": ("Decline", "Declined", DeclineForm, decide.decline),
        "changes-asked": (
            "Ask for changes",
            "Changes asked for",
            ChangesForm,
            decide.ask_changes,
        ),
        "taken-down": ("Take down", "Taken down", ReasonForm, decide.take_down),
    }

    def page(self, name: str, *args: object) -> str:
        return reverse(
            f"admin:{self.opts.app_label}_{self.opts.model_name}_{name}", args=args
        )

    def too_many(self, request: HttpRequest, ids: Sequence[int]) -> HttpResponse | None:
        """Return a redirect to the list if there are too many voices, else None."""
        if len(ids) <= MAX_AT_A_TIME:
            return None
        sentence = f"Choose at most {MAX_AT_A_TIME} voices at a time."
        self.message_user(request, sentence, messages.WARNING)
        return redirect(self.page("changelist"))

    def ask(
        self, request: HttpRequest, kind: str, queryset: VoiceQuerySet
    ) -> HttpResponse:
        ids = list(queryset.values_list("pk", flat=True)[: MAX_AT_A_TIME + 1])
        if refusal := self.too_many(request, ids):
            return refusal
        query = urlencode([("id", pk) for pk in ids])
        return redirect(f"{self.page('decide', kind)}?{query}")

    def decide_view(self, request: HttpRequest, kind: str) -> HttpResponse:
        """Show the voices and a form; on a valid POST, apply the decision."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        if kind not in self.QUESTIONS:
            raise Http404
        title, done, form_class, decide_on = self.QUESTIONS[kind]
        ids = [pk for pk in request.GET.getlist("id") if read_id(pk) is not None]
        voices = Voice.objects.filter(pk__in=ids)
        form = form_class(request.POST or None)
        if request.method == "POST" and form.is_valid():
            return self.decided(
                request,
                voices,
                done,
                lambda queryset, by: decide_on(queryset, by, **form.cleaned_data),
            )
        shown = list(voices)
        prepare(shown)
        context = self.admin_site.each_context(request) | {
            "title": title,
            "opts": self.opts,
            "form": form,
            "voices": shown,
            "changelist_url": self.page("changelist"),
        }
        return render(request, "admin/voices/decide.html", context)

    def decided(
        self,
        request: HttpRequest,
        queryset: VoiceQuerySet,
        what: str,
        decide_on: Callable[..., int],
    ) -> HttpResponse:
        """Apply the decision, show a count with an undo link, and redirect."""
        ids = list(queryset.values_list("pk", flat=True)[: MAX_AT_A_TIME + 1])
        if refusal := self.too_many(request, ids):
            return refusal
        by = cast(User, request.user)
        left_alone = decide.own_appeals(by).filter(voice__in=ids).count()
        count = decide_on(Voice.objects.filter(pk__in=ids), by=by)
        url = reverse("admin:voices_voice_changelist")
        url += "?id__in=" + ",".join(map(str, ids))
        self.message_user(
            request,
            format_html('{}: {}. <a href="{}">See or undo</a>', what, count, url),
            messages.SUCCESS if count else messages.WARNING,
        )
        if left_alone:
            sentence = (
                f"Appeals against your own decisions: {left_alone}. A different "
                "moderator has to answer them. If you are the only moderator, they "
                "stay open."
            )
            self.message_user(request, sentence, messages.WARNING)
        return redirect(self.page("changelist"))

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


@admin.register(Reason)
class ReasonAdmin(admin.ModelAdmin):
    list_display = ["label", "explanation", "position", "active"]
    list_editable = ["position"]

    def has_delete_permission(
        self, request: HttpRequest, obj: Reason | None = None
    ) -> bool:
        # Decisions refer to reasons, so deactivate a reason instead of deleting it.
        return False


@admin.register(Decision)
class DecisionAdmin(ReadOnly, LargeTable):
    """The decision log, read-only."""

    list_display = ["at", "kind", "voice_id", "reason", "by"]
    lookups = BaseVoiceAdmin.lookups
    list_filter = ["kind", "by"]
    list_select_related = ["reason", "by"]
    ordering = ["-pk"]
