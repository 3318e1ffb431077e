"""Validate an uploaded CSV file before import-export reads the rows.

Rows are numbered as in spreadsheets: the header is row 1. A message about a row gives
the row's number; a message about a cell also gives the name of the column.
"""

import csv
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections import Counter
from io import StringIO

from django.core.exceptions import ValidationError
from django.utils.text import Truncator

from rankings.lists import FORMULA

# Twice the number of states, with DC. In a file with at most this many rows, each row
# that repeats a state gets its own error. A longer file must be the wrong file, so it
# gets a single error.
MAX_ROWS = 102
# Show at most this many errors, because the rest usually have the same cause.
MAX_ERRORS = 20


def read_text(data: bytes) -> str:
    """Return the file's text without a BOM.

    Raises ValidationError if the file isn't UTF-8 or contains a NUL character.
    """
    if data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        raise ValidationError(f"The file is UTF-16. {SAVE_AS}", code="encoding")
    before, nul, _ = data.partition(b"\0")
    if nul:
        raise ValidationError(
            f"{place(before)}: there is a NUL character. The file is damaged, or is "
            f"not UTF-8. {SAVE_AS}",
            code="nul",
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValidationError(
            f"{place(data[: error.start])}: these bytes are not UTF-8. {SAVE_AS}",
            code="encoding",
        ) from None


SAVE_AS = "Save it as “CSV UTF-8” and choose it again."


def place(before: bytes) -> str:
    """Return a position in a CSV, such as "Row 3, column usps".

    `before` contains all bytes before this position.
    """
    # Add a character, because a cell may begin at the position.
    text = before.decode("utf-8-sig", errors="replace") + "x"
    try:
        rows = list(csv.reader(StringIO(text, newline="")))
    except csv.Error:
        return "In a very long cell"
    row, column = len(rows), len(rows[-1])
    if row > 1 and column <= len(rows[0]):
        return f"Row {row}, column {short(rows[0][column - 1])}"
    return f"Row {row}, cell {column}"


def short(name: str) -> str:
    return Truncator(name).chars(40) or "(blank)"


def read_rows(text: str) -> list[list[str]]:
    """Return the rows, including the header, without blank lines at the end.

    Raises ValidationError if the text isn't a CSV, or has too few or too many rows.
    """
    reader = csv.reader(StringIO(text, newline=""), strict=True)
    rows: list[list[str]] = []
    try:
        rows.extend(reader)
    except csv.Error as error:
        raise ValidationError(
            f"Row {len(rows) + 1} cannot be read: {error}. Is a quotation mark "
            "missing?",
            code="csv",
        ) from None
    while rows and not rows[-1]:
        rows.pop()
    if len(rows) < 2:
        raise ValidationError("The file has no rows below its header.", code="empty")
    if len(rows) > MAX_ROWS + 1:
        raise ValidationError(
            f"The file has {len(rows) - 1} rows. Each state has one row; the limit "
            f"is {MAX_ROWS} rows.",
            code="rows",
        )
    return rows


def check(data: bytes, columns: set[str], further: set[str]) -> None:
    """Raise ValidationError unless the file is a valid CSV with the right columns.

    All of `columns` are required, and those in `further` are optional. There is a
    message for each of the first MAX_ERRORS errors.
    """
    header, *rows = read_rows(read_text(data))
    errors = header_errors(header, columns, further)
    for number, row in enumerate(rows, 2):
        errors += row_errors(number, row, header)
    if errors:
        left = len(errors) - MAX_ERRORS
        more = [f"… and {left} more."] if left > 0 else []
        raise ValidationError(errors[:MAX_ERRORS] + more)


def header_errors(header: list[str], columns: set[str], further: set[str]) -> list[str]:
    counts = Counter(header)
    known = columns | further
    return [
        *(
            f"Row 1: the column {name} is missing."
            for name in sorted(columns - counts.keys())
        ),
        *(
            f"Row 1: the column {short(name)} appears {count} times."
            for name, count in counts.items()
            if count > 1
        ),
        *(
            f"Row 1: the column {short(name)} is unknown. Is it misspelled?"
            for name in counts
            if name not in known
        ),
    ]


def row_errors(number: int, row: list[str], header: list[str]) -> list[str]:
    if len(row) != len(header):
        return [
            f"Row {number} has {len(row)} cells, but the header has {len(header)}."
            if row
            else f"Row {number} is blank; delete it."
        ]
    return [
        f"Row {number}, column {short(name)}: {problem}"
        for name, cell in zip(header, row, strict=True)
        if (problem := cell_problem(cell))
    ]


def cell_problem(cell: str) -> str:
    """Return an error if spreadsheets would run the cell as a formula, else ""."""
    if cell.startswith(FORMULA):
        shown = {"\t": "a tab", "\r": "a line break"}.get(cell[0], f"“{cell[0]}”")
        return (
            f"begins with {shown}, which spreadsheets run as a formula. "
            "Begin with a word."
        )
    return ""
