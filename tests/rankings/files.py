"""CSV files for import tests."""

import csv
from io import StringIO
from pathlib import Path
from unittest import mock

from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command

from rankings.loading.files import EDITIONS
from rankings.management.commands import load_rankings

STATES = Path(__file__).parents[2] / "rankings" / "data" / "edition-2" / "states.csv"


def load_second_edition():
    """Load and publish the second edition alone."""
    with mock.patch.object(load_rankings, "EDITIONS", EDITIONS[1:]):
        call_command("load_rankings", stdout=StringIO())


def read_states():
    """Return the rows of the second edition."""
    return read(STATES.read_text())


def edited(usps, **cells):
    """Return the rows of the second edition, one of them edited."""
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
