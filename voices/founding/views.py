from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from core import addresses
from core.ids import read_id
from core.posts import see_other, takes_form
from voices.abuse import guard
from voices.abuse.limits import TooMany
from voices.abuse.models import Arrival
from voices.abuse.suspicion import has_bot_suspicion
from voices.founding.forms import FoundingRequestForm


def ask_again(request: HttpRequest) -> HttpResponse:
    """Redisplay the submitted form after a CSRF failure."""
    form = FoundingRequestForm(request.POST)
    return render_form(request, form, stale=True, status=403)


@takes_form(stale=ask_again)
def ask(request: HttpRequest) -> HttpResponse:
    """Accept a request to correct or remove a founding voice. Staff decide later."""
    if request.method != "POST":
        # The form lists only public founding voices. The ID of any other voice selects
        # nothing.
        chosen = read_id(request.GET.get("voice", ""))
        return render_form(request, FoundingRequestForm(initial={"voice": chosen}))
    form = FoundingRequestForm(request.POST)
    if not form.is_valid():
        return render_form(request, form, status=422)
    try:
        save(request, form)
    except TooMany as too_many:
        return render_form(request, form, wait_minutes=too_many.minutes, status=429)
    return see_other("voices:founding-thanks")


@transaction.atomic
def save(request: HttpRequest, form: FoundingRequestForm) -> None:
    """Store the request and any signs of abuse, unless a bot clearly sent the request.

    Raises TooMany if the sender's network has sent too many forms.
    """
    receipt = guard.receive(
        request,
        Arrival.Kind.FOUNDING,
        form,
        email_key=addresses.canonical(form.cleaned_data["email"]),
        text=form.cleaned_data["text"],
    )
    if has_bot_suspicion(receipt.suspicions):
        return
    form.instance.network_hash = receipt.network_hash
    form.instance.suspicions = receipt.suspicions
    form.save()


def render_form(
    request: HttpRequest,
    form: FoundingRequestForm,
    *,
    status: int = 200,
    **context: object,
) -> HttpResponse:
    context |= {"form": form, "days": settings.FOUNDING_REQUEST_DAYS}
    return render(request, "voices/founding.html", context, status=status)


@require_safe
def thanks(request: HttpRequest) -> HttpResponse:
    context = {"days": settings.FOUNDING_REQUEST_DAYS}
    return render(request, "voices/founding_thanks.html", context)
