from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from core.public import Content, public_page
from faq.markdown import paragraphs, print_values
from faq.markdown import render as render_markdown
from faq.pages.models import Chart, Page, PageSlug, TimelineEntry, setting_values
from faq.pages.parts import Parts, last_updated

WORDS_A_MINUTE = 230
# At the end of the pages that give reasons to sign.
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
    """A chart or timeline entry on an otherwise empty page, for staff."""
    parts = Parts(drafts=True)
    html = parts.chart(part) if isinstance(part, Chart) else parts.entries([part])
    context = {"title": part.title, "html": html, "preview": True}
    return render(request, "faq/part.html", context)


def show(request: HttpRequest, page: Page, *, preview: bool = False) -> HttpResponse:
    """A page with the settings, timeline, and charts that its text includes."""
    body = print_values(page.body, setting_values())
    rendered = render_markdown(body, part=Parts(drafts=preview))
    words = sum(len(paragraph.split()) for paragraph in paragraphs(body))
    context = {
        "page": page,
        "body": rendered.html,
        # Short pages need no table of contents.
        "headings": rendered.headings if page.slug == PageSlug.EXPLAINED else [],
        "updated": last_updated(page),
        "minutes": max(1, round(words / WORDS_A_MINUTE)),
        "request_to_sign": REQUESTS_TO_SIGN.get(page.slug),
        "preview": preview,
    }
    return render(request, "faq/page.html", context)
