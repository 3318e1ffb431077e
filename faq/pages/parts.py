"""Render what a page's text can include as [[name]]: the timeline and the charts."""

from collections.abc import Sequence
from datetime import date
from functools import cached_property

from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from faq.blocks import cached_block, timeline_drawing
from faq.drawings import Moment
from faq.markdown import render
from faq.pages import charts
from faq.pages.models import Chart, Page, PageSlug, TimelineEntry
from faq.publishing import Text


class Parts:
    """Renders the timeline or a chart by name; includes drafts if `drafts` is true."""

    def __init__(self, *, drafts: bool = False):
        self.drafts = drafts

    def rows[Part: Text](self, model: type[Part]) -> QuerySet[Part]:
        return model.objects.all() if self.drafts else model.objects.public()

    @cached_property
    def charts(self) -> dict[str, Chart]:
        return {chart.slug: chart for chart in self.rows(Chart)}

    @cached_property
    def entries(self) -> list[TimelineEntry]:
        return list(self.rows(TimelineEntry))

    def __call__(self, name: str) -> SafeString:
        kind, _, slug = name.partition(":")
        if kind == "timeline":
            return timeline(self.entries)
        chart = self.charts.get(slug) if kind == "chart" else None
        return chart_block(chart) if chart else SafeString()

    def last_updated(self, page: Page) -> date:
        """Return the day on which the page's words last changed.

        For the explainer, that includes the words of the timeline and the charts.
        """
        if page.slug != PageSlug.EXPLAINED:
            return page.updated
        parts = (*self.charts.values(), *self.entries)
        return max([page.updated, *(part.updated for part in parts)])


def timeline(entries: Sequence[TimelineEntry]) -> SafeString:
    """Render a list of the entries and, if at least two have a label, a drawing."""
    moments = tuple(entry.moment for entry in entries)
    context = {
        "entries": [entry_block(entry) for entry in entries],
        "drawing": drawing(moments),
    }
    return render_to_string("faq/timeline.html", context)


def drawing(moments: tuple[Moment, ...]) -> SafeString:
    named = [moment for moment in moments if moment.words]
    if len(named) < 2:
        return SafeString()
    described = (
        f"Timeline from {moments[0].when} to {moments[-1].when}. It names "
        f"{len(named)} of {len(moments)} events; all are listed below."
    )
    return timeline_drawing(moments, described)


@cached_block
def entry_block(entry: TimelineEntry) -> SafeString:
    context = {"entry": entry, "body": render(entry.body, f"{entry.slug}-").html}
    return render_to_string("faq/timeline.html#entry", context)


@cached_block
def chart_block(chart: Chart) -> SafeString:
    body = render(chart.body, f"{chart.slug}-").html
    return render_to_string("faq/chart.html", charts.context(chart) | {"body": body})
