"""The card's letters: which of our fonts can show a text, and how wide it becomes."""

import re
import unicodedata
from functools import cache
from pathlib import Path

from PIL import ImageFont

FONTS = Path(__file__).parent / "fonts"
SERIF, SERIF_BOLD, SANS = "besley-500", "besley-600", "franklin-400"
# Letters are set one by one, so those that would join do not.
PLAIN = ["-liga", "-clig"]
# What no font of ours has a shape for.
UNKNOWN = "\uffff"
# Emoji and what joins and colors them: a text reads well without.
PICTURE = re.compile("[\ufe0e\ufe0f\u200d\u20e3]")


@cache
def font(name: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(FONTS / f"{name}.ttf", size)


@cache
def has(name: str, character: str) -> bool:
    """Whether the font has a shape of its own for the character."""
    if character.isspace():
        return True
    # Not the layout that the card is set with, which would put a letter together of
    # another one and an accent.
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
    """Return `text` as a card can show it on one line; "" where it cannot.

    Emoji go. A text in a script that our fonts do not have is not shown at all, for a
    row of empty boxes is worse than a card without it.
    """
    kept = " ".join("".join(map(plainest, text)).split())
    return kept if family(kept, SERIF, SANS) else ""


def plainest(character: str) -> str:
    """Return a character that our fonts have for this one, or itself if there is none.

    Letters in fancy dress, as 𝐁𝐨𝐥𝐝, become plain; a picture becomes nothing.
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
    """Return how many pixels wide `text` is."""
    shapes = font(name, size)
    # Where FriBiDi is not installed, Pillow has a plainer layout that takes no features
    # and joins no letters.
    plain = PLAIN if shapes.layout_engine == ImageFont.Layout.RAQM else None
    length = shapes.getlength(text, features=plain)
    return length + tracking * len(clusters(text))
