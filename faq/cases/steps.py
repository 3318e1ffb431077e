"""The steps of a lawsuit: the rows (dicts) in a case's JSON column `steps`.

This module validates the steps and converts them to points on a timeline.
"""

import re
from datetime import date
from itertools import pairwise
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.dateformat import format as format_date

from core.fields import LineField
from faq.check import validate_line
from faq.drawings import Moment
from faq.rows import validate_rows

# A year, a year and month, or a full date, depending on how much is known.
DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?")


def date_words(text: str) -> str:
    """Format a date such as "2019", "2019-10", or "2019-10-03" for readers.

    Raises ValueError if `text` isn't such a date.
    """
    match = DATE.fullmatch(text)
    if not match:
        raise ValueError(text)
    year, month, day = match.groups()
    first = date(int(year), int(month or 1), int(day or 1))
    if not month:
        return year
    return format_date(first, "N j, Y" if day else "N Y")


def validate_date(text: str) -> None:
    try:
        date_words(text)
    except ValueError:
        raise ValidationError("Write 2019, 2019-10, or 2019-10-03.") from None


class StepForm(forms.Form):
    """A form for one step of a lawsuit."""

    on = LineField(label="Date", max_length=10, validators=[validate_date])
    words = LineField(label="What happened", max_length=48, validators=[validate_line])
    ruling = forms.BooleanField(
        label="The ruling",
        required=False,
        help_text="Check this box if the step is the ruling that the page is about. "
        "The timeline highlights that step.",
    )


def validate_steps(rows: list[dict[str, Any]]) -> None:
    validate_rows(StepForm, rows)
    for row, later in pairwise(rows):
        # Compare only the parts (year, month, day) that both dates have: "2019" and
        # "2019-10" may be in either order.
        known = min(len(row["on"]), len(later["on"]))
        if row["on"][:known] > later["on"][:known]:
            raise ValidationError("List the steps in the order of their dates.")
    if sum(row.get("ruling", False) for row in rows) > 1:
        raise ValidationError("Highlight one ruling at most.")


def moments(rows: list[dict[str, Any]]) -> tuple[Moment, ...]:
    """Return the steps as evenly spaced points on a timeline.

    The timeline isn't to scale, because some steps are only days apart.
    """
    return tuple(
        Moment(at, date_words(row["on"]), row["words"], row.get("ruling", False))
        for at, row in enumerate(rows)
    )
