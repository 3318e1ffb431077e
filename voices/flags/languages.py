"""Find sentences in another language, by their letters and most frequent words."""

import csv
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from voices.flags.kinds import OTHER_LANGUAGE, Found
from voices.flags.tokens import Token, sentences

# Frequent English words.
ENGLISH = frozenset(
    """
    a about above after again against all almost also always am an and any anyone are
    aren't around as at away back be because been before being both but by can can't
    cannot come could day did didn't do does doesn't don't done down each end enough
    even ever every everyone few first for from get give go going good got had has
    hasn't have having he her here him his how i i'd i'll i'm i've if in into is isn't
    it it's its just know last let like little long made make man many may me mean might
    more most much must my never new no nobody not nothing now of off on once one only
    or other our out over own people please put right said same saw say says see she
    should shouldn't since so some someone something still stop such take tell than
    thank that that's the their them then there these they they're thing this those
    through time to told too two under until up us very want was wasn't way we we're
    well went were what when where which while who whole whose why will with without
    won't work would wouldn't year years yes yet you you're your
    """.replace("'", "").split()
)
# English words that are not as frequent, but more than in another language.
ALSO_ENGLISH = {
    "die",
    "fin",
    "mine",
    "nos",
    "plus",
    "pour",
    "sat",
    "sent",
    "sin",
    "son",
}
# Frequent words of languages spoken in the US, as tokens.plain() spells them.
WORDS_FILE = Path(__file__).parents[1] / "data" / "language_words.csv"


def words_by_language() -> dict[str, list[str]]:
    """Return the languages in which each word is frequent, without English words."""
    found: dict[str, list[str]] = defaultdict(list)
    with WORDS_FILE.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            for word in set(row["words"].split()) - ENGLISH - ALSO_ENGLISH:
                found[word].append(row["language"])
    return dict(found)


SPOKEN = words_by_language()
# A sentence with fewer words isn't judged by its words.
FEWEST = 4
# A sentence is in a language if at least this many of its words, and this share of
# them, are frequent there, and more than are frequent in English.
WORDS_NEEDED = 2
SHARE = 0.25
# The share of a text's words that is in such sentences.
OF_TEXT = 0.3
# A text of at least this many words has some frequent English words, if it is English.
LONG = 9
ENGLISH_SHARE = 0.1
# The note if the language isn't known.
UNKNOWN = "unknown"
# Fewer letters of another script may be a name.
FOREIGN_LETTERS = 4


def find_other_language(text: str, tokens: list[Token]) -> Iterator[Found]:
    """Yield the text or sentences; the note is the language or script, if known."""
    if script := other_script(text):
        yield Found(OTHER_LANGUAGE, 0, len(text), script)
        return
    foreign = [
        (sentence, language)
        for sentence in sentences(text, tokens)
        if len(sentence) >= FEWEST and (language := language_of(sentence))
    ]
    # A saying in another language can be understood from the rest.
    if sum(len(sentence) for sentence, _ in foreign) >= OF_TEXT * len(tokens):
        for sentence, language in foreign:
            yield Found(OTHER_LANGUAGE, sentence[0].start, sentence[-1].end, language)


def other_script(text: str) -> str:
    """Return the script of most letters, unless that is the Latin one."""
    if text.isascii():
        return ""
    letters = [each for each in text if each.isalpha()]
    foreign = [each for each in letters if ord(each) > LAST_LATIN]
    scripts = Counter(unicodedata.name(each, "").split(" ")[0] for each in foreign)
    for script in ("LATIN", "FULLWIDTH", "MODIFIER", "MATHEMATICAL", "FEMININE"):
        del scripts[script]
    count = scripts.total()
    if count < FOREIGN_LETTERS or count < len(letters) / 2:
        return ""
    return SCRIPTS.get(name := scripts.most_common(1)[0][0], name.capitalize())


def language_of(sentence: list[Token]) -> str:
    words = [token.word for token in sentence]
    english = sum(word in ENGLISH for word in words)
    if english > len(words) / 2:
        return ""
    counts = Counter(name for word in words for name in SPOKEN.get(word, ()))
    name, count = counts.most_common(1)[0] if counts else ("", 0)
    if count >= max(WORDS_NEEDED, SHARE * len(words)) and count > english:
        return name
    # "A" and "I" are words elsewhere, too.
    longer = [word for word in words if len(word) > 1]
    is_english = sum(word in ENGLISH for word in longer) >= ENGLISH_SHARE * len(longer)
    if len(longer) >= LONG and not is_english:
        return UNKNOWN
    return ""


# The last letter of the Latin blocks of Unicode (Latin Extended-B).
LAST_LATIN = 0x24F
# How to name scripts that aren't called like a language.
SCRIPTS = {
    "CJK": "Chinese",
    "HIRAGANA": "Japanese",
    "KATAKANA": "Japanese",
    "HANGUL": "Korean",
}
