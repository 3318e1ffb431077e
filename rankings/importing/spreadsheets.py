"""Undo the changes that Excel, Numbers, and Google Sheets make to our CSV files.

Handles semicolons and tabs as delimiters, UTF-16, a `sep=` line, blank rows at the top
and bottom, blank columns on the right, and spaces around column names. If a file isn't
our table, raises a ValidationError that says why.
"""

import csv
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from io import StringIO

from django.core.exceptions import ValidationError

from rankings.lists import FORMULA

DELIMITERS = ",;\t|"
SAVE_AS = "Save it as “CSV UTF-8” and choose it again."
# The first bytes of other file types.
OTHER_FILES = {
    b"PK\x03\x04": "a spreadsheet workbook",
    b"\xd0\xcf\x11\xe0": "an Excel workbook",
    b"%PDF": "a PDF",
    b"{\\rtf": "a text document",
    b"<": "a web page",
}
# Search this many rows for the header, because a title may be above it.
ABOVE = 10


def as_csv(data: bytes, known: set[str]) -> bytes:
    """Return the file as comma-separated UTF-8, undoing changes by spreadsheets.

    `known` contains our column names. Raises ValidationError if the file isn't our
    table. Returns the file unchanged if it can't be decoded or parsed, so that
    `upload.check` reports the position of the error.
    """
    refuse_other_files(data)
    try:
        text = decoded(data)
    except UnicodeDecodeError:
        return data
    if "\0" in text:
        return data
    rows = read(text, known)
    if rows is None:
        return data
    rows = without_blank_ends(rows)
    if rows:
        rows[0] = [column(name, known) for name in rows[0]]
        refuse_other_tables(rows, known)
    written = StringIO()
    csv.writer(written, lineterminator="\r\n").writerows(rows)
    return written.getvalue().encode()


def refuse_other_files(data: bytes) -> None:
    for start, what in OTHER_FILES.items():
        if data.removeprefix(BOM_UTF8).lstrip(b" \r\n").startswith(start):
            raise ValidationError(
                f"The file is {what}, not a CSV file. {SAVE_AS}", code="kind"
            )


def decoded(data: bytes) -> str:
    if data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return data.decode("utf-16")
    # If one of the first two bytes is zero, the file is UTF-16 without a BOM.
    if data[1:2] == b"\0" and data[:1] != b"\0":
        return data.decode("utf-16-le")
    if data[:1] == b"\0" and data[1:2] != b"\0":
        return data.decode("utf-16-be")
    return data.decode("utf-8-sig")


def read(text: str, known: set[str]) -> list[list[str]] | None:
    """Return the rows, split at the delimiter that gives the most known columns.

    Return None if the text can't be parsed with any delimiter.
    """
    first, _, rest = text.partition("\n")
    named = first.strip().strip('"')
    if named.lower().startswith("sep=") and len(named) in (4, 5):
        # If nothing follows "sep=", the delimiter is a tab, which strip() removed.
        text, signs = rest, named[4:] or "\t"
    else:
        signs = DELIMITERS
    best: list[list[str]] | None = None
    most = -1
    for sign in signs:
        try:
            rows = list(
                csv.reader(StringIO(text, newline=""), delimiter=sign, strict=True)
            )
        except csv.Error:
            continue
        found = max((count_known(row, known) for row in rows[:ABOVE]), default=0)
        if found > most:
            best, most = rows, found
    return best


def count_known(row: list[str], known: set[str]) -> int:
    return len({column(name, known) for name in row} & known)


def column(name: str, known: set[str]) -> str:
    """Return the column that the header cell `name` means, ignoring case and spacing.

    If there is no such column, return the cell without surrounding spaces and quotes.
    """
    tidy = name.strip().strip("\ufeff\u200b\"'“”‘’").strip()
    spelled = "_".join(tidy.casefold().replace("-", " ").replace("_", " ").split())
    return spelled if spelled in known else tidy


def without_blank_ends(rows: list[list[str]]) -> list[list[str]]:
    """Drop blank rows at the top and bottom, and blank columns on the right."""
    while rows and not any(map(str.strip, rows[-1])):
        rows.pop()
    while rows and not any(map(str.strip, rows[0])):
        rows.pop(0)
    if not rows:
        return rows
    header = rows[0]
    while header and not header[-1].strip():
        header.pop()
    width = len(header)
    return [trimmed(row, width) for row in rows]


def trimmed(row: list[str], width: int) -> list[str]:
    """Drop blank cells to the right of the header, and apostrophes before formulas."""
    while len(row) > width and not row[-1].strip():
        row = row[:-1]
    # Our downloads put an apostrophe before text that would run as a formula.
    return [cell[1:] if is_marked(cell) else cell for cell in row]


def is_marked(cell: str) -> bool:
    return cell.startswith("'") and cell[1:].startswith(FORMULA)


def refuse_other_tables(rows: list[list[str]], known: set[str]) -> None:
    """If the first row isn't our header, raise a ValidationError that says why."""
    if count_known(rows[0], known) > 1:
        return
    for number, row in enumerate(rows[1:ABOVE], 2):
        if count_known(row, known) > 1:
            raise ValidationError(
                f"The column names are in row {number}. Delete the rows above it, so "
                "that they are in row 1.",
                code="header",
            )
    raise ValidationError(
        "Row 1 does not name our columns, such as usps and summary. Is this the right "
        "file, and does it still have its first row?",
        code="header",
    )
