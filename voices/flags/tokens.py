"""Split a text into words and sentences, for the rules about language."""

import re
import unicodedata
from typing import NamedTuple

from core.folding import LETTERS

WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
SENTENCE = re.compile(r"[^.!?…\n。！？]+")


class Token(NamedTuple):
    """A word of a text in the spelling that lists compare, and its position."""

    word: str
    start: int
    end: int


def plain(word: str) -> str:
    """Return a word in lowercase, without apostrophes and accents."""
    word = word.lower().replace("’", "").replace("'", "")
    if word.isascii():
        return word
    parts = unicodedata.normalize("NFKD", word)
    letters = "".join(part for part in parts if not unicodedata.combining(part))
    return letters.translate(LETTERS)


def lower(text: str) -> str:
    """Return the text in lowercase, with each character at the same position."""
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    # Only a few letters, such as "İ", become two.
    return "".join(each.lower()[0] for each in text)


def read(text: str) -> list[Token]:
    if text.isascii():
        words = WORD.finditer(text.lower())
        return [Token(each[0].replace("'", ""), *each.span()) for each in words]
    return [Token(plain(each[0]), *each.span()) for each in WORD.finditer(text)]


def sentences(text: str, tokens: list[Token]) -> list[list[Token]]:
    """Return the words of each sentence that has any."""
    found, rest = [], tokens
    for sentence in SENTENCE.finditer(text):
        count = 0
        while count < len(rest) and rest[count].start < sentence.end():
            count += 1
        if count:
            found.append(rest[:count])
        rest = rest[count:]
    return found
