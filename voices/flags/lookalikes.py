"""Detect lookalike letters: mixed alphabets, and names that resemble staff names."""

import re
import unicodedata
from collections.abc import Iterator

from django.contrib.auth import get_user_model

from core.plain_text import marks

# No spelling common in the US has more combining marks than this on one letter.
MANY_MARKS = 3
# Alphabets with lookalike letters. Japanese scripts are left out, because Japanese
# sentences normally mix several.
ALPHABETS = {"LATIN", "CYRILLIC", "GREEK"}
# Shorter staff names are ignored, because too many other names look like them.
SHORTEST_NAME = 5
# Characters that look like each letter, after removing marks and lowercasing.
LIKE = {
    "a": "аα",
    "b": "в",
    "c": "сϲ",
    "d": "ԁ",
    "e": "еεє",
    "g": "ɡ",
    "h": "һнη",
    "j": "јϳ",
    "k": "кκ",
    "l": "iı1|ӏіι",
    "m": "мμ",
    "n": "пν",
    "o": "оοσ0",
    "p": "рρ",
    "q": "ԛ",
    "r": "г",
    "s": "ѕ5",
    "t": "тτ",
    "u": "υ",
    "w": "ԝω",
    "x": "хχ",
    "y": "уγу",
    "z": "ζ",
}
FOLDED = {ord(sign): letter for letter, signs in LIKE.items() for sign in signs}


def mixed_words(text: str) -> Iterator[re.Match]:
    """Yield the words with letters from more than one of the ALPHABETS."""
    if not text.isascii():
        yield from (word for word in re.finditer(r"\w+", text) if is_mixed(word[0]))


def is_mixed(word: str) -> bool:
    found = {unicodedata.name(letter, "").split(" ")[0] for letter in word}
    return len(found & ALPHABETS) > 1


def has_many_marks(text: str) -> bool:
    return marks(text) > MANY_MARKS


def skeleton(name: str) -> str:
    """Return a key that is the same for names that look alike."""
    letters = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", name).lower())
    return "".join(filter(str.isalpha, letters.translate(FOLDED)))


def staff_names() -> set[str]:
    """Return the skeleton() of each staff name, except short names.

    Staff names are user names, full names, and the parts of email addresses before @.
    """
    staff = get_user_model().objects.filter(is_staff=True)
    found = staff.values_list("username", "email", "first_name", "last_name")
    names = {
        skeleton(name)
        for username, email, first, last in found
        for name in (username, email.partition("@")[0], f"{first} {last}")
    }
    return {name for name in names if len(name) >= SHORTEST_NAME}
