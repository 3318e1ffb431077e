from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from core.posts import see_other, takes_form
from voices.abuse import guard
from voices.abuse.limits import TooMany
from voices.abuse.models import Arrival
from voices.abuse.suspicion import has_bot_suspicion, is_doubtful
from voices.reports.forms import ReportForm
from voices.wall.models import Voice


def report_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Redisplay the submitted form after a CSRF failure."""
    return render_report(request, pk, ReportForm(request.POST), stale=True, status=403)


@takes_form(stale=report_again)
def report(request: HttpRequest, pk: int) -> HttpResponse:
    """Accept a report of a voice. The voice stays public until a moderator decides."""
    if request.method != "POST":
        return render_report(request, pk, ReportForm())
    form = ReportForm(request.POST)
    try:
        if form.is_valid() and save(request, form, pk):
            return see_other("voices:report-thanks")
    except TooMany as too_many:
        return render_report(
            request, pk, form, wait_minutes=too_many.minutes, status=429
        )
    return render_report(request, pk, form, status=422)


@transaction.atomic
def save(request: HttpRequest, form: ReportForm, pk: int) -> bool:
    """Store the report, and put the voice into the review queue.

    Return False if the voice is no longer public. The voice is locked, so a concurrent
    decision either closes the report or comes before it. A report that looks like abuse
    or exceeded a rate limit is stored, but doesn't put the voice into the queue. A
    bot's report isn't stored at all. Raises TooMany if the sender's network has sent
    too many forms.
    """
    receipt = guard.receive(request, Arrival.Kind.REPORT, form)
    voice = Voice.objects.on_the_wall().select_for_update().filter(pk=pk).first()
    if voice is None:
        return False
    if has_bot_suspicion(receipt.suspicions):
        return True
    form.instance.voice = voice
    form.instance.network_hash = receipt.network_hash
    form.instance.suspicions = receipt.suspicions
    form.save()
    if not voice.reported_at and not is_doubtful(receipt.suspicions):
        voice.reported_at = timezone.now()
        if not voice.corrected_at:
            # The voice enters the queue now, but `review_since` is None or has the time
            # of an earlier entry. (A voice with a pending correction is already in the
            # queue.)
            voice.review_since = voice.reported_at
        voice.save(update_fields=["reported_at", "review_since"])
    return True


def render_report(
    request: HttpRequest,
    pk: int,
    form: ReportForm,
    *,
    status: int = 200,
    **context: object,
) -> HttpResponse:
    """Show the form, or a 404 or 410 if the voice is not on the wall."""
    voice = Voice.objects.on_the_wall().filter(pk=pk).first()
    if voice is None:
        # Return a 404 if the voice never had a page or is only a name, without a
        # statement. Otherwise, return a 410.
        get_object_or_404(
            Voice.objects.was_published().exclude(statement="", withdrawn_at=None),
            pk=pk,
        )
        return render(request, "voices/voice_gone.html", status=410)
    return render(
        request,
        "voices/report.html",
        {"voice": voice, "form": form, **context},
        status=status,
    )


@require_safe
def thanks(request: HttpRequest) -> HttpResponse:
    return render(request, "voices/report_thanks.html")
