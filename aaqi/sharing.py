"""The share page, the embeddable box for other sites, and the default preview image."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_safe

from cards.draw import Face
from cards.models import Busy, Card
from cards.views import busy_response, card_response
from core.public import Content, Parameter, public_page
from voices.tags.posters import POSTERS
from voices.wall.tallies import read_figures

POLICY: Any = settings.SECURE_CSP
# The usual content security policy, except that other sites may embed the page.
FRAMED: dict[str, list[str]] = {**POLICY, "frame-ancestors": ["*"]}
THEMES = ("light", "dark")

SITE_CARD = Face(
    words="Even when an official violates your rights, qualified immunity can end "
    "your case before a jury hears a word of it.",
    marked=8,
)


@require_safe
@public_page(shows=[Content.FIGURES])
def share(request: HttpRequest) -> HttpResponse:
    """Show links for sharing the site, printable posters, and the embed code."""
    figures = read_figures()
    return render(
        request,
        "share.html",
        {
            "posters": [
                (reverse(f"poster-{kind}"), poster) for kind, poster in POSTERS.items()
            ],
            "figures": figures,
            "total": figures.total,
        },
    )


@require_safe
@public_page(Parameter("theme", values=THEMES), shows=[Content.FIGURES])
@xframe_options_exempt
@csp_override(FRAMED)
def embed(request: HttpRequest) -> HttpResponse:
    """Show the embeddable box: the number of signers, and a link to sign."""
    theme = request.GET.get("theme", "")
    figures = read_figures()
    response = render(
        request,
        "embed.html",
        {
            "theme": theme if theme in THEMES else "",
            "figures": figures,
            "total": figures.total,
        },
    )
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@require_safe
@public_page(shows=[])
def card(request: HttpRequest) -> HttpResponse:
    """Return the link preview image of pages that have no image of their own."""
    try:
        png = Card.objects.get_or_draw("site", SITE_CARD, lambda: SITE_CARD)
    except Busy:
        return busy_response(request)
    # `png` would be None only if the content were no longer public. This never happens
    # to SITE_CARD.
    return card_response(png)  # type: ignore[arg-type]
