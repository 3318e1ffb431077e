from django.core.exceptions import ValidationError
from django.test import SimpleTestCase

from rankings.importing.resource import COLUMNS, COMPUTED, OPTIONAL
from rankings.importing.upload import MAX_ERRORS, MAX_ROWS, check
from tests.rankings.files import read_states, write


class CheckTests(SimpleTestCase):
    def refusal(self, data):
        """Return the errors of a refused file; an empty list if it is accepted."""
        try:
            check(data, COLUMNS, OPTIONAL | COMPUTED)
        except ValidationError as error:
            return error.messages
        return []

    def edited(self, **cells):
        """Return a file with these cells in its third row."""
        rows = read_states()
        rows[1] |= cells
        return write(rows)

    def test_the_file_that_the_site_comes_with_is_taken(self):
        self.assertEqual(self.refusal(write(read_states())), [])

    def test_as_spreadsheet_programs_save_it(self):
        text = write(read_states()).decode()

        for data in (
            ("\ufeff" + text).encode(),
            text.replace("\r\n", "\n").encode(),
            (text + "\r\n\r\n").encode(),
        ):
            self.assertEqual(self.refusal(data), [])

    def test_utf_16_is_named(self):
        for encoding in ("utf-16", "utf-16-le", "utf-16-be"):
            said = self.refusal(write(read_states()).decode().encode(encoding))

            self.assertRegex(said[0], "^The file is UTF-16|^Row 1, cell 1: there")
            self.assertIn("Save it as “CSV UTF-8”", said[0])

    def test_latin_1_is_refused_with_the_row_and_column_of_its_first_odd_byte(self):
        rows = [{**row, "summary": "Plain."} for row in read_states()]
        rows[3]["summary"] = "Café."
        before, after = write(rows).decode().split("é")

        said = self.refusal(before.encode() + b"\xe9" + after.encode())

        self.assertEqual(
            said,
            [
                "Row 5, column summary: these bytes are not UTF-8. "
                "Save it as “CSV UTF-8” and choose it again."
            ],
        )

    def test_odd_bytes_in_the_header_are_refused(self):
        self.assertIn("Row 1, cell 2", self.refusal(b"usps,n\xe4me\nAL,Alabama\n")[0])

    def test_a_nul_is_refused_with_its_place(self):
        said = self.refusal(self.edited(payer_note="a\0b"))

        self.assertIn("Row 3, column payer_note: there is a NUL character", said[0])

    def test_an_empty_file_has_no_rows(self):
        for data in (b"", b"\n\n", b"usps,name\n", "\ufeff".encode()):
            self.assertEqual(
                self.refusal(data), ["The file has no rows below its header."]
            )

    def test_too_many_rows_are_counted(self):
        data = write(read_states() * 3)

        self.assertEqual(
            self.refusal(data),
            [
                "The file has 153 rows. Each state has one row; the limit is "
                f"{MAX_ROWS} rows."
            ],
        )

    def test_each_missing_column_is_named(self):
        columns = [each for each in read_states()[0] if each not in {"payer", "usps"}]

        self.assertEqual(
            self.refusal(write(read_states(), columns)),
            [
                "Row 1: the column payer is missing.",
                "Row 1: the column usps is missing.",
            ],
        )

    def test_a_column_that_is_misspelt_or_stands_twice_is_named(self):
        text = write(read_states()).decode()

        self.assertEqual(
            self.refusal(text.replace("payer_note", "payers_note", 1).encode()),
            [
                "Row 1: the column payer_note is missing.",
                "Row 1: the column payers_note is unknown. Is it misspelled?",
            ],
        )
        self.assertIn(
            "Row 1: the column payer appears 2 times.",
            self.refusal(text.replace("payer_note", "payer", 1).encode()),
        )
        self.assertIn(
            "Row 1: the column (blank) is unknown. Is it misspelled?",
            self.refusal(text.replace("\r\n", ",\r\n").encode()),
        )

    def test_a_row_with_other_cells_than_the_header_is_named(self):
        lines = write(read_states()).decode().split("\r\n")
        lines[2] += ",more"
        lines[4] = "AR,Arkansas"
        lines.insert(6, "")

        self.assertEqual(
            self.refusal("\r\n".join(lines).encode()),
            [
                "Row 3 has 19 cells, but the header has 18.",
                "Row 5 has 2 cells, but the header has 18.",
                "Row 7 is blank; delete it.",
            ],
        )

    def test_a_quotation_mark_that_is_never_closed_is_named(self):
        data = write(read_states()[:2]) + b'AR,"Arkansas\n'

        self.assertIn("Row 4 cannot be read", self.refusal(data)[0])
        self.assertIn("Is a quotation mark missing?", self.refusal(data)[0])

    def test_a_formula_is_refused_with_its_row_and_column(self):
        for cell, named in (
            ('=HYPERLINK("http://example.org")', "“=”"),
            ("+1", "“+”"),
            ("-1", "“-”"),
            ("@SUM(A1)", "“@”"),
            ("\t=1", "a tab"),
            ("\r=1", "a line break"),
        ):
            self.assertEqual(
                self.refusal(self.edited(summary=cell)),
                [
                    f"Row 3, column summary: begins with {named}, which spreadsheets "
                    "run as a formula. Begin with a word."
                ],
            )

    def test_what_is_computed_must_be_no_formula_either(self):
        rows = [row | {"points": "=1+1"} for row in read_states()[:1]]

        self.assertIn("Row 2, column points", self.refusal(write(rows))[0])

    def test_of_many_mistakes_the_first_are_named_and_the_rest_counted(self):
        rows = [row | {"summary": "=1"} for row in read_states()]

        said = self.refusal(write(rows))

        self.assertEqual(len(said), MAX_ERRORS + 1)
        self.assertEqual(said[-1], "… and 31 more.")

    def test_a_megabyte_of_nonsense_is_refused_soon(self):
        for data in (b"," * 900_000, b'"' * 900_000, b"a" * 900_000, b"\n" * 900_000):
            self.assertTrue(self.refusal(data + b"\nx"))
