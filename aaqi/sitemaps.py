"""Sitemaps: an index and its sections, each of limited size.

We don't use Django's sitemap views. They count all rows, don't update a section's date
when a voice is removed, and take half a second to render thousands of URLs.
"""

import re
from collections.abc import Callable, Iterable
from datetime import date, datetime
from functools import partial
from typing import NamedTuple

from django.conf import settings
from django.db.models import Max
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape
from django.views.decorators.http import require_safe

from core.public import Content, public_page
from faq.models import Case, Page, Question
from faq.pages.parts import Parts
from faq.publishing import Text
from rankings.models import Edition
from voices.models import Voice

# The number of IDs that one section of voices covers, so that a section has at most
# about 1 MB of XML.
IDS = 5000
RANKINGS = ["list", "compare", "methodology", "changes"]
LISTS = [
    *("home", "voices:list", "faq:questions", "faq:cases", "voices:add", "share"),
    "how-we-moderate",
]

XML = """<?xml version="1.0" encoding="UTF-8"?>
<{root} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
{lines}
</{root}>
"""


class Entry(NamedTuple):
    """One URL in a sitemap; `lastmod` is None if unknown."""

    location: str
    lastmod: date | None = None


def entry(path: str, lastmod: date | None = None) -> Entry:
    return Entry(settings.SITE_URL + path, lastmod)


def pages() -> list[Entry]:
    rows = Page.objects.public().only("slug", "updated").order_by("pk")
    parts = Parts()
    return [
        *(entry(reverse(name)) for name in LISTS),
        *(entry(row.get_absolute_url(), parts.last_updated(row)) for row in rows),
    ]


def texts(model: type[Text]) -> list[Entry]:
    """Return an entry for each published text of this kind; there are only dozens."""
    rows = model.objects.public().only("slug", "updated").order_by("pk")[:IDS]
    return [entry(row.get_absolute_url(), row.updated) for row in rows]


def voices(number: int) -> list[Entry]:
    """Return an entry for each public voice with an ID in the section's fixed range.

    Raises Http404 if `number` is higher than the last section's, so that caches don't
    fill up with empty sections.
    """
    first = number * IDS
    rows = Voice.objects.on_the_wall().filter(pk__range=[first, first + IDS - 1])
    found = rows.order_by("pk").values_list("pk", "published_at")
    # Call reverse() once and replace the ID. Calling it for each voice would take
    # longer than the rest of this function.
    path = reverse("voices:detail", args=[1])
    entries = [entry(path.replace("1", str(pk)), at) for pk, at in found]
    if not entries and number >= count_lists():
        raise Http404("There is no such sitemap.")
    return entries


def count_lists() -> int:
    """Return the number of sections of voices, at least one."""
    newest = Voice.objects.aggregate(newest=Max("pk", default=0))["newest"]
    return newest // IDS + 1


def rankings() -> list[Entry]:
    """Return entries for the current edition's pages and states and for past editions.

    Returns an empty list if no edition is published.
    """
    editions = list(Edition.objects.published().order_by("-date")[:IDS])
    if not editions:
        return []
    current = editions[0]
    pages = [reverse(f"rankings:{name}") for name in RANKINGS]
    states = current.assessments.all()
    return [
        *(entry(page, current.last_modified) for page in pages),
        *(entry(state.get_absolute_url(), current.last_modified) for state in states),
        *(entry(past.get_absolute_url(), past.last_modified) for past in editions[1:]),
    ]


SECTIONS: dict[str, Callable[[], list[Entry]]] = {
    "pages": pages,
    "questions": partial(texts, Question),
    "cases": partial(texts, Case),
    "rankings": rankings,
}


@require_safe
@public_page(shows=[Content.VOICES])
def index(request: HttpRequest) -> HttpResponse:
    names = [*SECTIONS, *(f"voices-{n}" for n in range(count_lists()))]
    lists = [entry(reverse("sitemap-section", args=[name])) for name in names]
    return document("sitemapindex", "sitemap", lists)


@require_safe
@public_page(shows=[Content.RANKINGS, Content.TEXTS, Content.VOICES])
def section(request: HttpRequest, name: str) -> HttpResponse:
    entries = SECTIONS[name]() if name in SECTIONS else voices(number_of(name))
    return document("urlset", "url", entries)


def document(root: str, tag: str, entries: Iterable[Entry]) -> HttpResponse:
    lines = (
        f"<{tag}><loc>{escape(each.location)}</loc>{day(each.lastmod)}</{tag}>"
        for each in entries
    )
    text = XML.format(root=root, lines="\n".join(lines))
    return HttpResponse(text, content_type="application/xml")


def day(lastmod: date | None) -> str:
    if lastmod is None:
        return ""
    if isinstance(lastmod, datetime):
        lastmod = timezone.localdate(lastmod)
    return f"<lastmod>{lastmod:%Y-%m-%d}</lastmod>"


def number_of(name: str) -> int:
    """Return the number in the name of a section of voices, such as "voices-3".

    Raises Http404 for any other name.
    """
    found = re.fullmatch(r"voices-(0|[1-9][0-9]{0,11})", name)
    if not found:
        raise Http404("There is no such sitemap.")
    return int(found[1])
