"""Tidy and validate plain text that people type."""

import re
import unicodedata
from itertools import groupby

from django.core.exceptions import ValidationError

from core.pasted import BLACK_FLAG, FLAG, UNSEEN

# Unicode categories of characters that some devices can't show: control characters,
# lone surrogates, private-use and unassigned characters, and line and paragraph
# separators. Form fields have already dropped invisible characters (core/pasted.py); in
# text from elsewhere, those are refused, too.
REFUSED_CATEGORIES = {"Cc", "Cs", "Co", "Cn", "Zl", "Zp"}
# The most combining marks that a letter may have. No script needs more.
MAX_MARKS = 8
# The most code points that a visible character (grapheme cluster) may have. This is
# enough for every emoji, and for every conjunct in Indian scripts.
MAX_JOINED = 16
JOINERS = {"\u200c", "\u200d"}
# The Unicode combining class of viramas, which join two consonants in Indian scripts.
VIRAMA = 9
# Jamo, the parts of Korean syllables: the first, the middle, and the last part.
JAMO = [
    re.compile("[\u1100-\u115f\ua960-\ua97c]"),
    re.compile("[\u1160-\u11a7\ud7b0-\ud7c6]"),
    re.compile("[\u11a8-\u11ff\ud7cb-\ud7fb]"),
]
WEB_ADDRESS = r"https?:|www\."
# What people type into a field that they want to leave empty.
NOTHING = re.compile(
    r"[-–—.·_/*]+|n\.?\s?[/.]?\s?a\.?|none|not applicable", re.IGNORECASE
)


def tidy_line(text: str) -> str:
    """Return `text` in NFC and stripped, with spaces collapsed. Keeps line breaks."""
    return re.sub(r"[^\S\r\n]+", " ", unicodedata.normalize("NFC", text)).strip()


def tidy_paragraphs(text: str) -> str:
    """Return `text` tidied line by line, with at most one blank line in a row."""
    lines = [tidy_line(line) for line in re.split(r"\r\n|\r|\n", text)]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def is_nothing(text: str) -> bool:
    """Return whether the text, such as "n/a", means that there is no answer."""
    return NOTHING.fullmatch(text.strip()) is not None


def marks(text: str) -> int:
    """Return the largest number of combining marks on one letter."""
    if text.isascii():
        return 0
    runs = groupby(text, lambda character: unicodedata.category(character)[0] == "M")
    return max((sum(1 for _ in run) for is_mark, run in runs if is_mark), default=0)


def longest_cluster(text: str) -> int:
    """Return roughly how many code points the longest grapheme cluster has.

    It counts code points joined by combining marks, joiners, viramas, tags, and jamo,
    any number of which can be in one cluster (Unicode Standard Annex 29). It ignores
    other joins, such as emoji skin tones and pairs of flag letters. No browser breaks a
    line inside a cluster, so a long cluster can overflow the page.
    """
    if text.isascii():
        return 1
    longest = length = 0
    before = ""
    for character in text:
        joins = (
            unicodedata.category(character)[0] == "M"
            or character in JOINERS
            or "\U000e0020" <= character <= "\U000e007f"
            or before in JOINERS
            or (before and unicodedata.combining(before) == VIRAMA)
            or 0 < place_in_syllable(before) <= place_in_syllable(character)
        )
        length = length + 1 if joins else 1
        longest, before = max(longest, length), character
    return longest


def place_in_syllable(character: str) -> int:
    """Return a jamo's place in a syllable (1 to 3); 0 for any other character."""
    return next((n for n, parts in enumerate(JAMO, 1) if parts.match(character)), 0)


def validate_plain_text(text: str) -> None:
    """Refuse characters that can't be shown, and overlong grapheme clusters."""
    shown = FLAG.sub(BLACK_FLAG, text)
    for at, character in enumerate(shown):
        if character == "\ufffd":
            sentence = "Some characters were garbled. Please retype them"
            raise ValidationError(
                f"{sentence}{place_of(shown, at)}.", code="undecodable"
            )
        if character not in "\r\n" and is_no_text(character):
            sentence = (
                "Please remove the character that other people’s devices can’t show "
                f"(U+{ord(character):04X})"
            )
            raise ValidationError(f"{sentence}{place_of(shown, at)}.", code="not_text")
    if marks(text) > MAX_MARKS:
        raise ValidationError(
            f"One letter has more than {MAX_MARKS} accents or other marks. "
            "Please use fewer.",
            code="marks",
        )
    if longest_cluster(text) > MAX_JOINED:
        raise ValidationError(
            f"More than {MAX_JOINED} characters are joined into one. Please use fewer.",
            code="joined",
        )


def is_no_text(character: str) -> bool:
    hidden = unicodedata.category(character) in REFUSED_CATEGORIES
    return hidden or UNSEEN.match(character) is not None


def place_of(text: str, at: int) -> str:
    """Return a phrase for the position `at`, such as ` on line 2, after “of the law”`.

    Returns "" for the first character of a text with only one line.
    """
    *above, line = text[:at].split("\n")
    where = f" on line {len(above) + 1}" if "\n" in text else ""
    before = line[-20:].strip()
    return (
        f"{where}{',' if where and before else ''} after “{before}”"
        if before
        else where
    )


def validate_one_line(text: str) -> None:
    validate_plain_text(text)
    if "\n" in text or "\r" in text:
        raise ValidationError("Please keep this on one line.", code="many_lines")


def validate_name(text: str) -> None:
    """Refuse text that can't be a name, such as a web or email address."""
    if "@" in text or re.search(rf"{WEB_ADDRESS}|\w\.(com|net|org)\b", text, re.I):
        raise ValidationError(
            "Enter your name here, not an email or web address.", code="address"
        )
    validate_words(text, "name")


def validate_city(text: str) -> None:
    """Refuse text that can't be a city or town."""
    refuse_addresses(text, "city or town")
    validate_words(text, "city or town")


def validate_profession(text: str) -> None:
    """Refuse text that can't be a profession, but accept “ASP.NET developer”."""
    refuse_addresses(text, "profession")
    validate_words(text, "profession")


def refuse_addresses(text: str, what: str) -> None:
    if re.search(rf"{WEB_ADDRESS}|[\w.+-]@[\w-]+\.\w", text, re.I):
        raise ValidationError(
            f"Enter your {what} here, not an email or web address.", code="address"
        )


def validate_words(text: str, what: str) -> None:
    """Refuse line breaks, markup, spreadsheet formulas, and text without a letter."""
    validate_one_line(text)
    if "<" in text or ">" in text:
        raise ValidationError(
            f"Leave the characters < and > out of the {what}.", code="markup"
        )
    # Spreadsheets run cells that begin like this as formulas.
    if (first := unicodedata.normalize("NFKC", text)[:1]) in set("=+-@|%"):
        raise ValidationError(
            f"A {what} can’t begin with “{first}”. Begin with a letter or digit.",
            code="formula",
        )
    if not any(character.isalpha() for character in text):
        raise ValidationError(f"Enter a {what} with letters in it.", code="no_letter")
