"""Share cards, drawn once and kept until what they show changes."""

from collections.abc import Callable

from django.db import OperationalError, connection, models, transaction
from django.db.models.functions import Now
from psycopg.errors import LockNotAvailable

from cards.draw import Face, draw
from core.locks import CARD_DRAWING, take_turns

LONGEST_WAIT_MS = 3000


class Busy(Exception):
    """Too many cards are being drawn; this one may be asked for again in a while."""


class CardQuerySet(models.QuerySet):
    def stored(self, key: str, face: Face) -> bytes | None:
        """Return the picture under `key` if it still shows this."""
        found = self.filter(key=key, digest=face.digest)
        return found.values_list("png", flat=True).first()

    def get_or_draw(
        self, key: str, face: Face, standing: Callable[[], Face | None]
    ) -> bytes | None:
        """Return the picture, drawn and stored if need be; raises Busy.

        `standing` locks the row that the card is about and returns its face as it is
        then, or None if the public may no longer see it: then nothing is drawn and
        None returned. While the row is locked nobody can take back what is drawn, and
        whoever waits to do so deletes the card with it.
        """
        return self.stored(key, face) or self.draw(key, standing)

    @transaction.atomic
    def draw(self, key: str, standing: Callable[[], Face | None]) -> bytes | None:
        take_turn()
        face = standing()
        if face is None:
            return None
        if png := self.stored(key, face):
            return png
        png = draw(face)
        self.update_or_create(
            key=key, defaults={"digest": face.digest, "png": png, "drawn_at": Now()}
        )
        return png


def take_turn() -> None:
    """Wait until nobody else draws, for drawing takes a core for a tenth of a second.

    Raises Busy when the turn does not come soon.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{LONGEST_WAIT_MS}ms'")
            take_turns(CARD_DRAWING)
            cursor.execute("SET LOCAL lock_timeout TO DEFAULT")
    except OperationalError as error:
        if isinstance(error.__cause__, LockNotAvailable):
            raise Busy from error
        raise


class Card(models.Model):
    """A picture of what some page is about.

    Each app names its own cards, as `voices/12`, and sees to it that they go with what
    they show.
    """

    key = models.CharField(max_length=200, unique=True)
    # Of what the card says and how it is drawn.
    digest = models.CharField(max_length=64)
    png = models.BinaryField()
    drawn_at = models.DateTimeField(db_default=Now())

    objects = CardQuerySet.as_manager()

    class Meta:
        ordering = ["key"]

    def __str__(self):
        return self.key
