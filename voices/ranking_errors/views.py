from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from core.posts import see_other, takes_form
from rankings.states import JURISDICTIONS, read_place
from rankings.views import no_such_state
from voices.abuse import guard
from voices.abuse.limits import TooMany
from voices.abuse.models import Arrival
from voices.abuse.suspicion import has_bot_suspicion
from voices.ranking_errors.forms import RankingErrorForm


def report_again(request: HttpRequest) -> HttpResponse:
    """Redisplay the submitted form after a CSRF failure."""
    form = RankingErrorForm(request.POST)
    return render_report(request, form, stale=True, status=403)


@takes_form(stale=report_again)
def report(request: HttpRequest) -> HttpResponse:
    """Accept a report of an error in the rankings, for staff to check."""
    if request.method != "POST":
        state = read_place(request.GET.get("state", ""))
        if state and state not in JURISDICTIONS:
            return no_such_state(request)
        return render_report(request, RankingErrorForm(initial={"state": state}))
    form = RankingErrorForm(request.POST)
    if not form.is_valid():
        return render_report(request, form, status=422)
    try:
        save(request, form)
    except TooMany as too_many:
        return render_report(request, form, wait_minutes=too_many.minutes, status=429)
    return see_other("rankings-report-thanks")


@transaction.atomic
def save(request: HttpRequest, form: RankingErrorForm) -> None:
    """Store the report and any signs of abuse, unless a bot clearly sent the report.

    Raises TooMany if the sender's network has sent too many forms.
    """
    receipt = guard.receive(
        request, Arrival.Kind.RANKING, form, text=form.cleaned_data["text"]
    )
    if has_bot_suspicion(receipt.suspicions):
        return
    form.instance.network_hash = receipt.network_hash
    form.instance.suspicions = receipt.suspicions
    form.save()


def render_report(
    request: HttpRequest,
    form: RankingErrorForm,
    *,
    status: int = 200,
    **context: object,
) -> HttpResponse:
    return render(
        request, "rankings/report.html", {"form": form, **context}, status=status
    )


@require_safe
def thanks(request: HttpRequest) -> HttpResponse:
    return render(request, "rankings/report_thanks.html")
