"""The paging cursor: a voice's position in the wall's order, as a URL parameter."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from core.ids import BIGGEST_ID

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
POSITION = re.compile(r"(\d+)\.(\d+)(\.f)?", re.ASCII)


class Position(NamedTuple):
    """The position of a voice in the wall's order.

    `pk` is the voice's ID. If `featured`, the position is among the featured voices
    that the sort order "featured" lists first, and `moment` is the voice's
    `featured_at`. Otherwise, `moment` is the voice's `wall_order`.
    """

    moment: datetime
    pk: int
    featured: bool = False


def encode(position: Position) -> str:
    """Return a position's cursor, which still works after the voice is removed."""
    text = f"{(position.moment - EPOCH) // MICROSECOND}.{position.pk}"
    text += ".f" if position.featured else ""
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode(cursor: str) -> Position:
    """Return the position that a cursor encodes.

    Raises ValueError for anything that isn't a valid cursor.
    """
    try:
        text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        match = POSITION.fullmatch(text)
        if match is None:
            raise ValueError(text)
        moment = EPOCH + int(match[1]) * MICROSECOND
        position = Position(moment, int(match[2]), featured=bool(match[3]))
    except (ValueError, OverflowError) as error:
        raise ValueError(f"Not a cursor: {cursor!r}") from error
    if position.pk > BIGGEST_ID:
        raise ValueError(f"Not a cursor: {cursor!r}")
    return position
