"""Convert CSV cells to fields and citations of an assessment, and back."""

import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from django.db.models import TextChoices
from import_export import fields, widgets

from rankings.lists import (
    is_ij_page,
    join_addresses,
    join_citations,
    same_authority,
    split_addresses,
    split_citations,
)
from rankings.models import Assessment

LONGEST_CITATION = 500
# Spreadsheets store a date as the number of days since this day. The day isn't
# 1899-12-31, because spreadsheets treat 1900 as a leap year.
FIRST_DAY = date(1899, 12, 30)
# Date formats that spreadsheets use, in addition to the formats that Django accepts.
DATES = ["%Y/%m/%d", "%d-%b-%y", "%d-%b-%Y", "%d.%m.%Y", "%A, %B %d, %Y"]


class Text(widgets.Widget):
    """Trimmed text with normalized line endings, of at most `most` characters."""

    def __init__(self, most: int | None = None):
        super().__init__()
        self.most = most

    def clean(
        self, value: str, row: Mapping[str, str] | None = None, **kwargs: object
    ) -> str:
        value = value.strip().replace("\r\n", "\n").replace("\r", "\n")
        if self.most is not None and len(value) > self.most:
            raise ValueError(
                f"This has {len(value)} characters; the limit is {self.most}."
            )
        return value


def spelled(name: str) -> str:
    return re.sub(r"[\s_-]+", "_", name.casefold())


class Choice(Text):
    def __init__(self, choices: type[TextChoices]) -> None:
        super().__init__()
        self.values = choices.values
        self.spellings = {
            spelled(name): value
            for value, label in choices.choices
            for name in (label, value)
        }

    def clean(
        self, value: str, row: Mapping[str, str] | None = None, **kwargs: object
    ) -> str:
        value = super().clean(value)
        # Also accept labels, and values in another case or with other separators, such
        # as "court narrow".
        value = self.spellings.get(spelled(value), value)
        if value and value not in self.values:
            raise ValueError(
                f"“{value}” is not allowed. Use {', '.join(self.values)}, or leave it "
                "blank."
            )
        return value


class Year(Text):
    # Unlike the other subclasses of Text, this class returns a number.
    def clean(  # type: ignore[override]
        self, value: str, row: Mapping[str, str] | None = None, **kwargs: object
    ) -> int | None:
        # Spreadsheets may write a year as "1,992" or "1992.0".
        value = super().clean(value).replace(",", "").removesuffix(".0")
        if value and not (value.isascii() and value.isdigit() and len(value) == 4):
            raise ValueError(f"“{value}” is not a year. Write it as 1992.")
        return int(value) if value else None


class Day(widgets.DateWidget):
    """A date in ISO format, or in a format to which spreadsheets convert dates."""

    def __init__(self) -> None:
        super().__init__()
        self.formats: tuple[str, ...] = (*self.formats, *DATES)

    def clean(
        self, value: str, row: Mapping[str, str] | None = None, **kwargs: object
    ) -> date | None:
        value = value.strip()
        if re.fullmatch(r"[0-9]{5}(\.0)?", value):
            # The cell lost its date format. It contains the number of days since
            # FIRST_DAY.
            return FIRST_DAY + timedelta(days=int(value[:5]))
        try:
            return super().clean(value.split("T")[0].removesuffix(" 00:00:00"))
        except ValueError:
            raise ValueError(
                f"“{value}” is not a date. Write it as 2026-11-22."
            ) from None

    def render(
        self, value: date | None, obj: Assessment | None = None, **kwargs: object
    ) -> str:
        return value.isoformat() if value else ""


class Citations(widgets.Widget):
    def clean(
        self, value: str, row: Mapping[str, str] | None = None, **kwargs: object
    ) -> list[str]:
        found = split_citations(value)
        for text in found:
            if len(text) > LONGEST_CITATION:
                raise ValueError(
                    f"A citation is longer than {LONGEST_CITATION} characters."
                )
            if found.count(text) > 1:
                raise ValueError(f"“{text}” is listed twice.")
        return found

    def render(
        self, value: list[str] | None, obj: Assessment | None = None, **kwargs: object
    ) -> str:
        return join_citations(value or [])


class OfPart(fields.Field):
    """The column with the citations for the `Citation.Part` that `attribute` names.

    During an import, `assessment.stored` holds the citations in the database. For each
    part, `assessment.imported` holds the texts of the citations in the file, which
    `write_citations` saves later.
    """

    def get_value(self, assessment: Any) -> list[str]:
        if self.attribute in getattr(assessment, "imported", {}):
            return assessment.imported[self.attribute]
        return [each.text for each in assessment.stored if each.part == self.attribute]

    def save(
        self,
        instance: Any,
        row: Mapping[str, str],
        is_m2m: bool = False,
        **kwargs: object,
    ) -> None:
        instance.imported = getattr(instance, "imported", {})
        instance.imported[self.attribute] = self.clean(row)


class Open(fields.Field):
    """The column `citations_to_verify`, which contains the open citations.

    An open citation was checked neither against the source nor by a lawyer. The column
    is imported last, because it refers to citations in the other columns.
    """

    def get_value(self, assessment: Any) -> list[str]:
        if hasattr(assessment, "to_verify"):
            return assessment.to_verify
        return [each.text for each in assessment.stored if each.is_open]

    def save(
        self,
        instance: Any,
        row: Mapping[str, str],
        is_m2m: bool = False,
        **kwargs: object,
    ) -> None:
        done = {each.text for each in instance.stored if each.checked_at}
        texts = citation_texts(instance)
        found = {name: meant(name, texts) for name in self.clean(row)}
        named = {text for those in found.values() for text in those}
        instance.to_verify = [
            *(text for text in texts if text in named - done),
            *(name for name, those in found.items() if not those),
        ]


def meant(name: str, texts: list[str]) -> list[str]:
    """Return the citations in `texts` that an entry of `citations_to_verify` refers to.

    `name` is the entry. If one of the texts equals it, return only that text. If none
    does, return the texts that cite the same statute or ruling.
    """
    exact = [text for text in texts if text == name]
    return exact or [text for text in texts if same_authority(name, text)]


class Sources(fields.Field):
    """The column with the URLs of a state's sources, including `ij_page`.

    The sources are the web pages that somebody consulted for the state's facts.
    """

    def get_value(self, assessment: Assessment) -> str:
        pages = [assessment.ij_page, *assessment.source_list]
        return join_addresses([page for page in pages if page])

    def save(
        self,
        instance: Any,
        row: Mapping[str, str],
        is_m2m: bool = False,
        **kwargs: object,
    ) -> None:
        pages = split_addresses(row[self.column_name])
        found = (page for page in pages if is_ij_page(page, instance.usps))
        kept = instance.ij_page if instance.ij_page in pages else next(found, "")
        instance.ij_page = row.get("ij_page", kept).strip()
        instance.sources = "\n".join(page for page in pages if page != instance.ij_page)


def citation_texts(assessment: Any) -> list[str]:
    """Return the texts of the citations that the assessment has after the import.

    Parts without a column in the file keep the stored citations. Excludes citations
    that only `citations_to_verify` contains.
    """
    new = getattr(assessment, "imported", {})
    kept = [each.text for each in assessment.stored if each.part not in new]
    return [*(text for texts in new.values() for text in texts), *kept]
