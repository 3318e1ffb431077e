from collections.abc import Mapping

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from cards.models import Busy
from cards.views import busy_response, card_response
from core.filters import NoSuchPage, no_such_page, read_choice, read_words
from core.public import Content, public_page
from rankings.states import PLACES, read_place
from voices.professions import ProfessionGroup
from voices.wall.cards import card_of
from voices.wall.models import Voice, VoiceQuerySet
from voices.wall.page import Filters, WallPage
from voices.wall.tallies import Tally

# How many other voices of the same state are below a voice.
MORE = 3


@require_safe
@public_page(
    "state", "profession", "q", "before", shows=[Content.FIGURES, Content.VOICES]
)
def wall(request: HttpRequest) -> HttpResponse:
    """The wall of statements, in its order, with filters and a search."""
    try:
        filters = read_filters(request.GET)
        if filters.state != request.GET.get("state", ""):
            # Otherwise each spelling would be cached separately.
            query = request.GET.copy()
            query["state"] = filters.state
            return redirect(f"{request.path}?{query.urlencode()}", permanent=True)
        page = WallPage(filters, request.GET.get("before", ""))
    except NoSuchPage as problem:
        return no_such_page(request, problem)
    signers = Tally.objects.signers().total()
    return render(request, "voices/voice_list.html", {"page": page, "signers": signers})


def read_filters(query: Mapping[str, str]) -> Filters:
    """Parse the filters. Raises NoSuchPage for an invalid one."""
    place = read_place(query.get("state", ""))
    state = read_choice(place, PLACES, "There is no such state.")
    no_group = "There is no such group of professions."
    group = query.get("profession", "")
    profession = read_choice(group, ProfessionGroup.values, no_group)
    return Filters(read_words(query), state, profession)


@require_safe
@public_page(shows=[Content.VOICES])
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """The page of one statement; 410 once it is withdrawn or taken down."""
    voices = Voice.objects.on_the_wall()
    voice = published_once(pk)
    if not voice.is_published:
        return gone(request)
    place = voice.wall_order, voice.pk
    return render(
        request,
        "voices/voice_detail.html",
        {
            "voice": voice,
            "previous": voices.after(*place).in_wall_order().first(),
            "next": voices.before(*place).in_reverse_order().first(),
            "more": same_state(voice)[:MORE] if voice.state else [],
            "state_name": PLACES.get(voice.state, ""),
            "state_count": Tally.objects.statements().filter(state=voice.state).total(),
        },
    )


def published_once(pk: int) -> Voice:
    """Return a voice that is or was public. Raises Http404 for any other."""
    voice = get_object_or_404(Voice.objects.was_published(), pk=pk)
    if voice.is_published and not voice.statement:
        raise Http404
    return voice


def gone(request: HttpRequest) -> HttpResponse:
    return render(request, "voices/voice_gone.html", status=410)


@require_safe
@public_page(shows=[Content.VOICES])
def card(request: HttpRequest, pk: int) -> HttpResponse:
    """The share card that other sites show next to a link to the voice."""
    voice = published_once(pk)
    try:
        png = card_of(voice) if voice.is_published else None
    except Busy:
        return busy_response(request)
    return card_response(png) if png else gone(request)


def same_state(voice: Voice) -> VoiceQuerySet:
    others = Voice.objects.on_the_wall().filter(state=voice.state)
    return others.exclude(pk=voice.pk).in_wall_order()
