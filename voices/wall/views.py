from collections.abc import Mapping

from django.db.models import Value
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from cards.models import Busy
from cards.views import busy_response, card_response
from core.filters import NoSuchPage, no_such_page, read_choice, read_words
from core.public import Content, Parameter, public_page
from rankings.states import PLACES, read_place
from voices.professions import ProfessionGroup
from voices.wall.cards import card_of
from voices.wall.models import SHOWN, Voice
from voices.wall.page import FEATURED, Filters, WallPage
from voices.wall.tallies import read_figures

# The page of a voice shows up to this many other voices from the same state.
MORE = 3


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


def read_around(voice: Voice) -> dict[str, list[Voice]]:
    """Return the previous voice, the next voice, and more voices from the same state.

    The wall is sorted newest first, so the previous voice comes after this voice there.
    Runs one query.
    """
    voices = Voice.objects.on_the_wall().shown()
    place = voice.wall_order, voice.pk
    queries = {
        "previous": voices.after(*place).in_wall_order()[:1],
        "next": voices.before(*place).in_reverse_order()[:1],
    }
    if voice.state:
        same = voices.filter(state=voice.state).exclude(pk=voice.pk)
        queries["more"] = same.in_wall_order()[:MORE]
    # Each part has its own limit. The union is sorted newest first, which is the
    # default ordering of Voice.
    parts = [q.annotate(part=Value(name)) for name, q in queries.items()]
    found: dict[str, list[Voice]] = {"previous": [], "next": [], "more": []}
    for each in parts[0].union(*parts[1:], all=True):
        found[each.part].append(each)
    return found
