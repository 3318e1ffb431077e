"""The page on which staff confirm a verdict on many voices."""

from typing import cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.defaultfilters import pluralize
from django.urls import URLPattern, path, reverse
from django.utils.http import urlencode

from core.admin import MAX_LISTED
from voices.moderation import bulk
from voices.moderation.admin.questions import QUESTIONS, say, wish_of
from voices.moderation.admin.selecting import Selection
from voices.moderation.batches import Batch
from voices.moderation.flags import FlagColumns, prepare
from voices.moderation.forms import read_at
from voices.moderation.models import Reason
from voices.moderation.previews import Preview, preview
from voices.moderation.readings import Verdict
from voices.wall.models import Voice, VoiceQuerySet

CHANGED = (
    "The selection has changed since you looked at it. Nothing was decided. Please "
    "look again."
)


class BulkDecisions(FlagColumns):
    """Lets staff decide on many voices of a list; see voices/moderation/bulk.py."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.bulk_view)
        own = path("bulk/<slug:kind>/", view, name=f"{self.url_names}_bulk")
        return [own, *super().get_urls()]

    @property
    def url_names(self) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}"

    def page(self, name: str, *args: object) -> str:
        return reverse(f"admin:{self.url_names}_{name}", args=args)

    def is_list(self, request: HttpRequest) -> bool:
        match = request.resolver_match
        return match is not None and match.url_name == f"{self.url_names}_changelist"

    def ask_about_many(
        self, request: HttpRequest, verdict: Verdict, ids: list[int]
    ) -> HttpResponse:
        """Redirect to the page that shows these voices; without IDs, the whole list."""
        name, at = cast(str, self.opts.model_name), read_at(request).isoformat()
        query = request.META["QUERY_STRING"] if self.is_list(request) else ""
        selection = Selection(name, ids, query, at)
        address = self.page("bulk", verdict.value)
        return redirect(f"{address}?{urlencode({'selection': selection.sign()})}")

    def bulk_view(self, request: HttpRequest, kind: str) -> HttpResponse:
        """Show what a verdict would do to the selected voices; on a POST, do it."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        if kind not in Verdict:
            raise Http404
        verdict = Verdict(kind)
        selection = Selection.read(request.GET.get("selection", ""))
        voices = selection.voices(request, self)
        filled = request.POST if request.method == "POST" else None
        form = QUESTIONS[verdict].form(filled)
        if form.is_valid():
            wish, seen = wish_of(verdict, form.cleaned_data), request.POST.get("seen")
            try:
                done = bulk.give(voices, seen or "", cast(User, request.user), wish)
            except bulk.ChangedError:
                messages.warning(request, CHANGED)
            else:
                url = batch_url(done.batch) if done.batch else ""
                say(request, verdict, done.outcome, url, done.left_out)
                return redirect(self.list_of(selection))
        return self.bulk_page(request, verdict, selection, voices, form)

    def list_of(self, selection: Selection) -> str:
        """Return the URL of the list from which the voices were selected."""
        return f"{self.page('changelist')}?{selection.filters}".rstrip("?")

    def bulk_page(
        self,
        request: HttpRequest,
        verdict: Verdict,
        selection: Selection,
        voices: VoiceQuerySet,
        form: Form,
    ) -> HttpResponse:
        ids = bulk.pick(voices)
        if refusal := why_not(selection, ids):
            messages.warning(request, refusal)
            return redirect(self.list_of(selection))
        shown = bulk.sample(ids)
        prepare(shown)
        expected = bulk.preview(ids, cast(User, request.user), verdict)
        title, count = QUESTIONS[verdict].title, len(ids)
        context = self.admin_site.each_context(request) | {
            "title": f"{title}: {count:,} voice{pluralize(count)}",
            "button": title,
            "opts": self.opts,
            "form": form,
            "preview": expected,
            "voices": [(voice, self.badges(voice)) for voice in shown],
            "letter": example(verdict, expected.example),
            "is_optional": "tell" in form.fields,
            "undo_minutes": settings.UNDO_MINUTES,
            "changelist_url": self.list_of(selection),
        }
        return render(
            request,
            "admin/voices/bulk.html",
            context,
            status=422 if form.errors else 200,
        )


def why_not(selection: Selection, ids: list[int]) -> str:
    """Return why there is no bulk decision on these voices, or ""."""
    if not ids:
        return "None of the selected voices is as you saw it. Nothing was decided."
    if selection.is_search and len(ids) > MAX_LISTED:
        return f"More than {MAX_LISTED:,} voices match. Add a word to your search."
    if len(ids) > bulk.MOST:
        return f"Choose at most {bulk.MOST:,} voices at a time, with the filters."
    return ""


def example(verdict: Verdict, voice_id: int | None) -> Preview | None:
    """Return the email about the verdict to one author; None if no email is sent.

    The reason and the message are chosen on the same page, so they aren't known yet.
    """
    if voice_id is None:
        return None
    reason = Reason(explanation="(The explanation of the reason that you choose.)")
    voice = Voice.objects.get(pk=voice_id)
    return preview(voice, verdict, reason, "(What you write below.)")


def batch_url(batch: Batch) -> str:
    return reverse("admin:voices_batch_change", args=[batch.pk])
