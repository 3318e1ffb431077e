"""A state's share card, which shows the state's result in the current edition."""

from cards.draw import Face
from cards.models import Card
from rankings import scoring
from rankings.models import Assessment, Edition


def current_assessment(usps: str) -> Assessment | None:
    current = Edition.objects.current()
    if current is None:
        return None
    assessments = current.assessments.select_related("edition")
    return assessments.filter(usps=usps).first()


def face_of(assessment: Assessment) -> Face:
    score = assessment.edition.score(assessment)
    points = f"{score.range_words} of {scoring.MAX_POINTS} points"
    provisional = "; the grade is provisional" if score.provisional else ""
    return Face(
        words=assessment.name,
        name=points + provisional if score.assessed else "Not yet assessed",
        where="Can you sue under its own law over your rights?",
        number=f"State rankings, {assessment.edition.date:%B %Y}",
        badge=score.letter or "",
    )


def card_of(assessment: Assessment) -> bytes:
    """Return the share card of the assessment's state as an image.

    Raises Busy if too many cards are being drawn. Editions are never unpublished, so no
    row needs a lock while the card is drawn.
    """
    face = face_of(assessment)
    key = f"rankings/{assessment.slug}"
    # The card is never None, because the face isn't.
    return Card.objects.get_or_draw(key, face, lambda: face)  # type: ignore[return-value]
