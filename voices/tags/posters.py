"""Posters to print.

Each kind of poster has a public URL, where its QR code has a tag of the same name. The
admin has the same posters for every tag.
"""

import re
from typing import NamedTuple

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from core.public import public_page
from core.qr_codes import qr_svg
from voices.tags.models import form_link

STRIPS = 10


class Poster(NamedTuple):
    title: str
    how: str


# Each key is the slug of a tag, and the last part of the poster's public URL.
POSTERS = {
    "poster": Poster("Wall poster", "One sheet for a wall, a door, or a window."),
    "table-tent": Poster(
        "Table tent",
        "Fold the sheet along the dashed line, so that each side shows the words.",
    ),
    "tear-off": Poster(
        "Poster with tear-off strips",
        "Cut along the dashes. Each strip has the code and the address to take along.",
    ),
}


@require_safe
@public_page(shows=[])
def poster(request: HttpRequest, kind: str) -> HttpResponse:
    return render_poster(request, kind, tag=kind)


def render_poster(request: HttpRequest, kind: str, tag: str) -> HttpResponse:
    """Show a poster. The link in its QR code opens the form and has the tag `tag`."""
    if kind not in POSTERS:
        raise Http404("There is no such poster.")
    code = qr_svg(form_link(tag), "QR code of the form to sign")
    context = {
        "kind": kind,
        "poster": POSTERS[kind],
        "code": code,
        # The template needs the size of the QR code to draw the code several times.
        "view_box": re.findall('viewBox="([^"]+)"', code)[0],
        "address": settings.SITE_URL.partition("://")[2],
        "strips": range(STRIPS),
    }
    return render(request, "voices/poster.html", context)
