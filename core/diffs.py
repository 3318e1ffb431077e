"""Render word diffs as HTML."""

import difflib
import re
from collections.abc import Iterable, Iterator

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

type Opcode = tuple[str, int, int, int, int]

# Marks at the start or end of a word that only_removes() ignores.
MARKS = ".,;:!?…–—-\"'“”‘’()"
# How many unchanged words a short diff shows on each side of a change.
AROUND = 8


def changes(before: str, after: str) -> Iterator[tuple[str, str]]:
    """Yield consecutive parts of both texts, in pairs; equal parts are unchanged."""
    old, new = (re.findall(r"\S+|\s+", text) for text in (before, after))
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for _, a, b, c, d in matcher.get_opcodes():
        yield "".join(old[a:b]), "".join(new[c:d])


def word_diff(before: str, after: str) -> SafeString:
    """Return `after` as HTML, with added words in <ins> and removed words in <del>."""
    return format_html_join(
        "",
        "{}{}",
        (
            (lost, "") if lost == added else (removed(lost), inserted(added))
            for lost, added in changes(before, after)
        ),
    )


def paired_diff(before: str, after: str) -> tuple[SafeString, SafeString]:
    """Return both texts as HTML, the first with <del>, the second with <ins>."""
    left, right = [], []
    for lost, added in changes(before, after):
        left.append([lost if lost == added else removed(lost)])
        right.append([added if lost == added else inserted(added)])
    return format_html_join("", "{}", left), format_html_join("", "{}", right)


def only_removes(before: str, after: str) -> bool:
    """Return whether `after` is `before` without some of its words.

    Ignores case and the marks around words, because after a cut, a sentence may begin
    or end with another word.
    """
    old, new = (
        [word for each in text.casefold().split() if (word := each.strip(MARKS))]
        for text in (before, after)
    )
    # Each search goes on where the one before stopped, so the order counts too.
    rest = iter(old)
    return len(new) < len(old) and all(word in rest for word in new)


def removed(text: str) -> str:
    return format_html("<del>{}</del>", text) if text else ""


def inserted(text: str) -> str:
    return format_html("<ins>{}</ins>", text) if text else ""


def short_diff(before: str, after: str) -> SafeString:
    """Return only the changes as HTML, each between a few unchanged words."""
    old, new = (re.findall(r"\S+\s*", text) for text in (before, after))
    matcher = difflib.SequenceMatcher(None, old, new)
    places = [
        format_html_join("", "{}", ([part] for part in place(group, old, new)))
        for group in matcher.get_grouped_opcodes(AROUND)
    ]
    return format_html_join(" … ", "{}", ([each] for each in places))


def place(group: Iterable[Opcode], old: list[str], new: list[str]) -> Iterator[str]:
    for kind, a, b, c, d in group:
        if kind == "equal":
            yield "".join(new[c:d])
            continue
        yield removed("".join(old[a:b]))
        yield inserted("".join(new[c:d]))
