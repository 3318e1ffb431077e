"""Draw charts, and describe them in words.

A chart has either figures (numbers), drawn as bars, or questions, drawn as a flowchart.
"""

from textwrap import wrap

from faq.drawings import (
    LINE,
    NARROW,
    SANS,
    SERIF,
    Box,
    Drawing,
    Question,
    Text,
    questions,
)
from faq.pages.models import Chart

BAR = 22
# The length of the longest bar, in SVG units. To its right is room for the bar's value.
LONGEST = NARROW - 92


def shown(value: float, unit: str) -> str:
    """Format a figure, such as "99.98%" or "1,183"."""
    number = f"{value:,.10g}"
    return f"{number}%" if unit.startswith(("%", "percent")) else number


def bars(chart: Chart) -> Drawing:
    """Draw a bar for each figure, up to LONGEST wide; highlight the first figure."""
    most = max((point["value"] for point in chart.points), default=0) or 1
    boxes, texts = [], []
    y = 0
    for number, point in enumerate(chart.points):
        for line in wrap(point["label"], int(NARROW / SANS)):
            texts.append(Text(line, 0, y + 17))
            y += LINE
        # Keep even tiny values visible.
        width = round(max(point["value"] / most * LONGEST, 1.5), 2)
        value = shown(point["value"], chart.unit)
        boxes.append(Box(0, y + 4, width, BAR, "filled"))
        if number == 0:
            # A percent sign is as wide as two digits.
            marked = len(value.replace("%", "00")) * SERIF + 8
            boxes.append(Box(width + 4, y + 4, round(marked, 1), BAR, "mark"))
        look = "serif" if number else "serif mark"
        texts.append(Text(value, width + 8, y + 21, look))
        y += BAR + 14
    return Drawing("bars", NARROW, y, boxes, [], [], texts)


def context(chart: Chart) -> dict:
    """Return the template context for faq/chart.html, except for `body`."""
    if not chart.points:
        return {"chart": chart}
    if chart.has_figures:
        rows = [(p, shown(p["value"], chart.unit)) for p in chart.points]
        told = "; ".join(f"{point['label']} {value}" for point, value in rows)
        described = f"Bar chart, {chart.unit}: {told}."
        return {
            "chart": chart,
            "rows": rows,
            "forms": [bars(chart)],
            "described": described,
        }
    steps = [
        Question(
            point["label"],
            point.get("note", ""),
            point.get("if_no", ""),
            point.get("skip", ""),
        )
        for point in chart.points
    ]
    return {
        "chart": chart,
        "asked": steps[:-1],
        "result": steps[-1],
        "forms": questions(steps),
        "described": f"{chart.title}. The steps are listed in words below the drawing.",
    }
