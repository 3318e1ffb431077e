"""Find a font that can show a text on a card, and measure the text's width."""

import re
import unicodedata
from functools import cache
from pathlib import Path

from PIL import ImageFont

FONTS = Path(__file__).parent / "fonts"
SERIF, SERIF_BOLD, SANS = "besley-500", "besley-600", "franklin-400"
# Font features that turn ligatures off, because letters are drawn one by one.
PLAIN = ["-liga", "-clig"]
# A character that none of our fonts has.
UNKNOWN = "\uffff"
# Characters that only join or modify emoji, so dropping them loses no text.
PICTURE = re.compile("[\ufe0e\ufe0f\u200d\u20e3]")


@cache
def font(name: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(FONTS / f"{name}.ttf", size)


@cache
def has(name: str, character: str) -> bool:
    """Return whether the font has a glyph for the character."""
    if character.isspace():
        return True
    # Use the basic layout engine. Raqm, the engine that draws the card, would compose a
    # missing glyph from another letter and an accent.
    file = FONTS / f"{name}.ttf"
    shapes = ImageFont.truetype(file, 40, layout_engine=ImageFont.Layout.BASIC)
    missing = shapes.getmask(UNKNOWN)
    shape = shapes.getmask(character)
    return (shape.size, bytes(shape)) != (missing.size, bytes(missing))


def family(text: str, *wanted: str) -> str:
    """Return the first of the `wanted` fonts that can show all of `text`, or ""."""
    for name in wanted:
        if all(has(name, character) for character in text):
            return name
    return ""


def readable(text: str) -> str:
    """Return `text` on one line and without emoji, or "" if our fonts can't show it.

    A card without the text looks better than a card with a row of empty boxes.
    """
    kept = " ".join("".join(map(plainest, text)).split())
    return kept if family(kept, SERIF, SANS) else ""


def plainest(character: str) -> str:
    """Return the character if our fonts have it, or else its plainest equivalent.

    Styled letters, such as 𝐁𝐨𝐥𝐝, become plain letters. Emoji become "".
    """
    if family(character, SERIF, SANS):
        return character
    if unicodedata.category(character) in {"So", "Sk"} or PICTURE.match(character):
        return ""
    return unicodedata.normalize("NFKC", character)


def clusters(text: str) -> list[str]:
    """Split the text into characters, each with the accents that follow it."""
    return re.findall(r".[\u0300-\u036f]*", text)


def width(text: str, name: str, size: int, tracking: float = 0) -> float:
    """Return the width of `text` in pixels; `tracking` is added for each character."""
    shapes = font(name, size)
    # Without FriBiDi, Pillow uses its basic layout, which accepts no font features and
    # makes no ligatures.
    plain = PLAIN if shapes.layout_engine == ImageFont.Layout.RAQM else None
    length = shapes.getlength(text, features=plain)
    return length + tracking * len(clusters(text))
