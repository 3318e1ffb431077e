"""The site-wide search page, which shows a few results of each kind."""

from typing import NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from cards.views import busy_response
from core.filters import NoSuchPage, no_such_page, read_words
from core.folding import fold
from core.public import Content, public_page
from core.search_budget import SearchTooLong, TooManySearches, one_search
from faq.models import Case, Page, Question
from faq.searching import search, search_all
from rankings.standings import Standing, current_standings
from rankings.states import JURISDICTIONS, PLACES, read_place
from voices.wall.models import Voice
from voices.wall.page import Filters, WallPage

# The most results of each kind that the page shows.
MAX_RESULTS = 5


class Place(NamedTuple):
    """A place named in the query; `standing` is None if the place isn't ranked."""

    code: str
    name: str
    standing: Standing | None


class Voices(NamedTuple):
    """The newest matching voices, the number of matches, and the full list's URL."""

    shown: list[Voice]
    total: int
    path: str
    # The query with its typos corrected, if only the corrected query matched, else "".
    corrected: str


@require_safe
@public_page("q", shows=[Content.RANKINGS, Content.TEXTS, Content.VOICES])
def search_site(request: HttpRequest) -> HttpResponse:
    """Show the search results by kind, with links to each kind's own page."""
    try:
        words = read_words(request.GET)
    except NoSuchPage as problem:
        return no_such_page(request, problem)
    if not words:
        return render(request, "search.html")
    codes = find_codes(words)
    # Search for the place's name, because our texts don't contain codes such as "TX".
    place = read_place(words)
    named = PLACES.get(place, words)
    context: dict = {"q": words, "named": named, "places": read_places(codes)}
    try:
        with one_search():
            context |= find_texts(named)
            context["voices"] = find_voices(words, place)
    except TooManySearches:
        return busy_response(request, "search.html", {**context, "busy": True})
    except SearchTooLong:
        context["too_long"] = True
    return render(request, "search.html", context)


def find_texts(words: str) -> dict[str, object]:
    """Return the questions, cases, and pages that best match all words of the query.

    If no question contains all of the words, return questions that contain at least one
    of the words.
    """
    return {
        "questions": search(Question, words, MAX_RESULTS),
        "cases": search_all(Case, words, MAX_RESULTS),
        "pages": search_all(Page, words, MAX_RESULTS),
    }


def find_voices(words: str, place: str) -> Voices:
    """Return the voices from a place, or else the voices that match the query.

    `place` is the code of the place that the query `words` names, or else the query.
    """
    filters = Filters(state=place) if place in PLACES else Filters(q=words)
    page = WallPage(filters)
    query = {"state": place} if filters.state else {"q": words}
    path = reverse("voices:list", query=query)
    return Voices(page.voices[:MAX_RESULTS], page.total, path, page.corrected)


def find_codes(words: str) -> list[str]:
    """Return the codes of the places that a query names, at most MAX_RESULTS.

    "tx" and "sue in Texas" name Texas; "Dakota" names North and South Dakota.
    """
    whole = read_place(words)
    if whole in PLACES:
        return [whole]
    asked = f" {fold(words)} "
    names = {code: f" {fold(name)} " for code, name in PLACES.items()}
    named = [code for code, name in names.items() if name in asked]
    if not named:
        return [code for code, name in names.items() if asked in name][:MAX_RESULTS]
    # Leave out "Virginia" if the query contains "West Virginia".
    longer = [names[code] for code in named]
    return [
        code
        for code in named
        if not any(names[code] in other and names[code] != other for other in longer)
    ][:MAX_RESULTS]


def read_places(codes: list[str]) -> list[Place]:
    ranked = any(code in JURISDICTIONS for code in codes)
    standings = current_standings() if ranked else None
    graded = standings.by_usps if standings else {}
    return [Place(code, PLACES[code], graded.get(code)) for code in codes]
