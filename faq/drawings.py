"""Draw timelines and flowcharts as SVG shapes.

The CSP blocks inline styles, so `static/site.css` colors the shapes by class. Each
timeline or flowchart is drawn twice, wide and narrow, and the CSS shows the drawing
that fits. In a viewport that is 320 pixels wide, the narrow drawing's font size is at
least 12 pixels.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from textwrap import wrap
from typing import NamedTuple

# The widths of the wide and narrow drawings, and the height of a line of text, in SVG
# units. The font sizes in `static/site.css` are 15 units for SANS and 17 for SERIF.
WIDE = 640
NARROW = 300
LINE = 21
# The average width of a character in each font, in SVG units, rounded up.
SANS, SERIF = 7.4, 9.4
# A gap of more than LONGEST_GAP years is drawn SHORTENED units wide.
LONGEST_GAP = 40
SHORTENED = 70
# The maximum number of characters per line of a label in a wide timeline.
WORDS_WIDE = 18


class Text(NamedTuple):
    words: str
    x: float
    y: float
    look: str = ""
    anchor: str = "start"

    @property
    def width(self) -> float:
        return len(self.words) * (SERIF if "serif" in self.look else SANS)


class Box(NamedTuple):
    x: float
    y: float
    width: float
    height: float
    look: str = ""


class Path(NamedTuple):
    d: str
    look: str = ""


class Dot(NamedTuple):
    x: float
    y: float


class Drawing(NamedTuple):
    """A drawing's shapes. Boxes are painted first, then paths, dots, and texts."""

    # The drawing's CSS class: "wide", "narrow", or "bars".
    form: str
    width: float
    height: float
    boxes: Sequence[Box]
    paths: Sequence[Path]
    dots: Sequence[Dot]
    texts: Sequence[Text]


# Timelines.


class Moment(NamedTuple):
    """A point on a timeline.

    A moment without words is only a tick on the wide timeline, and is left out of the
    narrow timeline.
    """

    # The year or, on an evenly spaced timeline, the moment's index.
    at: int
    when: str
    words: str = ""
    marked: bool = False

    def texts(self, width: int) -> list[Text]:
        """Return the label: the date, then the words wrapped to `width` characters."""
        found = [Text(self.when, 0, 0, "serif mark" if self.marked else "serif")]
        lines = enumerate(wrap(self.words, width), 1)
        return [*found, *(Text(line, 0, row * LINE) for row, line in lines)]


def moved(texts: Iterable[Text], x: float, y: float, anchor: str) -> list[Text]:
    return [t._replace(x=x + t.x, y=y + t.y, anchor=anchor) for t in texts]


def mark(moment: Moment, x: float, y: float, anchor: str = "start") -> list[Box]:
    """Return a list with the box that highlights the date of a marked moment.

    Returns [] if the moment isn't marked.

    The date starts at (x, y), or ends there if `anchor` isn't "start".
    """
    if not moment.marked:
        return []
    width = len(moment.when) * SERIF + 8
    return [
        Box(x - 4 if anchor == "start" else x + 4 - width, y - 17, width, 23, "mark")
    ]


def timeline(moments: Sequence[Moment]) -> list[Drawing]:
    return [wide_timeline(moments), narrow_timeline(moments)]


def places(moments: Sequence[Moment]) -> list[float]:
    """Return the x coordinate of each moment on an axis from 8 to WIDE - 8.

    The axis is to scale, except that long gaps are shortened.
    """
    gaps = [later.at - moment.at for moment, later in pairwise(moments)]
    shortened = SHORTENED * sum(gap > LONGEST_GAP for gap in gaps)
    years = sum(gap for gap in gaps if gap <= LONGEST_GAP) or 1
    found = [8.0]
    for gap in gaps:
        step = SHORTENED if gap > LONGEST_GAP else gap / years * (WIDE - 16 - shortened)
        found.append(round(found[-1] + step, 1))
    return found


class Tiers:
    """Rows (tiers) for labels above and below the axis, so that labels don't overlap.

    A vertical line, the stem, connects each label to the axis. The label is to the
    right of its stem if it fits there, and otherwise to the left. Call `take` for the
    last moment first. If an earlier moment's label is too wide to fit beside a later
    moment's, it then gets a tier on the other side of the axis or farther from it. So
    no stem crosses a label as long as a tier is free.
    """

    def __init__(self) -> None:
        self.taken: dict[int, list[tuple[float, float]]] = {}

    def is_free(self, tier: int, start: float, end: float) -> bool:
        return all(end < a or b < start for a, b in self.taken.get(tier, []))

    def take(self, x: float, start: float, end: float) -> int:
        """Reserve and return the nearest tier with room for the label and its stem.

        The stem is at `x`, and the label extends from `start` to `end`. Tiers are 1, 2,
        … above the axis, and -1, -2, … below it.
        """
        free = [tier for tier in TIERS if self.is_free(tier, start, end)]
        clear = [
            tier
            for tier in free
            if all(self.is_free(each, x, x) for each in nearer(tier))
        ]
        # If `clear` is empty, the stem crosses labels. If `free` is empty too, labels
        # overlap.
        tier = [*clear, *free, TIERS[-1]][0]
        self.taken.setdefault(tier, []).append((start, end))
        for each in nearer(tier):
            self.taken.setdefault(each, []).append((x, x))
        return tier


TIERS = [sign * row for row in range(1, 7) for sign in (1, -1)]


def nearer(tier: int) -> range:
    """Return the tiers that a stem crosses on its way to this tier."""
    side = 1 if tier > 0 else -1
    return range(side, tier, side)


def wide_timeline(moments: Sequence[Moment]) -> Drawing:
    xs = places(moments)
    tiers = Tiers()
    placed = []
    for x, moment in reversed(list(zip(xs, moments, strict=True))):
        if moment.words:
            words = moment.texts(WORDS_WIDE)
            width = max(text.width for text in words) + 12
            fits = x + width <= WIDE
            tier = tiers.take(x, x if fits else x - width, x + width if fits else x)
            placed.append((x, moment, words, fits, tier))
    tall = max((len(words) for _, _, words, *_ in placed), default=0) * LINE + 17
    axis = max([0, *(tier for *_, tier in placed)]) * tall + 12
    boxes, texts = [], []
    paths = axis_paths(xs, moments, axis)
    for x, moment, words, fits, tier in placed:
        top = axis - tier * tall + (0 if tier > 0 else 17 - tall)
        side, anchor = (x + 6, "start") if fits else (x - 6, "end")
        texts += moved(words, side, top + 14, anchor)
        boxes += mark(moment, side, top + 14, anchor)
        end = top if tier > 0 else top + len(words) * LINE
        paths.append(Path(f"M{x} {axis}V{end}"))
    dots = [Dot(x, axis) for x, *_ in placed]
    height = axis - min([0, *(tier for *_, tier in placed)]) * tall + 8
    return Drawing("wide", WIDE, height, boxes, paths, dots, texts)


def axis_paths(xs: Sequence[float], moments: Sequence[Moment], y: float) -> list[Path]:
    """Return the axis, dashed where it is shortened, with a tick for each moment."""
    line = f"M{xs[0]} {y}"
    dashes = ""
    for (x, moment), (next_x, later) in pairwise(zip(xs, moments, strict=True)):
        if later.at - moment.at > LONGEST_GAP:
            dashes += f"M{x} {y}H{next_x}"
            line += f"M{next_x} {y}"
        else:
            line += f"H{next_x}"
    ticks = "".join(f"M{x} {y - 4}v8" for x in xs)
    found = [Path(line), Path(ticks)]
    return [*found, Path(dashes, "dashed")] if dashes else found


def narrow_timeline(moments: Sequence[Moment]) -> Drawing:
    """Draw a list of the moments that have text, along an axis that isn't to scale."""
    boxes: list[Box] = []
    dots: list[Dot] = []
    texts: list[Text] = []
    y = 18
    for moment in (moment for moment in moments if moment.words):
        words = moment.texts(int((NARROW - 26) / SANS))
        texts += moved(words, 26, y, "start")
        boxes += mark(moment, 26, y)
        dots.append(Dot(8, y - 5))
        y += len(words) * LINE + 12
    paths = [Path(f"M8 {dots[0].y}V{dots[-1].y}")] if dots else []
    return Drawing("narrow", NARROW, y - 14, boxes, paths, dots, texts)


# Flowcharts of yes-or-no questions.


class Question(NamedTuple):
    """A question in a flowchart or, if `if_no` is empty, the flowchart's result."""

    words: str
    note: str = ""
    if_no: str = ""
    skip: str = ""


def questions(steps: Sequence[Question]) -> list[Drawing]:
    *asked, result = steps
    numbered = [
        step._replace(words=f"{number}. {step.words}")
        for number, step in enumerate(asked, 1)
    ]
    return [wide_questions([*numbered, result]), narrow_questions([*numbered, result])]


def lines_of(step: Question, width: float) -> list[Text]:
    """Return the text of a box at (0, 0): a step's words and note, in wrapped lines.

    Each line is at most about `width` SVG units wide.
    """
    rows = [(line, "serif") for line in wrap(step.words, int(width / SERIF))]
    rows += [(line, "") for line in wrap(step.note, int(width / SANS))]
    return [
        Text(line, 14, 27 + row * LINE, look) for row, (line, look) in enumerate(rows)
    ]


def box_of(
    lines: Sequence[Text], x: float, y: float, width: float, look: str = ""
) -> tuple[Box, list[Text]]:
    """Return a box at (x, y) around the lines, and the lines moved into the box."""
    color = " mark" if look == "mark" else ""
    texts = [
        Text(line.words, x + line.x, y + line.y, line.look + color) for line in lines
    ]
    return Box(x, y, width, len(lines) * LINE + 22, look), texts


def arrow(x: float, y: float, *, right: bool = False) -> Path:
    """Return an arrowhead with its tip at (x, y), pointing down or right."""
    return Path(f"M{x} {y}l{'-9 -5v10' if right else '-5 -9h10'}z", "filled")


ENDS = "The claim ends"


def wide_questions(steps: Sequence[Question]) -> Drawing:
    """Draw the questions from top to bottom. Arrows for “No” lead to the right."""
    boxes, paths, texts = [], [], []
    left, width, gap = 16, 330, 40
    end_left = left + width + 64
    end_width = WIDE - end_left - 1
    y = 1.0
    skips = skipped(steps)
    middles = []
    for step in steps:
        look = "" if step.if_no else "mark"
        box, words = box_of(lines_of(step, width - 24), left, y, width, look)
        boxes.append(box)
        texts += words
        middle = y + box.height / 2
        middles.append(middle)
        if step.if_no:
            ends = lines_of(Question(ENDS, step.if_no), end_width - 24)
            end_top = middle - (len(ends) * LINE + 22) / 2
            end, words = box_of(ends, end_left, end_top, end_width)
            boxes.append(end)
            texts += words
            x = left + width
            paths += [Path(f"M{x} {middle}H{end_left - 8}")]
            paths += [arrow(end_left - 1, middle, right=True)]
            texts.append(Text("No", x + 16, middle - 8))
            bottom = y + box.height
            paths += [Path(f"M60 {bottom}v{gap - 8}"), arrow(60, bottom + gap - 1)]
            texts.append(Text("Yes", 74, bottom + gap / 2 + 5))
            y = bottom + gap
        else:
            y += box.height + 8
    return finish("wide", WIDE, y, boxes, paths, texts, skips, middles)


def narrow_questions(steps: Sequence[Question]) -> Drawing:
    """Draw the questions from top to bottom. Arrows for “No” lead to a box below."""
    boxes, paths, texts = [], [], []
    left = 16
    width = NARROW - left - 1
    y = 1.0
    middles = []
    for step in steps:
        look = "" if step.if_no else "mark"
        box, words = box_of(lines_of(step, width - 24), left, y, width, look)
        boxes.append(box)
        texts += words
        middles.append(y + box.height / 2)
        y += box.height
        if step.if_no:
            ends = lines_of(Question(ENDS, step.if_no), 190)
            end, words = box_of(ends, left + 14, y + 40, 205)
            boxes.append(end)
            texts += [*words, Text("No", 66, y + 25), Text("Yes", 256, y + 25)]
            bottom = y + 40 + end.height + 18
            paths += [Path(f"M52 {y}v32"), arrow(52, y + 39)]
            paths += [Path(f"M246 {y}V{bottom - 8}"), arrow(246, bottom - 1)]
            y = bottom
        else:
            y += 8
    return finish("narrow", NARROW, y, boxes, paths, texts, skipped(steps), middles)


def skipped(steps: Iterable[Question]) -> list[tuple[int, str]]:
    return [(number, step.skip) for number, step in enumerate(steps) if step.skip]


def finish(
    form: str,
    width: float,
    y: float,
    boxes: list[Box],
    paths: list[Path],
    texts: list[Text],
    skips: list[tuple[int, str]],
    middles: list[float],
) -> Drawing:
    """Return the drawing, with dashed arrows for questions that may be skipped.

    Such an arrow leads from the question to the next step. For each arrow, `skips` has
    the question's index, and a sentence for the bottom of the drawing. `middles` has
    the y coordinate of the middle of each step's box.
    """
    for number, reason in skips:
        start, end = middles[number], middles[number + 1]
        paths += [Path(f"M16 {start}H4V{end}H8", "dashed"), arrow(15, end, right=True)]
        for line in wrap(reason, int((width - 8) / SANS)):
            y += LINE
            texts.append(Text(line, 1, y - 4, "soft"))
    return Drawing(form, width, y + 4, boxes, paths, [], texts)
