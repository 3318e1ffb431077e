"""Clean up pasted text: drop artifacts, or replace them with what the author saw."""

import html
import quopri
import re
import unicodedata

# Unicode's Default_Ignorable_Code_Points, and the placeholders for annotations and
# embedded objects. Joiners, variation selectors, and the tag characters in flag emoji
# are handled separately below, because whether to keep them depends on the characters
# next to them.
INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffc"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e00ff"
    "\U000e01f0-\U000e0fff"
)
# Control characters left over from Word tables, PDFs, and terminals. NUL isn't among
# them: validators refuse it later, because only programs send it.
CONTROLS = "\x01-\x08\x0e-\x1f\x7f\x81\x8d\x8f\x90\x9d"
UNSEEN = re.compile(f"[{INVISIBLE}{CONTROLS}]")
# Flag emoji like England's: a black flag followed by invisible tag letters.
BLACK_FLAG = "\U0001f3f4"
FLAG = re.compile(
    BLACK_FLAG + "[\U000e0030-\U000e0039\U000e0061-\U000e007a]+\U000e007f"
)
JOINERS = re.compile("[\u200c\u200d]+")
# Variation selectors that have no effect, because they don't follow a symbol.
SELECTORS = re.compile(
    "(?<![^\\s\u200c\u200da-zA-Z0-9])[\ufe00-\ufe0f\U000e0100-\U000e01ef]+(?!\u20e3)"
)
# Line breaks from Word (vertical tabs), form feeds, NEL, and Unicode's line and
# paragraph separators.
LINE_ENDS = re.compile("[\x0b\x0c\x85\u2028\u2029]")
# Characters of Windows-1252, such as quotation marks and dashes, that were decoded as
# Latin-1.
WINDOWS = {
    code: bytes([code]).decode("cp1252")
    for code in range(0x80, 0xA0)
    if code not in {0x81, 0x85, 0x8D, 0x8F, 0x90, 0x9D}
}
# Word's bullets and symbols from the fonts Symbol and Wingdings.
SYMBOLS = {ord(bullet): "•" for bullet in "\uf06c\uf06e\uf076\uf0a7\uf0a8\uf0b7\uf0d8"}
SYMBOLS |= {0xF04A: "☺", 0xF0E0: "→", 0xF0FC: "✓"}
# Ligatures from PDFs: ﬁ, ﬂ, and so on.
LIGATURES = {
    code: unicodedata.normalize("NFKC", chr(code)) for code in range(0xFB00, 0xFB07)
}
TRANSLATED = WINDOWS | SYMBOLS | LIGATURES
# At the start of a line, any other character of the fonts Symbol and Wingdings becomes
# a bullet, too.
BULLET = re.compile(r"^([^\S\n]*)[\uf020-\uf0ff](?=\s)", re.MULTILINE)

# Unicode categories of the characters that a joiner can join: Arabic letters, letters
# and signs of Indian scripts, and emoji.
JOINABLE = {"Lo", "Mn", "Mc", "So", "Sk"}

# Matches an entity whose ampersand was encoded any number of times ("&amp;amp;quot;").
ENTITY = re.compile(
    r"&(?:(?:amp|AMP|#38|#[xX]26);)*"
    r"((?:#[0-9]{1,6}|#[xX][0-9a-fA-F]{1,5}|[a-zA-Z]{2,8});)"
)
# Decode entities in at most this many rounds. Each round scans the whole text, and an
# attacker could send text that needs many rounds.
MAX_ROUNDS = 5
# Matches signs of text that is still encoded as quoted-printable: an encoded space at
# the end of a line, or the encoded bytes of a non-ASCII character.
QUOTED = re.compile(r"=20\r?\n|=[C-F][0-9A-F](?:=[89AB][0-9A-F])+")


def clean(text: str, line_end: str = "\n") -> str:
    """Drop invisible characters; replace artifacts of Word and PDFs, such as ligatures.

    Unusual line breaks become `line_end`. Keeps CR, LF, and tabs; joiners and variation
    selectors that have an effect; and the characters that validators refuse later: NUL,
    lone surrogates, and unknown private-use characters.
    """
    text = LINE_ENDS.sub(line_end, text)
    kept, end = [], 0
    for flag in FLAG.finditer(text):
        kept += [UNSEEN.sub("", text[end : flag.start()]), flag[0]]
        end = flag.end()
    text = "".join([*kept, UNSEEN.sub("", text[end:])]).translate(TRANSLATED)
    text = JOINERS.sub(kept_joiner, SELECTORS.sub("", text))
    return BULLET.sub(r"\1•", text)


def kept_joiner(run: re.Match) -> str:
    """Return the first of a run of joiners if the run joins two characters, else ""."""
    start, end = run.span()
    before, after = run.string[max(start - 1, 0) : start], run.string[end : end + 1]
    joins = is_joinable(before) and is_joinable(after)
    return run[0][0] if joins else ""


def is_joinable(character: str) -> bool:
    return bool(character) and unicodedata.category(character) in JOINABLE


def as_meant(text: str) -> str:
    """Decode HTML entities and quoted-printable text that web and mail apps left."""
    if QUOTED.search(text):
        text = unquoted(text)
    for _ in range(MAX_ROUNDS):
        text = ENTITY.sub(lambda entity: html.unescape(f"&{entity[1]}"), text)
    return text


def unquoted(text: str) -> str:
    try:
        return quopri.decodestring(text.encode()).decode()
    except UnicodeError:
        return text
