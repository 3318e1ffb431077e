import datetime

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from cards.models import Busy
from cards.views import busy_response, card_response
from core.public import Content, Parameter, public_page
from rankings import scoring
from rankings.cards import card_of, current_assessment
from rankings.changes import read_changes
from rankings.comparing import MAX_STATES, CannotCompare, Comparison, read_choice
from rankings.models import Edition
from rankings.profiles import places, read_profile
from rankings.sorting import NoSuchOrder, Order
from rankings.standings import (
    Standings,
    current_edition,
    current_standings,
    history,
)
from rankings.states import BY_SLUG, JURISDICTIONS, SLUGS, read_place
from rankings.structured import dataset


@require_safe
@public_page("sort", shows=[Content.RANKINGS])
def rankings(request: HttpRequest) -> HttpResponse:
    """Show the map and the table of the current edition."""
    standings = current_standings()
    if standings is None:
        return render(request, "rankings/no_edition.html")
    return show(request, standings)


@require_safe
@public_page("sort", shows=[Content.RANKINGS])
def edition(request: HttpRequest, date: datetime.date) -> HttpResponse:
    """Show the map and the table of any published edition."""
    return show(request, read_edition(date))


def read_edition(date: datetime.date) -> Standings:
    """Return the standings of the published edition; raises Http404 if there's none."""
    edition = get_object_or_404(Edition.objects.published(), date=date)
    return Standings(edition, past=edition != Edition.objects.current())


def show(request: HttpRequest, standings: Standings) -> HttpResponse:
    try:
        order = Order(request.GET.get("sort", ""), standings.rubric)
    except NoSuchOrder:
        sentence = "Unknown sort order. Use the column headings."
        return render(request, "404.html", {"sentence": sentence}, status=404)
    return render(
        request,
        "rankings/rankings.html",
        {
            "standings": standings,
            "order": order,
            "rows": None if order.by_group else order.rows(standings),
            "dataset": dataset(standings),
        },
    )


@require_safe
@public_page()
def state(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one state in the current edition."""
    if named := SLUGS.get(slug.upper()):
        return redirect("rankings:state", named, permanent=True)
    if slug not in BY_SLUG:
        return no_such_state(request)
    current = current_edition()
    if current is None:
        return render(request, "rankings/no_edition.html")
    return show_state(request, current, BY_SLUG[slug], past=False)


@require_safe
@public_page(shows=[Content.RANKINGS])
def card(request: HttpRequest, slug: str) -> HttpResponse:
    """Return the image that other sites show next to a link to a state's page."""
    assessment = current_assessment(BY_SLUG[slug]) if slug in BY_SLUG else None
    if assessment is None:
        return no_such_state(request)
    try:
        return card_response(card_of(assessment))
    except Busy:
        return busy_response(request)


@require_safe
@public_page()
def edition_state(request: HttpRequest, date: datetime.date, slug: str) -> HttpResponse:
    """Show one state in any published edition."""
    if named := SLUGS.get(slug.upper()):
        return redirect("rankings:edition-state", date, named, permanent=True)
    if slug not in BY_SLUG:
        return no_such_state(request)
    edition = get_object_or_404(Edition.objects.published(), date=date)
    past = edition != Edition.objects.current()
    return show_state(request, edition, BY_SLUG[slug], past=past)


def show_state(
    request: HttpRequest, edition: Edition, usps: str, *, past: bool
) -> HttpResponse:
    editions = history(edition, past=past)
    standings = editions[0]
    if usps not in standings.by_usps:
        raise Http404
    before, after = standings.neighbors(usps)
    return render(
        request,
        "rankings/state.html",
        {
            "profile": read_profile(standings, usps),
            "standings": standings,
            "places": places(editions, usps),
            "before": before,
            "after": after,
            "states": JURISDICTIONS,
        },
    )


def no_such_state(request: HttpRequest) -> HttpResponse:
    states = [(SLUGS[usps], name) for usps, name in JURISDICTIONS.items()]
    return render(
        request, "rankings/no_such_state.html", {"states": states}, status=404
    )


@require_safe
@public_page(Parameter("s", repeats=True), shows=[Content.RANKINGS])
def compare(request: HttpRequest) -> HttpResponse:
    """Show two to four states side by side, or the form to choose them."""
    current = Edition.objects.current()
    if current is None:
        return render(request, "rankings/no_edition.html")
    codes = [read_place(code) for code in request.GET.getlist("s")]
    context: dict = {
        "states": JURISDICTIONS,
        "chosen": [*codes, *[""] * MAX_STATES][:MAX_STATES],
        # Until states are chosen, the page needs no assessments, only the edition.
        "standings": Standings(current, []),
    }
    try:
        chosen = read_choice(codes)
    except CannotCompare as problem:
        context["problem"] = str(problem)
        return render(request, "rankings/compare.html", context, status=400)
    if chosen:
        comparison = Comparison(current, chosen)
        context |= {"comparison": comparison, "standings": comparison.standings}
    return render(request, "rankings/compare.html", context)


@require_safe
@public_page(shows=[Content.RANKINGS])
def methodology(
    request: HttpRequest, date: datetime.date | None = None
) -> HttpResponse:
    """Show the rubric of the edition with this date or, by default, the current one."""
    standings = read_edition(date) if date else current_standings()
    return render(
        request,
        "rankings/methodology.html",
        {
            "parts": scoring.PARTS,
            "letters": scoring.LETTERS,
            "most_points": scoring.MAX_POINTS,
            "rubric": standings.rubric if standings else scoring.RUBRICS[0],
            "standings": standings,
            "editions": Edition.objects.published(),
        },
    )


@require_safe
@public_page(shows=[Content.RANKINGS])
def changes(request: HttpRequest) -> HttpResponse:
    """Show the changes to each state's data from edition to edition."""
    standings = current_standings()
    if standings is None:
        return render(request, "rankings/no_edition.html")
    return render(
        request,
        "rankings/changes.html",
        {"editions": read_changes(), "standings": standings},
    )
