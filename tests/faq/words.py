"""The words of the texts in faq/content/ as recorded in words.csv, one hash each.

So that nobody changes what readers read without changing the date beside it.
"""

import csv
import datetime
import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from faq.fixtures.read import FOLDER, KINDS, read_file, read_front

FILE = Path(__file__).parent / "words.csv"


class Row(NamedTuple):
    text: str
    updated: str
    words: str


def read(folder: Path = FOLDER) -> Iterator[Row]:
    """Yield a row for each file; needs no database."""
    for kind in KINDS:
        for path in sorted((folder / kind.folder).glob("*.md")):
            file = read_file(path)
            front = read_front(file, kind)
            text = kind.model(**front, **{kind.body: file.body})
            words = json.dumps(text.words_read()).encode()
            name = f"{kind.folder}/{path.stem}"
            yield Row(name, str(text.updated), sha256(words).hexdigest()[:16])


def recorded() -> list[Row]:
    with FILE.open(newline="", encoding="utf-8") as file:
        return [Row(**row) for row in csv.DictReader(file)]


def undated(rows: list[Row], before: list[Row]) -> list[str]:
    """Return the texts with other words than before, but no later date."""
    old = {row.text: row for row in before}
    return [
        row.text
        for row in rows
        if row.text in old
        and row.words != old[row.text].words
        and row.updated <= old[row.text].updated
    ]


def record() -> None:
    """Write the file; raises ValueError if a text needs a later date first."""
    rows = list(read())
    # Two changes in one day have the same date.
    today = str(datetime.datetime.now().astimezone().date())
    names = undated([row for row in rows if row.updated != today], recorded())
    if names:
        raise ValueError(f"Their words changed, so set `updated`: {', '.join(names)}.")
    with FILE.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([Row._fields, *rows])
