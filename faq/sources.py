"""The sources of a text: the rows (dicts) in the text's JSON column `sources`.

They are stored with the text, so that each version, diff, and revert of the text
includes its sources.
"""

from typing import Any

from django import forms
from django.db import models

from core.fields import LineField, URLField
from faq.check import validate_line
from faq.rows import validate_rows


class Confidence(models.TextChoices):
    HIGH = "high", "High: read in the source"
    MEDIUM = "medium", "Medium: from a secondary source"


class SourceForm(forms.Form):
    """A form for one source of a text."""

    citation = LineField(max_length=300, validators=[validate_line])
    url = URLField(label="URL", max_length=500, required=False, assume_scheme="https")
    fact = forms.IntegerField(
        label="Fact no.",
        min_value=1,
        max_value=999,
        required=False,
        help_text="The fact’s number in the fact sheet.",
    )
    confidence = forms.ChoiceField(choices=Confidence, initial=Confidence.HIGH)
    note = LineField(max_length=300, required=False, validators=[validate_line])


def validate_sources(rows: list[dict[str, Any]]) -> None:
    validate_rows(SourceForm, rows)


def has_source(name: str) -> models.CheckConstraint:
    """Return a constraint that requires a published text to have a source."""
    return models.CheckConstraint(
        condition=models.Q(publish_at=None) | ~models.Q(sources=[]),
        name=name,
        violation_error_message="A published text needs at least one source.",
    )
