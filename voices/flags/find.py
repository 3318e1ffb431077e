"""Find the spans of a text that moderators should look at.

The patterns avoid false alarms, even if they miss some spans: a moderator reads every
statement anyway, and people soon ignore a flag that is often wrong.
"""

import re
import unicodedata
from collections.abc import Iterable
from hashlib import md5

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from voices.flags import kinds
from voices.flags.accusations import find_accusations
from voices.flags.campaigns import find_campaigning
from voices.flags.details import find_details
from voices.flags.gibberish import find_gibberish
from voices.flags.kinds import LABELS, LINK, PERSONAL, Found
from voices.flags.languages import UNKNOWN, find_other_language
from voices.flags.lookalikes import has_many_marks, mixed_words, skeleton
from voices.flags.rules import NO_RULES, Rules
from voices.flags.threats import find_threats
from voices.flags.tokens import Token, read
from voices.flags.topics import find_off_topic

# Shorter texts aren't flagged for capitals or compared with others: many people write
# "ENOUGH!"
SHORTEST_TEXT = 20
# A text counts as all capitals if at least this share of its letters are capitals.
MOSTLY = 0.7
# The rules that read a text without the words of a list.
OF_TEXT = {
    kinds.THREAT: find_threats,
    kinds.ACCUSATION: find_accusations,
    kinds.CAMPAIGNING: find_campaigning,
}
# Details whose letters aren't words.
UNREAD = PERSONAL | {LINK}


def find(text: str, rules: Rules = NO_RULES) -> list[Found]:
    """Return the spans of `text` to flag, in order of position."""
    tokens, off = read(text), rules.off
    details = list(find_details(text, off))
    found = [*details, *rules.find_listed(text, tokens)]
    about = [hit for hit in found if hit.kind == kinds.OFF_TOPIC]
    found = [hit for hit in found if hit.kind != kinds.OFF_TOPIC]
    for kind, look in OF_TEXT.items():
        if kind not in off:
            found += look(text)
    unreadable = find_unreadable(text, outside(tokens, details), off)
    found += unreadable or find_off_topic(tokens, about)
    found += [hit for hit in spelled_oddly(text) if hit.kind not in off]
    if kinds.ALL_CAPITALS not in off and is_all_capitals(text):
        found.append(Found(kinds.ALL_CAPITALS, 0, len(text)))
    return sorted(set(found), key=lambda hit: (hit.start, -hit.end, hit.kind))


def outside(tokens: list[Token], details: list[Found]) -> list[Token]:
    """Return the words that aren't part of a link, an email address, or a number."""
    return [
        token
        for token in tokens
        if not any(
            hit.start <= token.start < hit.end and hit.kind in UNREAD for hit in details
        )
    ]


def find_unreadable(text: str, tokens: list[Token], off: frozenset[str]) -> list[Found]:
    """Return gibberish and sentences in another language."""
    foreign: list[Found] = []
    if kinds.OTHER_LANGUAGE not in off:
        foreign = list(find_other_language(text, tokens))
    if kinds.GIBBERISH in off or any(hit.note != UNKNOWN for hit in foreign):
        return foreign
    return list(find_gibberish(text, tokens)) or foreign


def spelled_oddly(text: str) -> list[Found]:
    """Return words that mix alphabets or have many combining marks on one letter."""
    mixed = [Found(kinds.MIXED_ALPHABETS, *word.span()) for word in mixed_words(text)]
    if not has_many_marks(text):
        return mixed
    words = filter(lambda word: has_many_marks(word[0]), re.finditer(r"\S+", text))
    return mixed + [Found(kinds.MANY_MARKS, *word.span()) for word in words]


def is_all_capitals(text: str) -> bool:
    letters = [character for character in text if character.isalpha()]
    capitals = sum(map(str.isupper, letters))
    return len(letters) >= SHORTEST_TEXT and capitals >= MOSTLY * len(letters)


def found_kinds(texts: Iterable[str], rules: Rules = NO_RULES) -> list[str]:
    """Return the kinds of findings in these texts, each once, in LABELS order."""
    return in_order({hit.kind for text in texts for hit in find(text, rules)})


def in_order(held: set[str]) -> list[str]:
    return [kind for kind in LABELS if kind in held]


def kinds_of_lines(name: str, *others: str, staff: set[str]) -> set[str]:
    """Return the kinds of odd spelling in a name and in other one-line texts.

    Includes LIKE_STAFF if the name looks like a staff name; `staff` is the result of
    lookalikes.staff_names().
    """
    held = {hit.kind for line in (name, *others) for hit in spelled_oddly(line)}
    return held | ({kinds.LIKE_STAFF} if skeleton(name) in staff else set())


def text_key(text: str) -> str:
    """Return a key that stays the same if case, spaces, or punctuation change.

    The key is "" for a text so short that a match would prove nothing.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    kept = "".join(filter(str.isalnum, unicodedata.normalize("NFKC", folded)))
    if len(kept) < SHORTEST_TEXT:
        return ""
    return md5(kept.encode(errors="replace"), usedforsecurity=False).hexdigest()


def mark(text: str, found: Iterable[Found]) -> SafeString:
    """Return `text` as HTML with each finding in <mark>.

    Of overlapping findings, only the first is marked; if they start together, only the
    longest. A finding about the text as a whole isn't marked.
    """
    parts, end = [], 0
    for hit in sorted(found, key=lambda hit: (hit.start, -hit.end)):
        if is_whole(hit, text) or hit.start < end:
            continue
        parts.append(format_html("{}", text[end : hit.start]))
        parts.append(
            format_html(
                '<mark title="{}">{}</mark>',
                LABELS[hit.kind],
                text[hit.start : hit.end],
            )
        )
        end = hit.end
    parts.append(format_html("{}", text[end:]))
    return format_html_join("", "{}", ((part,) for part in parts))


def is_whole(hit: Found, text: str) -> bool:
    covers = not text[: hit.start].strip() and not text[hit.end :].strip(" .!?\n")
    return covers and hit.kind in kinds.WHOLE
