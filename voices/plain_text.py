"""What people type, tidied and checked: plain text and nothing else."""

import re
import unicodedata

from django.core.exceptions import ValidationError

# Not text: controls, surrogates, private use, unassigned (C*), line and paragraph
# separators. Zero-width joiners (Cf) are kept, for names and emoji need them.
REFUSED_CATEGORIES = {"Cc", "Cs", "Co", "Cn", "Zl", "Zp"}
# Marks that turn or hide the text around them.
REFUSED_CHARACTERS = set(
    "\u200b\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e"
    "\u2060\u2066\u2067\u2068\u2069\ufeff\ufff9\ufffa\ufffb"
)


# Letters and marks that show as nothing: a name of them would look empty. The
# joiners and the variation selectors are not among them, for scripts and emoji.
INVISIBLE = re.compile(
    "[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2061-\u2064\u206a-\u206f"
    "\u3164\uffa0\ufff0-\ufff8\U000e0000-\U000e00ff\U000e01f0-\U000e0fff]"
)


def tidy_line(text: str) -> str:
    """Return `text` in Unicode's composed form, with single spaces and no ends."""
    return re.sub(r"[^\S\r\n]+", " ", unicodedata.normalize("NFC", text)).strip()


def tidy_paragraphs(text: str) -> str:
    """Return `text` tidied line by line, with at most one empty line in a row."""
    lines = [tidy_line(line) for line in re.split(r"\r\n|\r|\n", text)]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def validate_plain_text(text: str) -> None:
    """Refuse characters that are not text or that turn the text around them."""
    if "\ufffd" in text:
        raise ValidationError(
            "Some characters did not arrive as text. Please type this again.",
            code="undecodable",
        )
    for character in text:
        if character not in "\r\n" and (
            character in REFUSED_CHARACTERS
            or INVISIBLE.match(character)
            or unicodedata.category(character) in REFUSED_CATEGORIES
        ):
            raise ValidationError(
                "Please remove the invisible or control character "
                f"(U+{ord(character):04X}).",
                code="not_text",
            )


def validate_one_line(text: str) -> None:
    validate_plain_text(text)
    if "\n" in text or "\r" in text:
        raise ValidationError("Please keep this on one line.", code="many_lines")


def validate_name(text: str) -> None:
    """Refuse what no name looks like: addresses, formulas, text without a letter."""
    validate_one_line(text)
    if "@" in text or re.search(r"https?:|www\.|\w\.(com|net|org)\b", text, re.I):
        raise ValidationError(
            "Enter a name here, not an e-mail or web address.", code="address"
        )
    if "<" in text or ">" in text:
        raise ValidationError("Leave out the signs < and >.", code="markup")
    if unicodedata.normalize("NFKC", text)[:1] in set("=+-@|%"):
        raise ValidationError(
            "A name cannot start with this sign. Start with a letter.", code="formula"
        )
    if not any(character.isalpha() for character in text):
        raise ValidationError("Enter a name with letters in it.", code="no_letter")
