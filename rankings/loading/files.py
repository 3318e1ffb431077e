"""Read the files of an edition, which are in a folder of `rankings/data/`.

- `states.csv`: the facts, one row per state
- `citation_checks.csv`: the citations that somebody looked up, with what they found
  and where
- `addresses.csv`: the URLs that somebody chose for citations by hand
- `notes.txt`: the notes for readers

From the second edition on, there are also:

- `limits.csv`: unscored limits on a suit, such as damage caps and deadlines, which the
  texts in `states.csv` also mention
- `changes.csv`: for each state that changed since the previous edition, the reason
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from io import StringIO
from pathlib import Path

from django.core.exceptions import ValidationError

from rankings.importing.resource import COLUMNS, COMPUTED
from rankings.importing.upload import header_errors, read_text, row_errors
from rankings.loading.pairing import Row, facts

DATA = Path(__file__).parents[1] / "data"
STATES, CHECKS, ADDRESSES = "states.csv", "citation_checks.csv", "addresses.csv"
LIMITS, CHANGES = "limits.csv", "changes.csv"
TABLES = {
    STATES: COLUMNS,
    CHECKS: {
        *("usps", "citation", "supports", "status"),
        *("source_url", "what_was_seen", "checked_on"),
    },
    ADDRESSES: {"usps", "citation", "address"},
    LIMITS: {"usps", "limits"},
    CHANGES: {"usps", "reason"},
}
OPTIONAL = {LIMITS, CHANGES}


@dataclass(frozen=True)
class Files:
    """The folder of an edition's files, and details that the files don't contain.

    `grades_read_on` is the day on which somebody read the Institute for Justice's
    grades of the states. The next edition has the same day if nobody has read the
    grades again.
    """

    folder: str
    title: str
    grades_read_on: date

    @property
    def path(self) -> Path:
        return DATA / self.folder

    def named(self, name: str) -> str:
        return f"{self.folder}/{name}"


EDITIONS = (
    Files("edition-1", "First edition", date(2026, 11, 22)),
    Files("edition-2", "Second edition", date(2026, 11, 22)),
)


@dataclass(frozen=True)
class Content:
    """The contents of an edition's files."""

    files: Files
    tables: dict[str, list[Row]]
    notes: str

    @property
    def rows(self) -> list[Row]:
        return self.tables[STATES]

    @property
    def date(self) -> date:
        """The edition's date: the latest day on which a state's sources were read."""
        return max(date.fromisoformat(row["as_of"]) for row in self.rows)

    def of(self, name: str, usps: str) -> list[Row]:
        """Return one state's rows in the table `name`; [] if there is no such table."""
        return [row for row in self.tables.get(name, []) if row["usps"] == usps]

    def fields(self, row: Row) -> dict:
        """Return the assessment fields for a row of states.csv.

        Raises ValueError if a date or year is invalid.
        """
        limits, reasons = (self.of(name, row["usps"]) for name in (LIMITS, CHANGES))
        return facts(row, self.files.grades_read_on) | {
            "limits": limits[0]["limits"] if limits else "",
            "reason": reasons[0]["reason"] if reasons else "",
        }


def read(files: Files) -> Content:
    """Read an edition's files; raises ValidationError if a table is malformed."""
    tables, errors = {}, []
    for name in TABLES:
        if name in OPTIONAL and not (files.path / name).exists():
            continue
        text = read_text((files.path / name).read_bytes())
        header, *rows = csv.reader(StringIO(text, newline=""), strict=True)
        errors += [
            f"{files.named(name)}: {e}" for e in table_errors(name, header, rows)
        ]
        tables[name] = [dict(zip(header, row, strict=False)) for row in rows]
    if errors:
        raise ValidationError(errors)
    notes = (files.path / "notes.txt").read_text(encoding="utf-8").strip()
    return Content(files, tables, notes)


def table_errors(name: str, header: list[str], rows: list[list[str]]) -> Iterator[str]:
    further = COMPUTED if name == STATES else set()
    yield from header_errors(header, TABLES[name], further)
    for number, row in enumerate(rows, 2):
        yield from row_errors(number, row, header)
