"""The card's fonts: find one that can show a text, and measure the text's width."""

import re
import unicodedata
from functools import cache
from pathlib import Path

from PIL import ImageFont

FONTS = Path(__file__).parent / "fonts"
SERIF, SERIF_BOLD, SANS = "besley-500", "besley-600", "franklin-400"
# Turn ligatures off, because letters are drawn one by one.
PLAIN = ["-liga", "-clig"]
# A character that none of our fonts has.
UNKNOWN = "\uffff"
# Joiners and variation selectors of emoji; a text reads well without them.
PICTURE = re.compile("[\ufe0e\ufe0f\u200d\u20e3]")


@cache
def font(name: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(FONTS / f"{name}.ttf", size)


@cache
def has(name: str, character: str) -> bool:
    """Whether the font has its own glyph for the character."""
    if character.isspace():
        return True
    # Use the basic layout engine. The one that draws the card would compose a missing
    # glyph from another letter and an accent.
    file = FONTS / f"{name}.ttf"
    shapes = ImageFont.truetype(file, 40, layout_engine=ImageFont.Layout.BASIC)
    missing = shapes.getmask(UNKNOWN)
    shape = shapes.getmask(character)
    return (shape.size, bytes(shape)) != (missing.size, bytes(missing))


def family(text: str, *wanted: str) -> str:
    """Return the first of the fonts that can show all of `text`, or ""."""
    for name in wanted:
        if all(has(name, character) for character in text):
            return name
    return ""


def readable(text: str) -> str:
    """Return `text` in a form that a card can show on one line, or "" if there is none.

    Drops emoji. Text in a script that our fonts lack is not shown at all, because a row
    of empty boxes is worse than a card without the text.
    """
    kept = " ".join("".join(map(plainest, text)).split())
    return kept if family(kept, SERIF, SANS) else ""


def plainest(character: str) -> str:
    """Return the character, or its plainest equivalent if our fonts lack it.

    Styled letters, such as 𝐁𝐨𝐥𝐝, become plain; emoji become "".
    """
    if family(character, SERIF, SANS):
        return character
    if unicodedata.category(character) in {"So", "Sk"} or PICTURE.match(character):
        return ""
    return unicodedata.normalize("NFKC", character)


def clusters(text: str) -> list[str]:
    """Return the letters, each with the accents that follow it."""
    return re.findall(r".[\u0300-\u036f]*", text)


def width(text: str, name: str, size: int, tracking: float = 0) -> float:
    """Return the width of `text` in pixels."""
    shapes = font(name, size)
    # Without FriBiDi, Pillow uses its basic layout, which accepts no font features and
    # makes no ligatures.
    plain = PLAIN if shapes.layout_engine == ImageFont.Layout.RAQM else None
    length = shapes.getlength(text, features=plain)
    return length + tracking * len(clusters(text))
