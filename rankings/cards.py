"""What the share card of a state says: how it stands in the current edition."""

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
    score = scoring.score(assessment.facts)
    letter = score.letter or ""
    return Face(
        words=assessment.name,
        name=f"{score.points} of {scoring.MOST_POINTS} points"
        if letter
        else "Not yet assessed",
        where="How well does its law protect your rights?",
        number=f"State rankings, {assessment.edition.date:%B %Y}",
        badge=letter,
    )


def card_of(assessment: Assessment) -> bytes:
    """Return the state's picture; raises Busy.

    Editions are not taken back, so nothing has to be locked while it is drawn.
    """
    face = face_of(assessment)
    key = f"rankings/{assessment.slug}"
    # There is always a face, and so a picture.
    return Card.objects.get_or_draw(key, face, lambda: face)  # type: ignore[return-value]
