"""Fold text to a plain spelling, so searches ignore accents, case, and punctuation.

`fold` and the SQL function `aaqi_fold` perform the same steps;
tests/core/test_folding.py compares them. A change here needs a migration that replaces
the SQL function and rebuilds the columns and indexes that use it.
"""

import re
import unicodedata

from django.db.models import Func, TextField

# Acute accents that aren't combining characters. `fold` drops them before NFKD, which
# would decompose each into a space and a combining accent. The space would split a word
# such as "officer´s".
ACUTE = "\u00b4\u1ffd"
# Combining accents, vowel points, and invisible characters, which `fold` drops.
UNSEEN = (
    r"\u00ad\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
    r"\u0610-\u061a\u061c\u064b-\u065f\u0670\u06d6-\u06dc\u115f\u1160\u180b-\u180f"
    r"\u1ab0-\u1aff\u1dc0-\u1dff\u200b-\u200f\u202a-\u202e\u2060-\u206f\u20d0-\u20ff"
    r"\u3164\ufe00-\ufe0f\ufe20-\ufe2f\ufeff\ufff9-\ufffb\U000e0000-\U000e01ef"
)
APOSTROPHES = r"\u0027\u0060\u02b9-\u02bf\u02c8\u2018-\u201b\u2032-\u2037\ua78b\ua78c"
QUOTES = r"\u00ab\u00bb\u201c-\u201f\u301d-\u301f"
# Punctuation and symbols, which become spaces. The quotation mark isn't included,
# because it is search syntax.
SEPARATORS = (
    r"\u0001-\u0021\u0023-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00bf\u00d7\u00f7"
    r"\u058a\u05be\u1400\u1680\u1806\u2000-\u206f\u2190-\u27bf\u2900-\u2bff"
    r"\u2e00-\u2e7f\u3000-\u3004\u3008-\u3020\u3030\u30a0\u30fb\ufffc\ufffd"
    r"\U0001f000-\U0001faff"
)
# Unicode doesn't decompose these letters into a base letter and an accent.
LETTERS = str.maketrans("øłđðħıŧ", "olddhit")
PAIRS = {"æ": "ae", "œ": "oe", "þ": "th"}

STEPS = [
    (f"[{APOSTROPHES}]", ""),
    (f"[{QUOTES}]", '"'),
    # "U.S.C." and "U. S. C." become "usc"; "1,000" becomes "1000".
    ("(?<=[a-z])[.](?=[a-z](?![a-z0-9]))", ""),
    ("(?<![a-z0-9])([a-z])[.] (?=[a-z][.])", r"\1"),
    ("(?<=[0-9]),(?=[0-9]{3}(?![0-9]))", ""),
    (f"[{SEPARATORS}]+", " "),
]


def fold(text: str) -> str:
    """Return `text` in the spelling that searches compare.

    The result has no accents, no uppercase letters, and no punctuation except quotation
    marks.
    """
    text = text.replace("\0", " ").translate(dict.fromkeys(map(ord, ACUTE)))
    text = unicodedata.normalize("NFKD", text)
    text = re.sub(f"[{UNSEEN}]", "", text).casefold().translate(LETTERS)
    for letter, pair in PAIRS.items():
        text = text.replace(letter, pair)
    for pattern, replacement in STEPS:
        text = re.sub(pattern, replacement, text)
    return text.strip(" ")


def sql_function() -> str:
    """Return the SQL that creates the function `aaqi_fold`. Migrations run it.

    The function uses only built-in functions and collations, because pg_restore runs
    it with an empty `search_path`.
    """
    body = f"normalize(translate(text, '{ACUTE}', ''), NFKD)"
    body = f"regexp_replace({body}, '[{UNSEEN}]', '', 'g')"
    # With this collation, PostgreSQL's casefold() works like Python's: it covers all of
    # Unicode, and "ß" becomes "ss".
    body = f"""casefold({body} COLLATE "pg_unicode_fast") COLLATE "C" """
    plain, other = ("".join(map(chr, each)) for each in (LETTERS.values(), LETTERS))
    body = f"translate({body}, '{other}', '{plain}')"
    for letter, pair in PAIRS.items():
        body = f"replace({body}, '{letter}', '{pair}')"
    for pattern, replacement in STEPS:
        body = f"regexp_replace({body}, '{pattern}', '{replacement}', 'g')"
    return f"""
CREATE FUNCTION aaqi_fold(text text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN btrim({body}, ' ');
"""


def search_words(text: str) -> str:
    """Fold a visitor's search text for `SearchQuery` with `search_type="websearch"`.

    Keeps a hyphen at the start of a word: in a "websearch" query, "-word" finds only
    texts without the word.
    """
    parts = re.split(r"(?<!\S)[-\u2010\u2011\u2012\u2013\u2014\u2212](?=\S)", text)
    return " -".join(map(fold, parts)).strip(" ")


class Fold(Func):
    """The folded text of a column."""

    function = "aaqi_fold"
    output_field = TextField()
