"""Shorten the name of a signer who doesn't want all of it shown.

At most the initial of the surname is shown. If a name can't be split reliably, this
module shows less of the name.
"""

import csv
import re
from pathlib import Path
from typing import NamedTuple

WORDS_FILE = Path(__file__).parents[1] / "data" / "name_words.csv"


def words_that_are(kind: str) -> set[str]:
    with WORDS_FILE.open(newline="", encoding="utf-8") as file:
        return {row["word"] for row in csv.DictReader(file) if row["is"] == kind}


# Words that come before a name ("Dr."), inside a surname ("van"), or after a name, such
# as degrees.
TITLES = words_that_are("title")
PARTICLES = words_that_are("particle")
SUFFIXES = words_that_are("suffix")
GENERATIONS = {"jr", "sr", "ii", "iv", "vi"}
# Matches names in Han, kana, or Hangul characters. They begin with the surname, unless
# a dot separates their parts.
SURNAME_FIRST = re.compile(
    r"([\u3005-\u3007\u3041-\u30fa\u30fc-\u30ff\u3400-\u9fff\uac00-\ud7af]"
    r"|(?![·・.])[\W\d_])+"
)
# Splits words that have no space between them: "Dr.Ana" and "Ana/Cruz" become two words
# each, but "Ph.D." and "J.R." aren't split.
GLUED = re.compile(r"(?<=\.)(?=[^\W\d_]{2})|[_/·・()&+]+")
AROUND = "\"'“”‘’«»[]{}<>;:!?*-–— "


class Cut(NamedTuple):
    """The parts of a name to show: the first name, and the initial of the surname."""

    first: str
    initial: str


def cut(name: str) -> Cut:
    """Return the parts of a name to show.

    If `name` seems to have no first name, `first` is an initial with a period.
    `initial` is "" if there is only one part to show.
    """
    parts = [part for part in name.split(",") if has_letter(part)]
    bare = [words for words in map(without_titles, parts) if words]
    if not bare:
        return Cut(f"{letter_of(name)}.", "")
    if SURNAME_FIRST.fullmatch(name):
        *before, last = bare[-1]
        return Cut(last if before else last[-1], "")
    if len(bare) > 1:
        # "Cruz, Ana"
        return Cut(bare[1][0], letter_of(bare[0][-1]))
    first, *rest = bare[0]
    if first in PARTICLES or (not rest and len(words_of(name)) > 1):
        # "van der Berg", "Dr. Cruz": probably only a surname, so show its initial.
        return Cut(f"{letter_of(bare[0][-1])}.", "")
    return Cut(first, letter_of(rest[-1]) if rest else "")


def without_titles(part: str) -> list[str]:
    """Return the words of `part` without leading titles and trailing suffixes."""
    words = words_of(part)
    while words and is_suffix(words[-1]):
        words.pop()
    while words and key(words[0]) in TITLES:
        words.pop(0)
    return list(map(without_full_stop, words))


def without_full_stop(word: str) -> str:
    """Remove the period at the end of "Ana.", but not of "J." and "J.R."."""
    is_initial = len(word) < 3 or "." in word[:-1]
    return word if is_initial else word.removesuffix(".")


def is_suffix(word: str) -> bool:
    """Return whether `word` is a suffix, such as a degree.

    "DO" and "MA" are degrees, but "Do" and "Ma" are names.
    """
    short = len(key(word)) < 3 and key(word) not in GENERATIONS
    return key(word) in SUFFIXES and not (short and word[1:].islower())


def words_of(text: str) -> list[str]:
    words: list[str] = []
    for word in text.split():
        known = key(word) in TITLES | SUFFIXES
        words += [word] if known else GLUED.split(word)
    return [word.strip(AROUND) for word in words if has_letter(word)]


def key(word: str) -> str:
    return re.sub(r"[\W_]", "", word).lower()


def has_letter(text: str) -> bool:
    return any(map(str.isalpha, text))


def letter_of(text: str) -> str:
    return next(filter(str.isalpha, text), "")
