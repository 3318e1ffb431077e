"""QR codes as SVG paths, which need no inline styles."""

from functools import cache
from itertools import groupby
from typing import NamedTuple

from qrcode import QRCode  # type: ignore[import-untyped]
from qrcode.constants import ERROR_CORRECT_M  # type: ignore[import-untyped]


class Code(NamedTuple):
    """A square of `size` units and its dark cells as a path; scanners need a margin."""

    size: int
    path: str


@cache
def qr_code(text: str) -> Code:
    code = QRCode(error_correction=ERROR_CORRECT_M, border=0)
    code.add_data(text)
    rows = code.get_matrix()
    return Code(len(rows), "".join(path_of(y, row) for y, row in enumerate(rows)))


def path_of(y: int, row: list[bool]) -> str:
    """Return the dark runs of a row, each as a rectangle one unit high."""
    x, path = 0, ""
    for dark, cells in groupby(row):
        length = len(list(cells))
        if dark:
            path += f"M{x} {y}h{length}v1h-{length}z"
        x += length
    return path
