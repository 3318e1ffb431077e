"""Correct the spelling of a search query that finds nothing.

The usual tool, the extension pg_trgm, isn't in our PostgreSQL packages, and would need
another index as large as the statements. Instead, mistyped words are compared with a
list of known words: the names of states and professions, and words that are common in
statements.
"""

import csv
import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from functools import cache
from pathlib import Path

from core.folding import fold
from rankings.states import PLACES, read_place
from voices.professions import WORDS_FILE, ProfessionGroup

SEARCH_WORDS_FILE = Path(__file__).parents[1] / "data" / "search_words.csv"
# Shorter words aren't corrected: nearly all are one letter away from another word.
SHORTEST = 4
WORD = re.compile(r"[^\W\d_]+")
# Matches each part of a query: a quoted phrase, an excluded word, or a plain word. Only
# plain words are corrected.
PARTS = re.compile(rf'"[^"]*"?|“[^”]*”?|(?<!\S)-\S+|{WORD.pattern}')


def correct(words: str) -> str:
    """Return the query with its typos corrected, or "" if nothing changes."""
    place = read_place(words)
    if place in PLACES:
        corrected = PLACES[place]
    else:
        corrected = PARTS.sub(lambda part: nearest(part[0]), words)
    return "" if fold(corrected) == fold(words) else corrected


def nearest(part: str) -> str:
    """Return the known word most like `part`, or `part` if no known word is close.

    Return a state's name if `part` is the state's code.
    """
    if part in PLACES:
        return PLACES[part]
    word = fold(part)
    if len(word) < SHORTEST or word in known_words() or not WORD.fullmatch(part):
        return part
    close = {
        known for each in shortened(word) for known in by_shortened().get(each, ())
    }
    if not close:
        return part
    return known_words()[max(sorted(close), key=lambda each: likeness(each, word))]


def likeness(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other).ratio()


def shortened(word: str) -> set[str]:
    """Return the word itself, and each version of it with one letter removed.

    If two words differ by one letter that was added, left out, replaced, or swapped
    with the next letter, they have such a version in common. So it is enough to compare
    a mistyped word with the few known words that share a version with it.
    """
    return {word} | {word[:at] + word[at + 1 :] for at in range(len(word))}


@cache
def known_words() -> dict[str, str]:
    """Return a dict from each known word's folded form to its usual spelling."""
    texts = [*PLACES.values(), *ProfessionGroup.labels, *listed()]
    words = [word for text in texts for word in WORD.findall(text)]
    # If a word has several spellings, use the first one, so that the names of states
    # keep their capital letters.
    return {fold(word): word for word in reversed(words) if len(word) >= SHORTEST}


def listed() -> Iterator[str]:
    for file_name in (WORDS_FILE, SEARCH_WORDS_FILE):
        with file_name.open(newline="", encoding="utf-8") as file:
            yield from (row["words"] for row in csv.DictReader(file))


@cache
def by_shortened() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for word in known_words():
        for each in shortened(word):
            found.setdefault(each, []).append(word)
    return found
