"""List the changes between a version of a text and the version before it."""

from datetime import datetime
from typing import Any, NamedTuple

from django.utils import timezone
from django.utils.formats import localize
from django.utils.safestring import SafeString

from core.diffs import short_diff

UNTOLD = {"id", "edited_at", "loaded_at", "updated"}


class Change(NamedTuple):
    field: str
    # Removed words are in <del>, and added words in <ins>.
    diff: SafeString


def changes(new: Any, old: Any) -> list[Change]:
    """Return the fields that differ between two versions of a text, with diffs."""
    found = []
    for field in new.tracked_fields:
        before, after = (as_text(getattr(v, field.attname)) for v in (old, new))
        if field.name not in UNTOLD and before != after:
            found.append(Change(field.verbose_name, short_diff(before, after)))
    return found


def as_text(value: object) -> str:
    """Return a field's value as text for staff; a list of rows has one line per row."""
    if isinstance(value, list):
        return "\n".join(" · ".join(str(v) for v in row.values()) for row in value)
    if isinstance(value, datetime):
        return str(localize(timezone.localtime(value)))
    return "" if value is None else str(value)
