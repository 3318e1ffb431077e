"""Admin actions that decide on voices. More than one voice takes a page of its own."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import cast

from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.http import urlencode

from core.admin import EVERYWHERE
from core.ids import read_id
from voices.moderation import decide, undoing, verdicts
from voices.moderation.admin.bulk import BulkDecisions
from voices.moderation.admin.questions import QUESTIONS, say, wish_of
from voices.moderation.flags import prepare
from voices.moderation.forms import ReadForm, read_at
from voices.moderation.readings import Verdict
from voices.moderation.verdicts import Wish
from voices.wall.models import Voice, VoiceQuerySet

# At most this many voices at a time can be chosen one by one, because the URL of the
# next page lists their IDs, and featured or undone in one transaction.
MAX_AT_A_TIME = 200


def decision[Action: Callable](description: str) -> Callable[[Action], Action]:
    """Turn a function that decides on voices into an admin action."""
    return admin.action(
        description=description, permissions=["change"], location=EVERYWHERE
    )


def is_all(request: HttpRequest) -> bool:
    """Return whether staff selected all rows that match the list's filters."""
    field = ActionForm.base_fields["select_across"]
    return field.clean(request.POST.get("select_across")) is True


class Decisions(BulkDecisions):
    """Base class of admin pages with actions that decide on voices."""

    action_form = ReadForm

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.decide_view)
        own = path("decide/<slug:kind>/", view, name=f"{self.url_names}_decide")
        return [own, *super().get_urls()]

    # Verdicts, which may need a second reader.

    @decision("Publish")
    def publish(self, request: HttpRequest, queryset: VoiceQuerySet) -> HttpResponse:
        return self.give(request, Verdict.PUBLISH, queryset)

    @decision("Decline…")
    def decline(self, request: HttpRequest, queryset: VoiceQuerySet) -> HttpResponse:
        return self.give(request, Verdict.DECLINE, queryset)

    @decision("Needs changes…")
    def ask_changes(
        self, request: HttpRequest, queryset: VoiceQuerySet
    ) -> HttpResponse:
        return self.give(request, Verdict.CHANGES, queryset)

    @decision("Keep (close reports)")
    def keep(self, request: HttpRequest, queryset: VoiceQuerySet) -> HttpResponse:
        return self.give(request, Verdict.KEEP, queryset)

    @decision("Take down…")
    def take_down(self, request: HttpRequest, queryset: VoiceQuerySet) -> HttpResponse:
        return self.give(request, Verdict.TAKE_DOWN, queryset)

    # Other decisions, on at most MAX_AT_A_TIME voices.

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

    def give(
        self, request: HttpRequest, verdict: Verdict, queryset: VoiceQuerySet
    ) -> HttpResponse:
        """Give a verdict, or go to the page that asks about it first."""
        if is_all(request) and self.is_list(request):
            return self.ask_about_many(request, verdict, [])
        ids = list(queryset.values_list("pk", flat=True)[: MAX_AT_A_TIME + 1])
        if refusal := self.too_many(request, ids):
            return refusal
        if len(ids) > 1:
            return self.ask_about_many(request, verdict, ids)
        if QUESTIONS[verdict].form.base_fields:
            query = urlencode([("id", pk) for pk in ids])
            return redirect(f"{self.page('decide', verdict.value)}?{query}")
        return self.give_on(request, ids, Wish(verdict), read=True)

    def too_many(self, request: HttpRequest, ids: Sequence[int]) -> HttpResponse | None:
        """Return a redirect to the list if there are too many voices, else None."""
        if len(ids) <= MAX_AT_A_TIME:
            return None
        sentence = f"Choose at most {MAX_AT_A_TIME} voices at a time."
        self.message_user(request, sentence, messages.WARNING)
        return redirect(self.page("changelist"))

    def decide_view(self, request: HttpRequest, kind: str) -> HttpResponse:
        """Show a voice and a form; on a valid POST, give the verdict."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        if kind not in Verdict or not QUESTIONS[Verdict(kind)].form.base_fields:
            raise Http404
        verdict = Verdict(kind)
        asked = (read_id(pk) for pk in request.GET.getlist("id"))
        ids = [pk for pk in asked if pk is not None][: MAX_AT_A_TIME + 1]
        if refusal := self.too_many(request, ids):
            return refusal
        if len(ids) > 1:
            return self.ask_about_many(request, verdict, ids)
        form = QUESTIONS[verdict].form(request.POST or None)
        if request.method == "POST" and form.is_valid():
            return self.give_on(request, ids, wish_of(verdict, form.cleaned_data))
        shown = list(Voice.objects.filter(pk__in=ids))
        prepare(shown)
        context = self.admin_site.each_context(request) | {
            "title": QUESTIONS[verdict].title,
            "opts": self.opts,
            "form": form,
            "voices": shown,
            "changelist_url": self.page("changelist"),
        }
        return render(request, "admin/voices/decide.html", context)

    def give_on(
        self,
        request: HttpRequest,
        ids: Sequence[int],
        wish: Wish,
        *,
        read: bool = False,
    ) -> HttpResponse:
        """Give a verdict at once, show what happened, and redirect to the list.

        If `read` is true, leave out a voice that changed since its page was rendered.
        """
        voices = Voice.objects.filter(pk__in=ids)
        if read:
            # Checked under the lock, because the author may be editing right now.
            voices = decide.unchanged_since(voices, read_at(request))
            if unread := len(ids) - voices.count():
                sentence = f"Changed or reported since you opened the page: {unread}."
                self.message_user(request, f"{sentence} Read again.", messages.WARNING)
        outcome = verdicts.give(voices, cast(User, request.user), wish)
        say(request, wish.verdict, outcome, list_with(ids))
        return redirect(self.page("changelist"))

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
        count = decide_on(Voice.objects.filter(pk__in=ids), by=cast(User, request.user))
        message = format_html(
            '{}: {}. <a href="{}">See or undo</a>', what, count, list_with(ids)
        )
        level = messages.SUCCESS if count else messages.WARNING
        self.message_user(request, message, level)
        return redirect(self.page("changelist"))


def list_with(ids: Sequence[int]) -> str:
    """Return the URL of the list of these voices."""
    listed = ",".join(map(str, ids))
    return f"{reverse('admin:voices_voice_changelist')}?id__in={listed}"
