from functools import lru_cache

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from core.public import Content, public_page
from faq.blocks import sources_block
from faq.markdown import paragraphs, print_values
from faq.markdown import render as render_markdown
from faq.pages.models import Chart, Page, PageSlug, TimelineEntry, setting_values
from faq.pages.parts import Parts, chart_block, timeline

WORDS_A_MINUTE = 230
# For each page with reasons to sign the petition: the sentence, shown at the end of the
# page, that asks readers to sign.
REQUESTS_TO_SIGN: dict[str, str] = {
    PageSlug.EXPLAINED: (
        "The Supreme Court made this rule, and Congress can end it. Ask it to."
    ),
    PageSlug.ABOUT: (
        "Add your name to those who ask Congress to end qualified immunity."
    ),
}


@require_safe
@public_page(shows=[Content.TEXTS])
def page(request: HttpRequest, slug: str) -> HttpResponse:
    return show(request, get_object_or_404(Page.objects.public(), slug=slug))


def show_part(request: HttpRequest, part: Chart | TimelineEntry) -> HttpResponse:
    """Show staff a preview of a chart or timeline entry, without the page around it."""
    html = chart_block(part) if isinstance(part, Chart) else timeline([part])
    context = {"title": part.title, "html": html, "preview": True}
    return render(request, "faq/part.html", context)


def show(request: HttpRequest, page: Page, *, preview: bool = False) -> HttpResponse:
    """Show a page, and fill in the settings, timeline, and charts that it includes."""
    body = print_values(page.body, setting_values())
    parts = Parts(drafts=preview)
    rendered = render_markdown(body, part=parts)
    context = {
        "page": page,
        "body": rendered.html,
        # The other pages are too short to need a table of contents.
        "headings": rendered.headings if page.slug == PageSlug.EXPLAINED else [],
        "updated": parts.last_updated(page),
        "sources": sources_block(page),
        "minutes": minutes_to_read(body),
        "request_to_sign": REQUESTS_TO_SIGN.get(page.slug),
        "preview": preview,
    }
    return render(request, "faq/page.html", context)


# The cache has room for the texts of all pages.
@lru_cache(maxsize=32)
def minutes_to_read(text: str) -> int:
    words = sum(len(paragraph.split()) for paragraph in paragraphs(text))
    return max(1, round(words / WORDS_A_MINUTE))
