"""Find the spans of a text that moderators should look at.

The patterns avoid false alarms, even if they miss some spans: a moderator reads every
statement anyway, and people soon ignore a flag that is often wrong.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import md5

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from voices.flags.lookalikes import has_many_marks, mixed_words, skeleton

PHONE = "phone"
EMAIL = "email"
STREET_ADDRESS = "street-address"
CASE_NUMBER = "case-number"
LINK = "link"
ALL_CAPITALS = "all-capitals"
WATCHED_WORD = "watched-word"
TITLED_NAME = "titled-name"
MANY_MARKS = "many-marks"
MIXED_ALPHABETS = "mixed-alphabets"
LIKE_STAFF = "like-staff"

LABELS = {
    PHONE: "phone number",
    EMAIL: "email address",
    STREET_ADDRESS: "street address",
    CASE_NUMBER: "case number",
    LINK: "link",
    ALL_CAPITALS: "all capitals",
    WATCHED_WORD: "watched word",
    TITLED_NAME: "title and name",
    MANY_MARKS: "stacked combining marks",
    MIXED_ALPHABETS: "mixed alphabets",
    LIKE_STAFF: "name resembles a staff name",
}
# Kinds of details that can help a stranger find somebody.
PERSONAL = {PHONE, EMAIL, STREET_ADDRESS, CASE_NUMBER}

# Shorter texts aren't flagged for capitals or compared with others: many people write
# "ENOUGH!"
SHORTEST_TEXT = 20
# A text counts as all capitals if at least this share of its letters are capitals.
MOSTLY = 0.7


@dataclass(frozen=True)
class Found:
    """A span of a text, from `start` up to but excluding `end`, and its likely kind."""

    kind: str
    start: int
    end: int


def pattern(*alternatives: str) -> re.Pattern:
    return re.compile("|".join(f"(?:{each})" for each in alternatives), re.VERBOSE)


# Separator between the digit groups of a phone number.
GAP = r"(?:[ ]?[-.‐‑–][ ]?|[ ])"
# Excludes false matches such as "2015 Supreme Court", but not "State Street".
NO_STREET = r"""
    (?!(?:\w+[ ]){0,3}(?:Supreme|District|Circuit|Federal|State|Superior|County
        |Municipal|Family|Traffic|Civil|Criminal|High|Appeals|Justice)[ ]Court\b)
    (?!Wall[ ]Street\b)"""
CAPITAL = "A-ZÀ-ÖØ-ÞČĆŁŃŚŠŽŻ"
NAME = rf"[{CAPITAL}][\w'’-]*"
COMPASS = r"(?:(?:[NSEW]|N\.?[EW]|S\.?[EW]|North|South|East|West)\.?[ ])?"
STREET = r"""(?i:
    street|avenue|ave|road|rd|boulevard|blvd|lane|ln|drive|dr|court|ct|circle|cir
    |way|place|pl|terrace|ter|trail|trl|parkway|pkwy|highway|hwy|square|sq|alley
    |loop|pike
    # "St" doesn't mean "street" in "St. Paul".
    |st(?!\.?[ ](?:paul|louis|petersburg|cloud|charles|joseph|augustine|george)\b)
    )\b"""
UNIT = r"(?:\.?,?[ ](?:Apt|Apartment|Unit|Suite|Ste|\#)\.?[ ]?\#?\w{1,5}\b)?"
# A house number, but not part of another number, an amount, or the year in "in 2020 …".
HOUSE = r"(?<![\w$.,:/-])(?!(?<=[Ii]n[ ])(?:19|20)\d\d[ ])\d{1,6}(?:-\d{1,4})?[A-Z]?[ ]"

PATTERNS = {
    PHONE: pattern(
        # +44 20 7946 0958
        r"(?<![\w+]) \+\d (?:[ .()-]{0,2}\d){7,14} (?!\w)",
        # 555-010-9999, (555) 010-9999, 1.555.010.9999
        rf"""(?<![\w$-])(?<!\d\.) (?:1{GAP})? (?:\(\d{{3}}\)[ ]?-?[ ]?|\d{{3}}{GAP})
        \d{{3}}{GAP}\d{{4}} (?![\w-]|\.\d)""",
        # 2125550199, if it is a valid number in the North American plan
        r"(?<![\w$\#:.-]) 1?[2-9]\d\d[2-9]\d{6} (?![\w-]|\.\d)",
        # call me at 555-0199
        rf"""\b(?i:call|phone|text|tel|cell|dial|mobile)\b
        [^\d\n]{{0,12}} \d{{3}}{GAP}\d{{4}} (?![\w-])""",
    ),
    EMAIL: pattern(
        # ana@example.com
        r"(?<![\w.+%-]) [\w.+%-]{1,64} @ (?:[\w-]+\.)+ [^\W\d_]{2,}",
        # ana (at) example (dot) com
        r"""(?<![\w.+%-]) [\w.+%-]{1,64} [ ]?[\[(][ ]?(?i:at)[ ]?[\])][ ]? [\w-]+
        (?:(?:\.|[ ]?[\[(]?(?i:dot)[\])]?[ ]?) [\w-]+)+""",
    ),
    STREET_ADDRESS: pattern(
        # 1600 Pennsylvania Ave. NW, 12 St. Charles Street, Apt 4B, 350 5th Ave
        rf"""{HOUSE}{COMPASS}{NO_STREET}
        (?:(?:{NAME}|(?:St|Mt|Ft|Jr|Sr)\.|\d{{1,3}}(?:st|nd|rd|th))[ ]){{1,5}}
        {STREET}{UNIT}""",
        # 123 main street, but not: a 2 way street
        rf"""{HOUSE}(?:(?:[nsew]|north|south|east|west)\.?[ ])?
        (?!(?:way|lane|block|city|busy|dead|different|more|other|people|years)\b)
        [a-z][\w'’-]*[ ](?:street|st|avenue|ave|boulevard|blvd)\b{UNIT}""",
        # 4500 Highway 12
        r"""(?<![\w$.,:/-]) \d{3,6}[ ]
        (?:(?:US|State|Old)[ ])?(?:Highway|Hwy|County[ ]Road|State[ ]Route)[ ]\d+""",
        # P.O. Box 12
        r"\b(?i:p\.?[ ]?o\.?[ ]box)[ ]\#?\d+",
    ),
    CASE_NUMBER: pattern(
        # 2:19-cv-01234-ABC, 19CR1234
        r"""\b(?:\d{1,2}:)?\d{2,4}-?(?i:cv|cr|mc|mj|bk|ap|civ|crim)-?\d{2,7}
        (?:-[A-Z]{2,4})*\b""",
        # case number 12345, Docket No. A-17-2, police report #889
        r"""\b(?i:case|docket|cause|incident|complaint|report|file)[ ]?
        (?:(?i:no\b\.?|number|num\b\.?)[ ]?\#?|\#)[ ]?:?[ ]?[A-Za-z]{0,4}-?\d[\w:-]*""",
        # case 2019CR00123
        r"\b(?i:case|docket)[ ]\d{2,4}-?[A-Za-z]{1,4}-?\d{2,}\b",
        # No. 17-1234
        r"\bNo\.[ ]\d{2}-\d{2,5}\b",
    ),
    LINK: pattern(
        # https://example.org/page
        r"""(?i:https?://)\S+(?<![.,;:!?)”’"'])""",
        # www.example.org, example.com/page
        r"(?<![@\w.-])(?i:www)\.[\w-]+(?:\.[\w-]+)+(?:/[\w/?=&\#%.-]*[\w/])?",
        r"""(?<![@\w.-])(?:[\w-]+\.)+
        (?i:com|org|net|info|biz|gov|edu|io|app|xyz|online|site|shop)\b(?!@)
        (?:/[\w/?=&\#%.-]*[\w/])?""",
        # bit.ly/abc; without a slash it is usually a typo: "they told me.So"
        r"(?<![@\w.-])[\w-]+\.(?i:ly|me|co|us|tv|be|gl|ru|to|cc)/[\w/?=&\#%.-]*\w",
    ),
    TITLED_NAME: pattern(
        # Officer Dow, Sgt. J. Dow, deputy Dow; not: Sheriff’s Office, Chief Justice
        rf"""\b(?i:
            (?:officer|deputy|sergeant|sheriff|lieutenant|captain|corporal|judge|justice
            |detective|inspector|chief|trooper|warden|marshal|mayor|prosecutor|miss)
            |(?:ofc|sgt|lt|capt|cpl|det|insp|mr|mrs|ms|dr)\b\.?
        )[ ](?:[{CAPITAL}]\.[ ]?){{0,2}}
        (?!(?i:general|justice|judge|court|courts|department|dept|office|officer|officers
            |association|advocate|police|executive|union|deputy|sheriff|inspector
            |marshal|magistrate|and|or|of|who|the|is|was|has|had|did|said|he|she|they
            |we|it|if|in|my|his|her|do|does|for|to|at|on|with|not|an)\b)
        [{CAPITAL}][\w'’-]+ (?:[ ][{CAPITAL}][\w'’-]+)?""",
    ),
}


def find(text: str, watched_words: Iterable[str] = ()) -> list[Found]:
    """Return the spans of `text` to flag, in order of position."""
    patterns = PATTERNS | watched_pattern(watched_words)
    found = [
        Found(kind, *match.span())
        for kind, each in patterns.items()
        for match in each.finditer(text)
        # If a match is all capitals, its capital letters don't indicate a name.
        if kind != TITLED_NAME or not match.group().isupper()
    ]
    found += spelled_oddly(text)
    if is_all_capitals(text):
        found.append(Found(ALL_CAPITALS, 0, len(text)))
    return sorted(found, key=lambda hit: (hit.start, -hit.end))


def spelled_oddly(text: str) -> list[Found]:
    """Return words that mix alphabets or have many combining marks on one letter."""
    mixed = [Found(MIXED_ALPHABETS, *word.span()) for word in mixed_words(text)]
    if not has_many_marks(text):
        return mixed
    words = filter(lambda word: has_many_marks(word[0]), re.finditer(r"\S+", text))
    return mixed + [Found(MANY_MARKS, *word.span()) for word in words]


def watched_pattern(watched_words: Iterable[str]) -> dict[str, re.Pattern]:
    words = [r"\s".join(map(re.escape, each.split())) for each in watched_words]
    if not any(words):
        return {}
    either = "|".join(filter(None, words))
    return {
        WATCHED_WORD: re.compile(rf"(?<!\w)(?:{either})(?!\w)", re.IGNORECASE),
    }


def is_all_capitals(text: str) -> bool:
    letters = [character for character in text if character.isalpha()]
    capitals = sum(map(str.isupper, letters))
    return len(letters) >= SHORTEST_TEXT and capitals >= MOSTLY * len(letters)


def kinds(texts: Iterable[str], watched_words: Iterable[str] = ()) -> list[str]:
    """Return the kinds of findings in these texts, each once, in LABELS order."""
    words = list(watched_words)
    held = {hit.kind for text in texts for hit in find(text, words)}
    return in_order(held)


def in_order(held: set[str]) -> list[str]:
    return [kind for kind in LABELS if kind in held]


def kinds_of_lines(name: str, *others: str, staff: set[str]) -> set[str]:
    """Return the kinds of odd spelling in a name and in other one-line texts.

    Includes LIKE_STAFF if the name looks like a staff name; `staff` is the result of
    lookalikes.staff_names().
    """
    held = {hit.kind for line in (name, *others) for hit in spelled_oddly(line)}
    return held | ({LIKE_STAFF} if skeleton(name) in staff else set())


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
    longest. ALL_CAPITALS is not marked, because <mark> would cover the whole text.
    """
    parts, end = [], 0
    for hit in sorted(found, key=lambda hit: (hit.start, -hit.end)):
        if hit.kind == ALL_CAPITALS or hit.start < end:
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
