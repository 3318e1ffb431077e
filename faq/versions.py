"""What one version of a text changed against the one before."""

import difflib
import re
from typing import NamedTuple

from django.utils import timezone
from django.utils.formats import localize
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

# Words around a change that tell where it is.
AROUND = 8
UNTOLD = {"id", "changed_at", "edited_at", "loaded_at"}


class Change(NamedTuple):
    field: str
    # What went is in <del>, what came in <ins>.
    diff: SafeString


def changes(new, old) -> list[Change]:
    """Return what differs between two versions of a text, by field."""
    found = []
    for field in new.tracked_fields:
        before, after = (as_text(getattr(v, field.attname)) for v in (old, new))
        if field.name not in UNTOLD and before != after:
            found.append(Change(field.verbose_name, diff(before, after)))
    return found


def as_text(value) -> str:
    """Return a field's value as staff read it; a list of rows has a line for each."""
    if isinstance(value, list):
        return "\n".join(" · ".join(str(v) for v in row.values()) for row in value)
    if hasattr(value, "tzinfo"):
        return str(localize(timezone.localtime(value)))
    return "" if value is None else str(value)


def diff(before: str, after: str) -> SafeString:
    """Return the changed words as HTML, with a few words around each."""
    old, new = (re.findall(r"\S+\s*", text) for text in (before, after))
    matcher = difflib.SequenceMatcher(None, old, new)
    places = [
        format_html_join("", "{}", ([part] for part in place(group, old, new)))
        for group in matcher.get_grouped_opcodes(AROUND)
    ]
    return format_html_join(" … ", "{}", ([each] for each in places))


def place(group, old, new):
    for kind, a, b, c, d in group:
        if kind == "equal":
            yield "".join(new[c:d])
            continue
        if a < b:
            yield format_html("<del>{}</del>", "".join(old[a:b]))
        if c < d:
            yield format_html("<ins>{}</ins>", "".join(new[c:d]))
