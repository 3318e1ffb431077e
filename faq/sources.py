"""Where a sentence can be checked: the rows that stand in each text's `sources`.

They are kept in the row of the text that they back, so that one version, one diff and
one revert hold both.
"""

from django import forms
from django.db import models

from core.fields import LineField, URLField
from faq.check import validate_line
from faq.rows import validate_rows


class Confidence(models.TextChoices):
    HIGH = "high", "High: read in the source"
    MEDIUM = "medium", "Medium: from a secondary source"


class SourceForm(forms.Form):
    """One source of a text."""

    citation = LineField(max_length=300, validators=[validate_line])
    url = URLField(
        label="Address", max_length=500, required=False, assume_scheme="https"
    )
    fact = forms.IntegerField(
        label="Fact no.",
        min_value=1,
        max_value=999,
        required=False,
        help_text="Its number in the fact sheet.",
    )
    confidence = forms.ChoiceField(choices=Confidence, initial=Confidence.HIGH)
    note = LineField(max_length=300, required=False, validators=[validate_line])


def validate_sources(rows) -> None:
    validate_rows(SourceForm, rows)


def has_source(name: str) -> models.CheckConstraint:
    """The rule that what the public reads can be checked somewhere."""
    return models.CheckConstraint(
        condition=models.Q(publish_at=None) | ~models.Q(sources=[]),
        name=name,
        violation_error_message="What is published needs at least one source.",
    )
