"""Break the text of a card into lines of similar length that fit on the card."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from cards import letters

type Size = tuple[float, int, int, int]
# For each text length: the maximum number of words, the font size and line height in
# pixels, and the number of lines that fit on the card.
SIZES: list[Size] = [
    (13, 84, 102, 3),
    (26, 60, 76, 4),
    (45, 46, 62, 5),
    (math.inf, 38, 54, 6),
]
# The same for a card with a sentence below the text.
SIZES_ABOVE_OUTCOME: list[Size] = [
    (13, 60, 76, 3),
    (45, 46, 62, 4),
    (math.inf, 38, 54, 5),
]
# In ems: letter spacing, and how far an opening quotation mark hangs into the
# left margin.
TRACKING = -0.0155
HANGING = 0.43


@dataclass
class Setting:
    """The font and size in which a text is drawn, and the words of each line."""

    font: str
    size: int
    leading: int
    most_lines: int
    hang: float = 0
    lines: list[list[str]] | None = None

    @property
    def tracking(self) -> float:
        return TRACKING * self.size

    def width(self, text: str) -> float:
        return letters.width(text, self.font, self.size, self.tracking)

    def wrap(self, words: list[str], width: float) -> list[list[str]]:
        """Put as many words into each line as fit into `width` pixels."""
        lines: list[list[str]] = []
        space, end = self.width(" "), math.inf
        for word in words:
            wide = self.width(word)
            if end + space + wide > width:
                lines.append([])
                # The first line begins farther left if it has a quotation mark.
                end = -space if len(lines) > 1 else -space - self.hang
            lines[-1].append(word)
            end += space + wide
        return lines

    def balance(self, words: list[str], width: float) -> list[list[str]]:
        """Make as many lines as `wrap` does, but as equal in length as possible."""
        widths = [self.width(word) for word in words]
        space = self.width(" ")

        @cache
        def best(start: int, lines: int) -> tuple[float, list[int]]:
            """Break `words[start:]` into this number of lines as evenly as possible.

            Return the sum of the squared leftover widths, which is minimal, and the
            index of each line's first word.
            """
            found: tuple[float, list[int]] = (math.inf, [])
            room = width + space + (0 if start else self.hang)
            for end in range(start + 1, len(words) - lines + 2):
                room -= widths[end - 1] + space
                if room < 0:
                    break
                if lines > 1:
                    rest, begins = best(end, lines - 1)
                elif end < len(words):
                    continue
                else:
                    rest, begins = 0, []
                found = min(found, (room**2 + rest, [start, *begins]))
            return found

        begins = best(0, len(self.wrap(words, width)))[1]
        return [words[a:b] for a, b in pairwise([*begins, len(words)])]

    def broken(self, words: list[str], width: float) -> list[str]:
        """Return `words`, but split each word that is wider than a line."""
        pieces = []
        for word in words:
            piece = ""
            for letter in letters.clusters(word):
                if self.width(piece + letter) > width:
                    pieces.append(piece)
                    piece = ""
                piece += letter
            pieces.append(piece)
        return pieces

    def shorten(
        self, lines: list[list[str]], width: float, ending: str
    ) -> list[list[str]]:
        """Return as many lines as fit; the last line ends in "…" and `ending`."""
        *kept, last = lines[: self.most_lines]
        ending = "…" + ending
        while len(last) > 1 and self.width(" ".join(last) + ending) > width:
            last = last[:-1]
        while self.width(" ".join(last) + ending) > width:
            last = [last[0][:-1]]
        return [*kept, [*last[:-1], last[-1].rstrip(",;:.-–—") + ending]]


def fit(
    text: str, width: float, *, quoted: bool, sizes: Sequence[Size] = SIZES
) -> Setting:
    """Return a Setting with `text` broken into lines that fit on the card.

    The font size depends on the number of words. It is smaller if the text wouldn't
    fit. At the smallest size, words that are wider than a line are split, and text that
    doesn't fit is cut off, between words if possible.
    """
    words = (f"“{text}”" if quoted else text).split()
    font = letters.family(text, letters.SERIF, letters.SANS) or letters.SANS
    for most_words, size, leading, most_lines in sizes:
        if len(words) > most_words:
            continue
        hang = HANGING * size if quoted else 0
        setting = Setting(font, size, leading, most_lines, hang)
        if size == sizes[-1][1]:
            words = setting.broken(words, width)
        widest = max(map(setting.width, words), default=0)
        if widest <= width and len(setting.wrap(words, width)) <= most_lines:
            setting.lines = setting.balance(words, width)
            return setting
    lines = setting.wrap(words, width)
    setting.lines = setting.shorten(lines, width, "”" if quoted else "")
    return setting


def lines_of(sentence: str, width: float) -> Setting:
    """Return a Setting with `sentence` in small type, cut off after two lines."""
    font = letters.family(sentence, letters.SANS, letters.SERIF) or letters.SANS
    setting = Setting(font, 26, 34, 2)
    lines = setting.wrap(setting.broken(sentence.split(), width), width)
    if len(lines) > setting.most_lines:
        lines = setting.shorten(lines, width, "")
    setting.lines = lines
    return setting
