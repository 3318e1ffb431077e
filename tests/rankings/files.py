"""CSV files for import tests."""

import csv
from io import StringIO
from pathlib import Path

from django.core.files.uploadedfile import SimpleUploadedFile

STATES = Path(__file__).parents[2] / "rankings" / "data" / "states.csv"


def read_states():
    """Return the rows of rankings/data/."""
    return read(STATES.read_text())


def edited(usps, **cells):
    """Return the rows of rankings/data/, one of them edited."""
    return [row | cells if row["usps"] == usps else row for row in read_states()]


def read(text):
    return list(csv.DictReader(StringIO(text, newline="")))


def write(rows, columns=None):
    """Return the rows as a file's bytes."""
    text = StringIO()
    writer = csv.DictWriter(text, columns or list(rows[0]), extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def as_file(data, name="states.csv"):
    return SimpleUploadedFile(name, data, "text/csv")
