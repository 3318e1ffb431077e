"""Draw voices' share cards: the images that other sites show next to a link."""

from functools import partial
from itertools import batched
from typing import Any

from procrastinate.contrib.django import app

from cards.draw import Face
from cards.letters import readable
from cards.models import Card
from voices.wall.models import Voice

DRAW_CARDS = "voices.draw_cards"
# A job draws at most this many cards, at 100 ms of CPU time each, so that the jobs
# after it, such as purges of the HTTP cache, don't wait long.
CARDS_IN_A_JOB = 50
# Shown instead of a statement whose letters the card's font lacks.
UNREADABLE = "One more voice against qualified immunity"


def face_of(voice: Voice) -> Face:
    words = readable(voice.statement)
    where = [readable(voice.profession), readable(voice.place_in_full)]
    return Face(
        words=words or UNREADABLE,
        name=readable(voice.name),
        where=", ".join(filter(None, where)),
        number=note_of(voice),
        quoted=bool(words),
    )


def note_of(voice: Voice) -> str:
    """Return a founding voice's number, or any other voice's day of publication."""
    if voice.founding_number:
        return f"Founding voice No. {voice.founding_number}"
    return voice.day


def key_of(pk: int) -> str:
    """Return the card's key, by which the triggers of `Voice` delete the card."""
    return f"voices/{pk}"


def current_face(pk: int) -> Face | None:
    """Lock a voice; return its card's content, or None if it isn't on the wall."""
    locked = Voice.objects.on_the_wall().select_for_update(no_key=True)
    voice = locked.filter(pk=pk).first()
    return face_of(voice) if voice else None


def card_of(voice: Voice) -> bytes | None:
    """Return the card as a PNG, or None if the voice isn't on the wall.

    Raises Busy if the card isn't stored and too many cards are being drawn.
    """
    return Card.objects.get_or_draw(
        key_of(voice.pk), face_of(voice), partial(current_face, voice.pk)
    )


def queue_cards(ids: list[int]) -> None:
    """Queue jobs that draw these voices' cards; any number of jobs is one statement."""
    some_each = batched(ids, CARDS_IN_A_JOB, strict=False)
    jobs: list[Any] = [{"voice_ids": [*some]} for some in some_each]
    if jobs:
        app.configure_task(DRAW_CARDS).batch_defer(*jobs)


def draw_cards(ids: list[int]) -> None:
    """Draw the cards that these voices lack; skip voices that aren't on the wall."""
    for pk in ids:
        Card.objects.draw(key_of(pk), partial(current_face, pk))
