"""The shapes of the states on the map, and the positions of their grades."""

import csv
import re
from dataclasses import dataclass
from pathlib import Path

DATA = Path(__file__).parent / "data"
SHAPE = re.compile(r'<path id="([A-Z]{2})" d="([^"]+)">')
# A small state's grade is in a square next to the state. If several squares form a
# column, each square has the state's code to the left.
SQUARE = 24
LETTER_ABOVE_SQUARE = 5.5
CODE_LEFT_OF_SQUARE = 29


@dataclass(frozen=True)
class Shape:
    """A state on the map. The bottom center of the state's grade is at x and y."""

    path: str
    x: float
    y: float
    # Whether the grade is in a square next to the shape.
    beside: bool
    # Whether the square is in a column of squares, which have codes to the left.
    coded: bool

    @property
    def square_x(self) -> float:
        return self.x - SQUARE / 2

    @property
    def square_y(self) -> float:
        return self.y - LETTER_ABOVE_SQUARE - SQUARE / 2

    @property
    def code_x(self) -> float:
        return self.x - CODE_LEFT_OF_SQUARE

    @property
    def code_y(self) -> float:
        return self.y - 0.5


def read(name: str) -> dict[str, dict[str, str]]:
    with (DATA / name).open(newline="", encoding="utf-8") as file:
        return {row["code"]: row for row in csv.DictReader(file)}


def read_shapes() -> dict[str, Shape]:
    """Read the shapes from the data files; return them by state code."""
    paths = dict(SHAPE.findall((DATA / "us-states.svg").read_text(encoding="utf-8")))
    labels = read("map-labels.csv")
    beside = {
        code: float(label["x"])
        for code, label in labels.items()
        if label["placement"] == "callout"
    }
    columns = list(beside.values())
    return {
        code: Shape(
            path=paths[code],
            x=float(label["x"]),
            y=float(label["y"]),
            beside=code in beside,
            coded=columns.count(beside.get(code, 0.0)) > 1,
        )
        for code, label in labels.items()
    }


SHAPES = read_shapes()
