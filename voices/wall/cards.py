"""Draw the share cards of voices."""

from functools import partial

from procrastinate.contrib.django import app

from cards.draw import Face
from cards.letters import readable
from cards.models import Card
from voices.wall.models import Voice

DRAW_CARDS = "voices.draw_cards"
# Shown instead of a statement whose writing system the card's font lacks.
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
    """Return the card's key. The triggers of `Voice` delete the card by this key."""
    return f"voices/{pk}"


def current_face(pk: int) -> Face | None:
    """Lock a voice; return its card's content, or None if it isn't on the wall."""
    locked = Voice.objects.on_the_wall().select_for_update(no_key=True)
    voice = locked.filter(pk=pk).first()
    return face_of(voice) if voice else None


def card_of(voice: Voice) -> bytes | None:
    """Return the card as a PNG, or None if the voice isn't on the wall. Raises Busy."""
    return Card.objects.get_or_draw(
        key_of(voice.pk), face_of(voice), partial(current_face, voice.pk)
    )


def queue_cards(ids: list[int]) -> None:
    """Queue the drawing of these voices' cards."""
    app.configure_task(DRAW_CARDS).defer(voice_ids=[*ids])


def draw_cards(ids: list[int]) -> None:
    """Draw these voices' cards if missing; skip voices that aren't on the wall."""
    for pk in ids:
        Card.objects.draw(key_of(pk), partial(current_face, pk))
