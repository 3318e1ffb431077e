"""Undo what Excel, Numbers, and Sheets do to our CSV file.

Handles semicolons, tabs, UTF-16, `sep=`, blank rows and columns at the end, and spaces
around column names. Files that are not a table are refused with the reason.
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
# How many rows to search for the header, which may be below a title.
ABOVE = 10


def as_csv(data: bytes, known: set[str]) -> bytes:
    """Return the file as comma-separated UTF-8, without what spreadsheets add.

    `known` are the column names. Raises ValidationError if the file isn't our table.
    Returns the file unchanged if it can't be decoded or parsed, so that `upload.check`
    can name the position of the error.
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
    # Without a BOM, the position of the first zero byte shows the byte order.
    if data[1:2] == b"\0" and data[:1] != b"\0":
        return data.decode("utf-16-le")
    if data[:1] == b"\0" and data[1:2] != b"\0":
        return data.decode("utf-16-be")
    return data.decode("utf-8-sig")


def read(text: str, known: set[str]) -> list[list[str]] | None:
    """Return the rows, split by the delimiter that yields the most known columns.

    Return None if the text can't be parsed with any delimiter.
    """
    first, _, rest = text.partition("\n")
    named = first.strip().strip('"')
    if named.lower().startswith("sep=") and len(named) in (4, 5):
        # If nothing follows "sep=", strip() removed a tab.
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
    """Return the known column that a header cell means, else the trimmed cell."""
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
    """Drop blank cells beyond the header, and apostrophes that mark a cell as text."""
    while len(row) > width and not row[-1].strip():
        row = row[:-1]
    # Our own files put an apostrophe before text that would run as a formula.
    return [cell[1:] if is_marked(cell) else cell for cell in row]


def is_marked(cell: str) -> bool:
    return cell.startswith("'") and cell[1:].startswith(FORMULA)


def refuse_other_tables(rows: list[list[str]], known: set[str]) -> None:
    """Raise ValidationError with the reason if the first row is not our header."""
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
