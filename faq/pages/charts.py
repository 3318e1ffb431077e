"""A chart's figures as SVG bars: attributes only, because the CSP blocks styles."""

from typing import NamedTuple

from faq.pages.models import Chart

# In units of the drawing.
WIDTH = 370
ROW = 54
LONGEST = 290


class Bar(NamedTuple):
    label: str
    value: str
    note: str
    text_y: int
    y: int
    value_y: int
    width: float
    value_x: float


def shown(value: float, unit: str) -> str:
    """Return a figure as text: "99.98%", "1,183"."""
    number = f"{value:,.10g}"
    return f"{number}%" if unit.startswith(("%", "percent")) else number


def bars(chart: Chart) -> list[Bar]:
    """Return one bar per point, scaled so that the longest fills the drawing."""
    most = max((point["value"] for point in chart.points), default=0) or 1
    found = []
    for number, point in enumerate(chart.points):
        top = number * ROW
        # Keep even tiny values visible.
        width = round(max(point["value"] / most * LONGEST, 1.5), 2)
        found.append(
            Bar(
                point["label"],
                shown(point["value"], chart.unit),
                point.get("note", ""),
                top + 17,
                top + 25,
                top + 41,
                width,
                width + 8,
            )
        )
    return found


def context(chart: Chart) -> dict:
    drawn = bars(chart)
    described = "; ".join(f"{bar.label} {bar.value}" for bar in drawn)
    return {
        "chart": chart,
        "bars": drawn,
        "described": f"Bar chart, {chart.unit}: {described}.",
        "width": WIDTH,
        "height": ROW * len(drawn),
    }
