"""List the texts about pending bills and open cases that staff should recheck."""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from django.urls import reverse

from faq.models import TEXTS
from faq.publishing import Text


class Row(NamedTuple):
    text: Text
    kind: str
    # The URL of the text's form in the admin.
    path: str


def list_rows(kinds: Iterable[type[Text]] = TEXTS) -> list[Row]:
    """Return a row for each text of these kinds that staff should recheck.

    The oldest “as of” date comes first.
    """
    texts = [text for kind in kinds for text in kind.objects.to_check()]
    return [row_of(text) for text in sorted(texts, key=lambda text: str(text.as_of))]


def row_of(text: Text) -> Row:
    name = f"admin:{text._meta.app_label}_{text._meta.model_name}_change"
    kind = str(text._meta.verbose_name).capitalize()
    return Row(text, kind, reverse(name, args=[text.pk]))


def list_dates(kinds: Iterable[type[Text]] = TEXTS) -> list[date]:
    """Return the “as of” dates of the texts to recheck, oldest first.

    Runs only one query.
    """
    first, *others = (
        kind.objects.to_check().order_by().values_list("as_of", flat=True)
        for kind in kinds
    )
    dates = first.union(*others, all=True).order_by("as_of")
    return [day for day in dates if day]
