"""Compare a draft with the current edition, to show what publishing would change."""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from django.db.models import Field

from rankings import scoring
from rankings.models import Assessment, Edition
from rankings.standings import Standings
from rankings.states import JURISDICTIONS

COMPARED = [
    field
    for field in Assessment._meta.concrete_fields
    if field.name not in {"id", "edition", "usps", "reason", "edited_at", "edited_by"}
]
# The citation fields that are compared between editions.
CITATION = ["part", "position", "text", "address"]


@dataclass(frozen=True)
class Result:
    """A state's result in an edition: the values that are compared between editions."""

    rank: int | None
    tied: bool
    letter: str | None
    # For example "50 to 60"; "" if the state is not assessed.
    points: str
    provisional: bool
    group: int

    @property
    def assessed(self) -> bool:
        return self.rank is not None


@dataclass(frozen=True)
class Move:
    """A state whose result or facts differ between two editions.

    `before` is None if the earlier edition lacks the state, and `after` is None if the
    later edition lacks the state. `changed` names the facts that differ; "citations" is
    one of the names if the citations differ.
    """

    usps: str
    before: Result | None
    after: Result | None
    changed: list[str]

    @property
    def name(self) -> str:
        return JURISDICTIONS[self.usps]

    @property
    def is_own(self) -> bool:
        """Whether the facts or citations differ, or one edition lacks the state."""
        return bool(self.changed) or None in {self.before, self.after}


def in_words(score: scoring.Score) -> str:
    if not score.assessed:
        return "Not assessed"
    provisional = " (provisional)" if score.provisional else ""
    return f"{score.letter}{provisional}, {score.range_words} points"


def results(edition: Edition, assessments: Iterable[Assessment]) -> dict[str, Result]:
    return {
        usps: Result(
            at.rank,
            at.tied,
            at.letter,
            at.score.range_words,
            at.score.provisional,
            at.score.group,
        )
        for usps, at in Standings(edition, assessments).by_usps.items()
    }


def read(edition: Edition | None) -> dict[str, Assessment]:
    if edition is None:
        return {}
    found = edition.assessments.prefetch_related("citations")
    return {assessment.usps: assessment for assessment in found}


def moves(before: Edition | None, after: Edition) -> list[Move]:
    """Return the states whose result or facts differ between the editions.

    First come the states whose own facts or citations differ (`is_own`), then the
    states whose result differs only because of other states or the rubric. Both kinds
    are sorted by name.
    """
    old, new = read(before), read(after)
    was = results(before, old.values()) if before else {}
    now = results(after, new.values())
    found = [
        Move(usps, was.get(usps), now.get(usps), changes(old, new, usps))
        for usps in JURISDICTIONS
        if usps in old or usps in new
    ]
    moved = [move for move in found if move.changed or move.before != move.after]
    return sorted(moved, key=lambda move: (not move.is_own, move.name))


def changes(
    old: dict[str, Assessment], new: dict[str, Assessment], usps: str
) -> list[str]:
    """Return the verbose names of the facts that differ.

    Adds "citations" if the state's citations differ.
    Return [] if either edition lacks the state.
    """
    if usps not in old or usps not in new:
        return []
    before, after = old[usps], new[usps]
    names = [str(field.verbose_name) for field in differing(before, after)]
    return names + (["citations"] if quoted(before) != quoted(after) else [])


def differing(before: Assessment, after: Assessment) -> list[Field]:
    """Return the fields in COMPARED whose values differ."""
    return [
        field
        for field in COMPARED
        if field.value_from_object(before) != field.value_from_object(after)
    ]


def quoted(assessment: Assessment) -> list[tuple]:
    return [
        tuple(getattr(citation, name) for name in CITATION)
        for citation in assessment.citations.all()
    ]


def checksum(before: Edition | None, after: Edition) -> str:
    """Return a hash that changes if the comparison on the publish page would change.

    It covers the draft's date, facts, and citations, and which edition is current.
    """
    said = [
        (usps, [field.value_from_object(each) for field in COMPARED], quoted(each))
        for usps, each in sorted(read(after).items())
    ]
    seen = repr([before and before.pk, after.pk, after.date, said])
    return sha256(seen.encode()).hexdigest()
