"""The quotations and figures of each text in faq/content/, recorded in told.csv.

A revision of the English changes words.csv but none of these: a quotation stays word
for word, and a figure stays the same.
"""

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from faq.fixtures.read import FOLDER, KINDS, read_file, read_front

FILE = Path(__file__).parent / "told.csv"
QUOTATION = re.compile(r"“([^“”]+)”")
FIGURE = re.compile(r"\d+(?:[.,]\d+)*")
LINK = re.compile(r"\]\([^)]*\)|https?://\S+|\[\^[^\]]*\]")


class Row(NamedTuple):
    text: str
    what: str
    words: str


def told(words: str) -> Iterator[tuple[str, str]]:
    words = LINK.sub("]", words)
    for quotation in sorted(set(QUOTATION.findall(words))):
        yield "quotation", quotation
    yield "figures", " ".join(sorted(set(FIGURE.findall(words))))


def read(folder: Path = FOLDER) -> Iterator[Row]:
    """Yield the rows of each file; needs no database."""
    for kind in KINDS:
        for path in sorted((folder / kind.folder).glob("*.md")):
            file = read_file(path)
            text = kind.model(**read_front(file, kind), **{kind.body: file.body})
            words = "\n".join(map(str, text.words_read()))
            for what, found in told(words):
                yield Row(f"{kind.folder}/{path.stem}", what, found)


def recorded() -> list[Row]:
    with FILE.open(newline="", encoding="utf-8") as file:
        return [Row(**row) for row in csv.DictReader(file)]


def record() -> None:
    with FILE.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([Row._fields, *read()])
