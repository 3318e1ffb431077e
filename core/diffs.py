"""Render word diffs as HTML."""

import difflib
import re
from collections.abc import Iterable, Iterator

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

type Opcode = tuple[str, int, int, int, int]

# How many unchanged words a short diff shows on each side of a change.
AROUND = 8


def word_diff(before: str, after: str) -> SafeString:
    """Return `after` as HTML, with added words in <ins> and removed words in <del>."""
    old, new = re.findall(r"\S+|\s+", before), re.findall(r"\S+|\s+", after)
    parts = []
    for kind, a, b, c, d in difflib.SequenceMatcher(
        None, old, new, autojunk=False
    ).get_opcodes():
        lost, added = "".join(old[a:b]), "".join(new[c:d])
        if kind == "equal":
            parts.append(format_html("{}", lost))
            continue
        if lost:
            parts.append(format_html("<del>{}</del>", lost))
        if added:
            parts.append(format_html("<ins>{}</ins>", added))
    return format_html_join("", "{}", ((part,) for part in parts))


def paired_diff(before: str, after: str) -> tuple[SafeString, SafeString]:
    """Return both texts as HTML, the first with <del>, the second with <ins>."""
    old, new = (re.findall(r"\S+|\s+", text) for text in (before, after))
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    left, right = [], []
    for kind, a, b, c, d in matcher.get_opcodes():
        lost, added = "".join(old[a:b]), "".join(new[c:d])
        changed = kind != "equal"
        left.append(format_html("<del>{}</del>" if changed and lost else "{}", lost))
        right.append(format_html("<ins>{}</ins>" if changed and added else "{}", added))
    return (
        format_html_join("", "{}", ((part,) for part in left)),
        format_html_join("", "{}", ((part,) for part in right)),
    )


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
        if a < b:
            yield format_html("<del>{}</del>", "".join(old[a:b]))
        if c < d:
            yield format_html("<ins>{}</ins>", "".join(new[c:d]))
