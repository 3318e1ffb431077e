"""What a page's text can include by [[name]]: the timeline and the charts."""

from collections.abc import Iterable
from datetime import date

from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from faq.markdown import render
from faq.pages import charts
from faq.pages.models import Chart, Page, PageSlug, TimelineEntry
from faq.publishing import Text


def last_updated(page: Page) -> date:
    """The day the words of the page, or of the parts it shows, last changed."""
    if page.slug != PageSlug.EXPLAINED:
        return page.updated
    charts, entries = (
        model.objects.public().order_by().values_list("updated", flat=True)
        for model in (Chart, TimelineEntry)
    )
    return max([page.updated, *charts.union(entries).order_by()])


class Parts:
    """Renders the parts of a page: public ones, or drafts too for a preview."""

    def __init__(self, *, drafts: bool = False):
        self.drafts = drafts

    def rows[Part: Text](self, model: type[Part]) -> QuerySet[Part]:
        return model.objects.all() if self.drafts else model.objects.public()

    def __call__(self, name: str) -> SafeString:
        kind, _, slug = name.partition(":")
        if kind == "timeline":
            return self.timeline()
        chart = self.rows(Chart).filter(slug=slug).first() if kind == "chart" else None
        return self.chart(chart) if chart else SafeString()

    def timeline(self) -> SafeString:
        return self.entries(self.rows(TimelineEntry))

    def entries(self, rows: Iterable[TimelineEntry]) -> SafeString:
        entries = [(row, render(row.body, f"{row.slug}-").html) for row in rows]
        return render_to_string("faq/timeline.html", {"entries": entries})

    def chart(self, chart: Chart) -> SafeString:
        context = charts.context(chart) | {
            "body": render(chart.body, f"{chart.slug}-").html
        }
        return render_to_string("faq/chart.html", context)
