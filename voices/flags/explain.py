"""Say in a sentence what each flag has seen, for the review page."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.utils.text import Truncator, capfirst

from voices.flags import kinds
from voices.flags.find import in_order, is_whole
from voices.flags.kinds import LABELS, Found
from voices.flags.languages import UNKNOWN

# At most this many sentences about a text.
MOST = 8
# A longer phrase is cut.
LONGEST = 60
# What is said about a phrase, after the phrase in quotation marks.
ABOUT_PHRASE = {
    kinds.PHONE: "looks like a phone number.",
    kinds.EMAIL: "looks like an email address.",
    kinds.STREET_ADDRESS: "looks like a street address.",
    kinds.CASE_NUMBER: "looks like the number of a case or report.",
    kinds.ID_NUMBER: "looks like a Social Security number or other ID.",
    kinds.LICENSE_PLATE: "looks like a license plate.",
    kinds.BADGE_NUMBER: "looks like a badge number.",
    kinds.BIRTH_DATE: "looks like a date of birth.",
    kinds.THREAT: "sounds like a threat.",
    kinds.VULGAR: "is on the list of vulgar and hateful words.",
    kinds.CAMPAIGNING: "sounds like campaigning for or against a candidate.",
    kinds.OFF_TOPIC: "is on the list of other subjects, and nothing here is plainly "
    "about the topic.",
    kinds.OTHER_LANGUAGE: "seems to be in another language.",
    kinds.GIBBERISH: "doesn’t look like words.",
    kinds.LINK: "looks like a link.",
    kinds.WATCHED_WORD: "is on the list of watched words.",
    kinds.TITLED_NAME: "follows a title.",
    kinds.MANY_MARKS: "has many marks on one letter.",
    kinds.MIXED_ALPHABETS: "mixes letters of two alphabets that look alike.",
}
# What is said about a text as a whole, by kind or by note.
ABOUT_WHOLE = {
    kinds.ALL_CAPITALS: "Most letters are capitals.",
    "no words": "There are no words.",
    "one word": "The same word is there again and again.",
}
# What is said about a phrase by its note, instead of by its kind.
ABOUT_NOTE = {
    "disguised": "looks like a disguised vulgar word.",
    "filler": "is filler text that designers use.",
}


@dataclass(frozen=True)
class FlagLine:
    """A flag as the review page shows it; `hard` ones stand out."""

    kind: str
    label: str
    why: str
    hard: bool


def lines(
    text: str, found: Iterable[Found], flags: Collection[str] = ()
) -> list[FlagLine]:
    """Return a line for each kind and phrase, in LABELS order, at most MOST.

    `flags` are the kinds stored for the voice. If the text has none of a kind, that
    flag is about another field, such as the name, or about a pending correction.
    """
    # A finding with a note first, because it says more.
    hits = sorted(found, key=lambda hit: (hit.start, not hit.note))
    by_kind: dict[str, dict[str, str]] = {}
    for hit in hits:
        if not is_told(hit, hits):
            phrase = text[hit.start : hit.end].casefold()
            by_kind.setdefault(hit.kind, {}).setdefault(phrase, why(text, hit))
    for kind in flags:
        if kind not in {hit.kind for hit in hits}:
            by_kind[kind] = {"": elsewhere(kind)}
    return [
        FlagLine(kind, capfirst(LABELS[kind]), sentence, kind in kinds.HARD)
        for kind in in_order(set(by_kind))
        for sentence in by_kind[kind].values()
    ][:MOST]


def is_told(hit: Found, hits: list[Found]) -> bool:
    """Whether it is a name with a title that is also accused, which says more."""
    return hit.kind == kinds.TITLED_NAME and any(
        other.kind == kinds.ACCUSATION and other.start <= hit.start < other.end
        for other in hits
    )


def why(text: str, hit: Found) -> str:
    """Return the sentence about a finding in this text."""
    phrase = Truncator(" ".join(text[hit.start : hit.end].split())).chars(LONGEST)
    if hit.kind == kinds.OTHER_LANGUAGE and hit.note != UNKNOWN:
        return f"“{phrase}” seems to be {hit.note}."
    if hit.kind == kinds.ACCUSATION:
        return f"“{phrase}” is named, with “{hit.note}”."
    if hit.note in ABOUT_WHOLE:
        return ABOUT_WHOLE[hit.note]
    if is_whole(hit, text) and hit.kind in ABOUT_WHOLE:
        return ABOUT_WHOLE[hit.kind]
    return f"“{phrase}” {ABOUT_NOTE.get(hit.note) or ABOUT_PHRASE[hit.kind]}"


def elsewhere(kind: str) -> str:
    """Return the sentence about a kind that isn't found in the statement shown."""
    if kind == kinds.LIKE_STAFF:
        return "The name looks like the name of a staff account."
    return "Seen in another field, or in the correction."
