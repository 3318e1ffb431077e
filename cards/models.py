"""Stored share cards, redrawn only when their content or the drawing code changes."""

from collections.abc import Callable

from django.db import OperationalError, connection, models, transaction
from django.db.models.functions import Now
from psycopg.errors import LockNotAvailable

from cards.draw import Face, draw
from core.locks import CARD_DRAWING, lock_site

LONGEST_WAIT_MS = 3000


class Busy(Exception):
    """Too many cards are being drawn; the client should retry later."""


class CardQuerySet(models.QuerySet):
    def stored(self, key: str, face: Face) -> bytes | None:
        """Return the image stored under `key` if it shows `face`, else None."""
        found = self.filter(key=key, digest=face.digest)
        return found.values_list("png", flat=True).first()

    def get_or_draw(
        self, key: str, face: Face, current_face: Callable[[], Face | None]
    ) -> bytes | None:
        """Return the stored image, or draw and store a new image. Raises Busy.

        If a card must be drawn, `current_face` is called for the face to draw. If the
        content is no longer public, `current_face` must return None, and this method
        returns None. For content that can be withdrawn, such as a voice, `current_face`
        must also lock the content's row.

        The row lock prevents a race. The content can't be withdrawn while its card is
        being drawn. A withdrawal that waits for the lock deletes the card afterward.
        """
        return self.stored(key, face) or self.draw(key, current_face)

    @transaction.atomic
    def draw(self, key: str, current_face: Callable[[], Face | None]) -> bytes | None:
        lock_drawing()
        face = current_face()
        if face is None:
            return None
        if png := self.stored(key, face):
            return png
        png = draw(face)
        self.update_or_create(
            key=key, defaults={"digest": face.digest, "png": png, "drawn_at": Now()}
        )
        return png


def lock_drawing() -> None:
    """Let no other transaction draw a card until this transaction ends.

    Drawing a card takes 100 ms of CPU time. Raises Busy after waiting LONGEST_WAIT_MS
    for the lock.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{LONGEST_WAIT_MS}ms'")
            lock_site(CARD_DRAWING)
            cursor.execute("SET LOCAL lock_timeout TO DEFAULT")
    except OperationalError as error:
        if isinstance(error.__cause__, LockNotAvailable):
            raise Busy from error
        raise


class Card(models.Model):
    """A stored share card: the image that other sites show next to a link to a page.

    Each app chooses the keys of its cards, such as `voices/12`. The app must
    delete a card when the content that the card shows is no longer public.
    """

    key = models.CharField(max_length=200, unique=True)
    # The digest of the card's face (Face.digest).
    digest = models.CharField(max_length=64)
    png = models.BinaryField()
    drawn_at = models.DateTimeField(db_default=Now())

    objects = CardQuerySet.as_manager()

    class Meta:
        ordering = ["key"]

    def __str__(self) -> str:
        return self.key
