"""Draw a case's share card, which other sites show next to a link to the case."""

from cards.draw import Face
from cards.letters import readable
from cards.models import Card
from faq.cases.models import Case


def face_of(case: Case) -> Face:
    return Face(
        words=readable(case.summary) or readable(case.title) or "A case",
        outcome=readable(case.outcome_sentence),
        name=readable(case.who),
        where=readable(f"{case.title} · {case.where}, {case.when}"),
        number="Cases",
    )


def card_of(case: Case) -> bytes | None:
    """Return the card as a PNG, or None if the case is no longer public.

    Raises Busy if too many cards are already being drawn.
    """

    def current_face() -> Face | None:
        locked = Case.objects.public().select_for_update(no_key=True)
        current = locked.filter(pk=case.pk).first()
        return face_of(current) if current else None

    # Triggers on the table of `Case` delete the stored card by this key.
    return Card.objects.get_or_draw(f"cases/{case.slug}", face_of(case), current_face)
