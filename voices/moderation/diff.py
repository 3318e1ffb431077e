"""The words that an edit took out and put in."""

import difflib
import re

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString


def word_diff(before: str, after: str) -> SafeString:
    """Return `after` as HTML with added words in <ins> and lost ones in <del>."""
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
