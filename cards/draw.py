"""Draw a share card: an image that shows a text, such as a quotation or a title.

The layout imitates the numbered paper of American court filings, with a double rule
and line numbers on the left. Below the text is a name, highlighted in yellow.
"""

from dataclasses import astuple, dataclass
from hashlib import sha256
from io import BytesIO

from PIL import Image, ImageDraw

from cards import letters
from cards.lines import SIZES, SIZES_ABOVE_OUTCOME, Setting, fit, lines_of

SIZE = WIDTH, HEIGHT = 1200, 630
# Increment this when the drawing code changes, so that stored cards are redrawn.
VERSION = 2
SITE = "Americans Against Qualified Immunity"

PAPER, INK, SOFT, RULE, EDGE = "#fdfefb", "#15201d", "#4a5753", "#cdd4cc", "#6f7d77"
MARK = "#ffe04a"
LEFT, RIGHT, TOP = 150, 1120, 96
BADGE = 270
# The baseline of the last line of `Face.outcome`.
OUTCOME_END = 424
# The background and text colors of each grade, as in the site's light color scheme.
GRADES = {
    "A": ("#a4e3a3", INK),
    "B": ("#5ebba4", INK),
    "C": ("#a2864f", INK),
    "D": ("#aa3d0d", "#ffffff"),
    "F": ("#5e1328", "#ffffff"),
}


@dataclass(frozen=True)
class Face:
    """The content of a card. Equal faces give identical images."""

    words: str
    name: str = ""
    where: str = ""
    # A line of text at the bottom right.
    number: str = ""
    quoted: bool = False
    # The number of words, at the end of `words`, that are highlighted in yellow.
    marked: int = 0
    # A grade from A to F, or "" for a card without a badge.
    badge: str = ""
    # How a case ended: a sentence between the words and the name.
    outcome: str = ""

    @property
    def digest(self) -> str:
        return sha256(repr((VERSION, *astuple(self))).encode()).hexdigest()


def draw(face: Face) -> bytes:
    """Return the card as a PNG."""
    image = Image.new("RGB", SIZE, PAPER)
    pen = ImageDraw.Draw(image)
    right = RIGHT - BADGE - 60 if face.badge else RIGHT
    for x in (98, 104):
        pen.line([x, 0, x, HEIGHT], EDGE, 2)
    sizes = SIZES_ABOVE_OUTCOME if face.outcome else SIZES
    words = fit(face.words, right - LEFT, quoted=face.quoted, sizes=sizes)
    draw_words(pen, face, words)
    draw_outcome(pen, face.outcome)
    if face.badge:
        draw_badge(pen, face.badge)
    draw_name(pen, face.name)
    draw_line(pen, (LEFT, 534), face.where, letters.SANS, [26, 22], SOFT)
    pen.line([LEFT, 562, RIGHT, 562], RULE, 2)
    draw_line(pen, (LEFT, 602), SITE, letters.SERIF_BOLD, [24], INK)
    wide = letters.width(face.number, letters.SANS, 24)
    draw_line(pen, (RIGHT - wide, 602), face.number, letters.SANS, [24], SOFT)
    return png(image)


def png(image: Image.Image) -> bytes:
    """Return the image as a PNG with only 64 colors, which halves the file size."""
    file = BytesIO()
    few = image.quantize(64, dither=Image.Dither.NONE)
    few.save(file, "PNG", optimize=True)
    return file.getvalue()


def draw_words(pen: ImageDraw.ImageDraw, face: Face, setting: Setting) -> None:
    lines = setting.lines or []
    unmarked = sum(map(len, lines)) - face.marked
    y = TOP + round(0.8 * setting.size)
    for number, line in enumerate(lines, 1):
        x = LEFT if number > 1 else LEFT - setting.hang
        if face.marked and unmarked < len(line):
            before = " ".join(line[: max(unmarked, 0)])
            begin = x + setting.width(f"{before} " if before else "")
            draw_mark(pen, begin, x + setting.width(" ".join(line)), y, setting.size)
        draw_text(pen, (x, y), " ".join(line), setting)
        numeral = letters.font(letters.SANS, 20)
        pen.text((78, y), str(number), SOFT, numeral, anchor="rs")
        unmarked -= len(line)
        y += setting.leading


def draw_outcome(pen: ImageDraw.ImageDraw, outcome: str) -> None:
    """Draw the sentence between the words and the name, with a yellow bar beside it."""
    if not outcome:
        return
    setting = lines_of(outcome, RIGHT - LEFT - 24)
    lines = setting.lines or []
    first = OUTCOME_END - (len(lines) - 1) * setting.leading
    pen.rectangle([LEFT - 8, first - 26, LEFT, OUTCOME_END + 8], MARK)
    for number, line in enumerate(lines):
        at = (LEFT + 20, first + number * setting.leading)
        draw_text(pen, at, " ".join(line), setting)


def draw_mark(
    pen: ImageDraw.ImageDraw, begin: float, end: float, y: int, size: int
) -> None:
    pen.rectangle([begin - 8, y - 0.86 * size, end + 8, y + 0.28 * size], MARK)


def draw_text(
    pen: ImageDraw.ImageDraw, at: tuple[float, int], text: str, setting: Setting
) -> None:
    """Draw a line of text letter by letter, with kerning but without ligatures."""
    shapes = letters.font(setting.font, setting.size)
    before = ""
    for letter in letters.clusters(text):
        # Measure the letter together with the text before it, to include kerning.
        x = at[0] + setting.width(before + letter) - setting.width(letter)
        if not letter.isspace():
            pen.text((x, at[1]), letter, INK, shapes, anchor="ls")
        before += letter


def draw_name(pen: ImageDraw.ImageDraw, name: str) -> None:
    font, size, name = fitted(name, letters.SERIF_BOLD, [38, 30])
    if not name:
        return
    wide = letters.width(name, font, size)
    pen.rectangle([LEFT - 8, 452, LEFT + wide + 8, 502], MARK)
    pen.text((LEFT, 490), name, INK, letters.font(font, size), anchor="ls")


def draw_line(
    pen: ImageDraw.ImageDraw,
    at: tuple[float, float],
    text: str,
    wanted: str,
    sizes: list[int],
    color: str,
) -> None:
    font, size, text = fitted(text, wanted, sizes)
    pen.text(at, text, color, letters.font(font, size), anchor="ls")


def fitted(text: str, wanted: str, sizes: list[int]) -> tuple[str, int, str]:
    """Return the font, size, and text of a line that fits between the margins.

    The size is the first of `sizes` at which all of `text` fits. If there is none, the
    text is cut off to fit at the last size.
    """
    font = letters.family(text, wanted, letters.SANS) or letters.SANS
    for size in sizes:
        if letters.width(text, font, size) <= RIGHT - LEFT:
            return font, size, text
    while letters.width(f"{text}…", font, size) > RIGHT - LEFT:
        text = text[:-1].rstrip()
    return font, size, f"{text}…"


def draw_badge(pen: ImageDraw.ImageDraw, letter: str) -> None:
    color, text_color = GRADES[letter]
    left, middle = RIGHT - BADGE, BADGE / 2
    pen.rectangle([left, TOP, RIGHT, TOP + BADGE], color)
    pen.text(
        (left + middle, TOP + middle),
        letter,
        text_color,
        letters.font(letters.SERIF_BOLD, 180),
        anchor="mm",
    )
