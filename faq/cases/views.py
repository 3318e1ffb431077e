from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from cards.models import Busy
from cards.views import busy_response, card_response
from core.filters import NoSuchPage, no_such_page, read_choice
from core.public import Content, public_page
from faq.blocks import timeline_drawing
from faq.cases.cards import card_of
from faq.cases.models import Case, Kind, Outcome
from faq.cases.steps import moments
from faq.markdown import render as render_markdown
from rankings.states import JURISDICTIONS, in_sentence, read_place

DESCRIBED = "Timeline of the suit. Its steps are listed below."


@dataclass(frozen=True)
class Option:
    """An option of a filter. Selecting it lists `count` cases."""

    value: str
    label: str
    count: int
    selected: bool


@require_safe
@public_page("state", "kind", shows=[Content.TEXTS])
def index(request: HttpRequest) -> HttpResponse:
    """List the cases, optionally filtered by state and by kind of official."""
    try:
        place = read_place(request.GET.get("state", ""))
        state = read_choice(place, JURISDICTIONS, "There is no such state.")
        no_kind = "There is no such kind of official."
        kind = read_choice(request.GET.get("kind", ""), Kind.values, no_kind)
    except NoSuchPage as problem:
        return no_such_page(request, problem)
    asked_for = {
        name: value for name, value in (("state", state), ("kind", kind)) if value
    }
    cases = list(Case.objects.public().filter(**asked_for).in_lists())
    pairs = list(Case.objects.public().order_by().values_list("state", "kind"))
    states = Counter(s for s, k in pairs if kind in ("", k))
    kinds = Counter(k for s, k in pairs if state in ("", s))
    context = {
        "cases": cases,
        "granted": [case for case in cases if case.outcome == Outcome.GRANTED],
        "denied": [case for case in cases if case.outcome == Outcome.DENIED],
        "total": len(pairs),
        "filtered": bool(asked_for),
        "place": in_sentence(state) if state else "",
        "kind": Kind(kind).label if kind else "",
        "states": options(JURISDICTIONS.items(), states, state),
        "kinds": options(Kind.choices, kinds, kind),
    }
    return render(request, "faq/case_list.html", context)


def options(choices: Iterable, counts: Counter[str], chosen: str) -> list[Option]:
    """Return a filter's options: choices with cases, and always the selected choice."""
    return [
        Option(value, label, counts[value], value == chosen)
        for value, label in choices
        if counts[value] or value == chosen
    ]


@require_safe
@public_page(shows=[Content.TEXTS])
def detail(request: HttpRequest, slug: str) -> HttpResponse:
    return show(request, get_object_or_404(Case.objects.public(), slug=slug))


@require_safe
@public_page(shows=[Content.TEXTS])
def card(request: HttpRequest, slug: str) -> HttpResponse:
    """Return the image that other sites show next to a link to the case."""
    case = get_object_or_404(Case.objects.public(), slug=slug)
    try:
        png = card_of(case)
    except Busy:
        return busy_response(request)
    if png is None:
        raise Http404
    return card_response(png)


def show(request: HttpRequest, case: Case, *, preview: bool = False) -> HttpResponse:
    """Show a case.

    The page links to the previous case, the next case, and the state's other cases.
    """
    # Fetching all cases is fine: there are only a few dozen.
    cases = list(Case.objects.public().only("slug", "title", "who", "state"))
    previous, following = neighbors(case, cases)
    steps = moments(case.steps)
    context = {
        "case": case,
        "body": render_markdown(case.body).html,
        "steps": steps,
        "drawing": timeline_drawing(steps, DESCRIBED) if steps else "",
        "others": [c for c in cases if c.state == case.state and c.pk != case.pk],
        "previous": previous,
        "next": following,
        "places": [(case.state, in_sentence(case.state))],
        "data": structured(case),
        "preview": preview,
    }
    return render(request, "faq/case_detail.html", context)


def neighbors(case: Case, cases: list[Case]) -> tuple[Case | None, Case | None]:
    """Return the cases before and after `case` in `cases`.

    Either is None if there is no such case. Both are None if `case` isn't in `cases`.
    """
    if case not in cases:
        return None, None
    place = cases.index(case)
    around = [None, *cases, None]
    return around[place], around[place + 2]


def structured(case: Case) -> dict:
    """Return the case as an https://schema.org/Article, to embed in the page."""
    return {
        "@type": "Article",
        "headline": f"{case.who}: {case.title}",
        "description": case.summary,
        "url": settings.SITE_URL + case.get_absolute_url(),
        "image": settings.SITE_URL + reverse("faq:card", args=[case.slug]),
        "about": {"@type": "Thing", "name": case.title, "sameAs": case.url},
        "citation": case.citation,
        "dateModified": str(case.updated),
    }
