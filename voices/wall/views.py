from collections.abc import Mapping

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from cards.models import Busy
from cards.views import busy_response, card_response
from core.filters import NoSuchPage, no_such_page, read_choice, read_words
from core.public import Content, Parameter, public_page
from rankings.states import PLACES, read_place
from voices.professions import ProfessionGroup
from voices.wall.around import read_around
from voices.wall.cards import card_of
from voices.wall.models import SHOWN, Voice
from voices.wall.page import FEATURED, Filters, WallPage
from voices.wall.tallies import read_figures


@require_safe
@public_page(
    *("state", "profession", "q", "before", Parameter("sort", values=(FEATURED,))),
    shows=[Content.FIGURES, Content.VOICES],
)
def wall(request: HttpRequest) -> HttpResponse:
    """Show the wall of statements, with filters and a search."""
    try:
        filters = read_filters(request.GET)
        if filters.state != request.GET.get("state", ""):
            # Redirect other spellings of a state, so that each page is cached only
            # once.
            query = request.GET.copy()
            query["state"] = filters.state
            return redirect(f"{request.path}?{query.urlencode()}", permanent=True)
        page = WallPage(filters, request.GET.get("before", ""))
    except NoSuchPage as problem:
        return no_such_page(request, problem)
    context = {
        "page": page,
        "figures": page.figures,
        "signers": page.figures.total,
    }
    if page.is_busy:
        return busy_response(request, "voices/voice_list.html", context)
    return render(request, "voices/voice_list.html", context)


def read_filters(query: Mapping[str, str]) -> Filters:
    """Parse the filters. Raises NoSuchPage if the state or profession is invalid."""
    place = read_place(query.get("state", ""))
    state = read_choice(place, PLACES, "There is no such state.")
    no_group = "There is no such group of professions."
    group = query.get("profession", "")
    profession = read_choice(group, ProfessionGroup.values, no_group)
    return Filters(read_words(query), state, profession, query.get("sort", ""))


@require_safe
@public_page(shows=[Content.VOICES])
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a voice that has a statement; return a 410 if it is no longer public."""
    voice = published_once(pk)
    if not voice.is_published:
        return gone(request)
    around = read_around(voice)
    return render(
        request,
        "voices/voice_detail.html",
        {
            "voice": voice,
            "previous": next(iter(around["previous"]), None),
            "next": next(iter(around["next"]), None),
            "more": around["more"],
            "state_name": PLACES.get(voice.state, ""),
            "state_count": read_figures().statements_from(voice.state),
        },
    )


def published_once(pk: int) -> Voice:
    """Return a voice that is or was public. Raises Http404 for any other voice.

    Also raises Http404 for a public voice without a statement, which has no page.
    """
    voices = Voice.objects.was_published().only(*SHOWN, "status")
    voice = get_object_or_404(voices, pk=pk)
    if voice.is_published and not voice.statement:
        raise Http404
    return voice


def gone(request: HttpRequest) -> HttpResponse:
    return render(request, "voices/voice_gone.html", status=410)


@require_safe
@public_page(shows=[Content.VOICES])
def card(request: HttpRequest, pk: int) -> HttpResponse:
    """Return the share card that other sites show next to a link to the voice."""
    voice = published_once(pk)
    try:
        png = card_of(voice) if voice.is_published else None
    except Busy:
        return busy_response(request)
    return card_response(png) if png else gone(request)
