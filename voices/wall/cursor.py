"""The paging cursor: a voice's place in the wall's order, as a URL parameter."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
BIGGEST_ID = 2**63 - 1


def encode(wall_order: datetime, pk: int) -> str:
    """Return the cursor for a place. It works even after the voice there is gone."""
    place = f"{(wall_order - EPOCH) // MICROSECOND}.{pk}"
    return urlsafe_b64encode(place.encode()).decode().rstrip("=")


def decode(cursor: str) -> tuple[datetime, int]:
    """Return the `wall_order` and ID that a cursor encodes.

    Raises ValueError for anything that isn't a valid cursor.
    """
    try:
        text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        microseconds, pk = text.split(".")
        if not (microseconds.isdecimal() and pk.isdecimal()):
            raise ValueError(text)
        wall_order = EPOCH + int(microseconds) * MICROSECOND
    except (ValueError, OverflowError) as error:
        raise ValueError(f"Not a cursor: {cursor!r}") from error
    if int(pk) > BIGGEST_ID:
        raise ValueError(f"Not a cursor: {cursor!r}")
    return wall_order, int(pk)
