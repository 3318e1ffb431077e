"""What an uploaded file must be before anything looks at its rows.

Rows are counted as spreadsheet programs show them: the header is row 1. Each check
names the row, and the column where there is one.
"""

import csv
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections import Counter
from io import StringIO

from django.core.exceptions import ValidationError
from django.utils.text import Truncator

from rankings.lists import FORMULA

# Twice the jurisdictions: a row too many is named, a wrong file is not read.
MOST_ROWS = 102
# Enough to see what is wrong with a file; mistakes that come from one cause repeat.
MOST_ERRORS = 20


def read_text(data: bytes) -> str:
    """Return the text of a UTF-8 file, with or without a byte order mark."""
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
    """Say in which row and column of a CSV these bytes end."""
    # One character more, for they may end just where a cell begins.
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
    """Return the rows, the header first; blank lines at the end do not count."""
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
    if len(rows) > MOST_ROWS + 1:
        raise ValidationError(
            f"The file has {len(rows) - 1} rows, and a state has one: "
            f"{MOST_ROWS} are the most that are read.",
            code="rows",
        )
    return rows


def check(data: bytes, columns: set[str], further: set[str]) -> None:
    """Refuse a file that is no table of these columns; `further` ones may be there.

    Raises a ValidationError with one message for each mistake.
    """
    header, *rows = read_rows(read_text(data))
    errors = header_errors(header, columns, further)
    for number, row in enumerate(rows, 2):
        errors += row_errors(number, row, header)
    if errors:
        left = len(errors) - MOST_ERRORS
        more = [f"… and {left} more."] if left > 0 else []
        raise ValidationError(errors[:MOST_ERRORS] + more)


def header_errors(header, columns, further):
    counts = Counter(header)
    known = columns | further
    return [
        *(
            f"Row 1: the column {name} is missing."
            for name in sorted(columns - counts.keys())
        ),
        *(
            f"Row 1: the column {short(name)} stands {count} times."
            for name, count in counts.items()
            if count > 1
        ),
        *(
            f"Row 1: there is no column {short(name)} to read. Is it misspelt?"
            for name in counts
            if name not in known
        ),
    ]


def row_errors(number, row, header):
    if len(row) != len(header):
        return [
            f"Row {number} has {len(row)} cells, and the header {len(header)}."
            if row
            else f"Row {number} is blank; take it out."
        ]
    return [
        f"Row {number}, column {short(name)}: {problem}"
        for name, cell in zip(header, row, strict=True)
        if (problem := cell_problem(cell))
    ]


def cell_problem(cell: str) -> str:
    """Say what is wrong with a cell that would harm whoever opens the file."""
    if cell.startswith(FORMULA):
        shown = {"\t": "a tab", "\r": "a line break"}.get(cell[0], f"“{cell[0]}”")
        return (
            f"begins with {shown}, which spreadsheet programs run as a formula. "
            "Begin it with a word."
        )
    return ""
