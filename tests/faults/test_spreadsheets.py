"""The rankings' file, after a round trip through spreadsheet programs."""

import csv
from datetime import date
from io import StringIO

import pytest
from django.core.exceptions import ValidationError
from django.test import SimpleTestCase
from django.urls import reverse

from rankings.importing import upload
from rankings.importing.cells import Choice, Day, Year
from rankings.importing.resource import COLUMNS, COMPUTED, OPTIONAL
from rankings.importing.spreadsheets import as_csv
from rankings.scoring import RightToSue
from tests.rankings.test_importing_admin import ImportTestCase

KNOWN = COLUMNS | OPTIONAL | COMPUTED
DATES = ("as_of", "ij_read_on")


def rows_of(data):
    return list(csv.reader(StringIO(data.decode(), newline="")))


def written(rows, delimiter=",", end="\r\n", **options):
    text = StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator=end, **options).writerows(rows)
    return text.getvalue()


def redated(rows, form):
    """The rows with dates in the format of a program's locale."""
    header = rows[0]
    dates = [header.index(name) for name in DATES if name in header]
    return [header] + [
        [
            date.fromisoformat(cell).strftime(form) if n in dates and cell else cell
            for n, cell in enumerate(row)
        ]
        for row in rows[1:]
    ]


# What each program saves after opening the file.
PROGRAMS = {
    "excel, U.S.": lambda rows: written(redated(rows, "%m/%d/%Y")).encode("utf-8-sig"),
    "excel, short years": lambda rows: written(redated(rows, "%m/%d/%y")).encode(),
    "excel, Germany": lambda rows: written(redated(rows, "%d.%m.%Y"), ";").encode(
        "utf-8-sig"
    ),
    "excel, Unicode text": lambda rows: written(rows, "\t").encode("utf-16"),
    "excel, days of the month": lambda rows: written(
        redated(rows, "%d-%b-%y")
    ).encode(),
    "excel, sep": lambda rows: f"sep=;\r\n{written(rows, ';')}".encode("utf-8-sig"),
    "excel, sep and tabs": lambda rows: f"sep=\t\r\n{written(rows, chr(9))}".encode(),
    "numbers": lambda rows: written(rows, end="\n").rstrip("\n").encode(),
    "numbers, Germany": lambda rows: written(rows, ";", "\n").encode("utf-8-sig"),
    "sheets": lambda rows: written(rows).rstrip("\r\n").encode(),
    "sheets, tabs": lambda rows: written(rows, "\t").encode(),
    "everything quoted": lambda rows: written(rows, quoting=csv.QUOTE_ALL).encode(),
    "UTF-16 without a mark": lambda rows: written(rows).encode("utf-16-le"),
    "line ends of old Macs": lambda rows: written(rows, end="\r").encode(),
    "blank rows at the end": lambda rows: written(
        [*rows, *[[""] * len(rows[0])] * 500]
    ).encode(),
    "blank columns at the end": lambda rows: written(
        [[*row, "", " "] for row in rows]
    ).encode(),
    "a blank row above": lambda rows: written([[""] * len(rows[0]), *rows]).encode(),
    "spaces around names": lambda rows: written(
        [[f" {name} " for name in rows[0]], *rows[1:]]
    ).encode(),
    "names in capitals": lambda rows: written(
        [[name.upper() for name in rows[0]], *rows[1:]]
    ).encode(),
    "names in words": lambda rows: written(
        [[name.replace("_", " ") for name in rows[0]], *rows[1:]]
    ).encode(),
}


class RoundTripTests(ImportTestCase):
    def test_the_file_comes_back_from_every_program_without_a_change(self):
        rows = rows_of(self.client.get(reverse("rankings:data-csv")).content)

        for name, write in PROGRAMS.items():
            with self.subTest(name):
                page = self.preview(write(rows))

                self.assertContains(page, "0 states would change, 51 would stay")

    def test_an_edit_comes_back_too(self):
        rows = rows_of(self.client.get(reverse("rankings:data-csv")).content)
        summary = rows[0].index("summary")
        texas = next(row for row in rows if row[0] == "TX")
        texas[summary] = 'Said “so”; it\nsays "so", too.'

        for name, write in PROGRAMS.items():
            with self.subTest(name):
                page = self.preview(write(rows))

                ((column, _, after),) = self.changes(page)["TX"]
                self.assertEqual(column, "summary")
                self.assertEqual(after.split(), texas[summary].split())

    def test_the_import_matches_the_preview(self):
        rows = rows_of(self.client.get(reverse("rankings:data-csv")).content)
        summary = rows[0].index("summary")
        next(row for row in rows if row[0] == "TX")[summary] = "New."

        page = self.confirm(self.preview(PROGRAMS["excel, Germany"](rows)))

        self.assertContains(page, "1 changed")


def refusal(data):
    with pytest.raises(ValidationError) as error:
        upload.check(as_csv(data, KNOWN), COLUMNS, OPTIONAL | COMPUTED)
    return error.value.messages


HEADER = ",".join(sorted(COLUMNS))


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (b"PK\x03\x04...", "workbook"),
        (b"\xd0\xcf\x11\xe0...", "Excel workbook"),
        (b"%PDF-1.7", "PDF"),
        (b"<!doctype html><html>", "web page"),
        (b"\xef\xbb\xbf<html>", "web page"),
        (b"{\\rtf1", "text document"),
        (b"Name,Email\r\nAna,ana@example.com\r\n", "does not name our columns"),
        (b"TX,Texas,none\r\nOH,Ohio,none\r\n", "does not name our columns"),
        (f"Rankings\r\n{HEADER}\r\nTX\r\n".encode(), "in row 2"),
        (f"Rankings,,\r\nx\r\n\r\n{HEADER}\r\nTX\r\n".encode(), "in row 4"),
        (b"", "no rows"),
        (b"\r\n,,,\r\n", "no rows"),
        (f"{HEADER}\r\n,,\r\n".encode(), "no rows"),
    ],
)
def test_another_kind_of_file_is_refused_with_one_sentence(data, cause):
    (sentence,) = refusal(data)

    assert cause in sentence


@pytest.mark.parametrize("sign", ["=1+1", "+1", "-1", "@x", "\tx", "=cmd|' /C'!A0"])
def test_a_formula_is_refused_with_its_row_and_column(sign):
    rows = [sorted(COLUMNS), ["x"] * (len(COLUMNS) - 1) + [sign]]

    assert refusal(written(rows, ";").encode()) == [
        f"Row 2, column {rows[0][-1]}: {upload.cell_problem(sign)}"
    ]


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        *((text, date(2026, 11, 22)) for text in ("2026-11-22", "11/22/2026")),
        *((text, date(2026, 11, 22)) for text in ("11/22/26", "22-Nov-26", "46348")),
        *((text, date(2026, 11, 22)) for text in ("Nov 22, 2026", "2026/11/22")),
        *((text, date(2026, 11, 22)) for text in ("22.11.2026", "November 22, 2026")),
        *((text, date(2026, 11, 22)) for text in ("2026-11-22 00:00:00", "46348.0")),
        ("Sunday, November 22, 2026", date(2026, 11, 22)),
        ("", None),
    ],
)
def test_a_date_is_read_as_spreadsheet_programs_rewrite_it(typed, day):
    assert Day().clean(typed) == day


class CellTests(SimpleTestCase):
    def test_numbers_and_choices_are_read_as_programs_and_people_write_them(self):
        for typed in ("1992", "1,992", "1992.0", " 1992 "):
            self.assertEqual(Year().clean(typed), 1992)
        choice = Choice(RightToSue)
        for typed in (
            "court_narrow",
            "COURT NARROW",
            "Court-narrow",
            "For some rights",
        ):
            self.assertEqual(choice.clean(typed), "court_narrow")
        with self.assertRaisesMessage(ValueError, "“TRUE” is not allowed"):
            choice.clean("TRUE")
