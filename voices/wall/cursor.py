"""The paging cursor: a voice's place in the wall's order, as a URL parameter."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
BIGGEST_ID = 2**63 - 1
PLACE = re.compile(r"(\d+)\.(\d+)(\.f)?", re.ASCII)


class Place(NamedTuple):
    """A place in the wall's order.

    If `featured`, the place is among the featured voices, which come first on request,
    and `moment` is the voice's `featured_at`. Otherwise, it is the `wall_order`.
    """

    moment: datetime
    pk: int
    featured: bool = False


def encode(place: Place) -> str:
    """Return the cursor for a place. It works even after the voice there is gone."""
    text = f"{(place.moment - EPOCH) // MICROSECOND}.{place.pk}"
    text += ".f" if place.featured else ""
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode(cursor: str) -> Place:
    """Return the place that a cursor encodes.

    Raises ValueError for anything that isn't a valid cursor.
    """
    try:
        text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        match = PLACE.fullmatch(text)
        if match is None:
            raise ValueError(text)
        moment = EPOCH + int(match[1]) * MICROSECOND
        place = Place(moment, int(match[2]), featured=bool(match[3]))
    except (ValueError, OverflowError) as error:
        raise ValueError(f"Not a cursor: {cursor!r}") from error
    if place.pk > BIGGEST_ID:
        raise ValueError(f"Not a cursor: {cursor!r}")
    return place
