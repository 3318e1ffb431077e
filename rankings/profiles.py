"""The contents of a state's page: questions, answers, and results by edition."""

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property

from core.memory import RANKINGS, memory
from rankings.meaning import Meaning
from rankings.models import Assessment, Citation
from rankings.scoring import (
    RIGHT_TO_SUE,
    SUABLE,
    Part,
    PartScore,
    Step,
    ways_up,
)
from rankings.standings import Standing, Standings

UNKNOWN = "Not established: we have found no statute or ruling that settles it."
NO_POINTS = "It adds no points until we do."
AS_RANGE = "Until we do, the points are a range: it could add up to {most}."
NOT_ASSESSED = "Our review of this question is not finished."
NOT_COUNTED = "This counts only if people can sue."


@dataclass(frozen=True)
class Answer:
    """A state's answer to one of the rubric's questions."""

    score: PartScore
    assessed: bool
    note: str
    citations: list[Citation]
    # Whether, under the rubric, an unknown fact makes the points a range.
    ranges: bool

    @property
    def part(self) -> Part:
        return self.score.part

    @property
    def value(self) -> str:
        return self.score.rule.value if self.score.rule else ""

    @property
    def verdict(self) -> str:
        if self.value:
            return self.part.choices(self.value).label
        if not self.assessed:
            return "Not yet assessed"
        return "Unknown" if self.score.counted else "Not counted"

    @property
    def meaning(self) -> str:
        if self.value and self.score.rule:
            meaning = f"{self.score.rule.meaning}."
            return meaning if self.score.counted else f"{meaning} {NOT_COUNTED}"
        if not self.assessed:
            return NOT_ASSESSED
        if not self.score.counted:
            return NOT_COUNTED
        most = self.score.part.most
        return f"{UNKNOWN} {AS_RANGE.format(most=most) if self.ranges else NO_POINTS}"

    @property
    def text(self) -> str:
        """The meaning and the note, to show next to the verdict.

        Leaves out a meaning that only repeats the verdict.
        """
        meaning = "" if self.meaning == f"{self.verdict}." else self.meaning
        return " ".join(filter(None, [meaning, self.note]))

    @property
    def has_points(self) -> bool:
        return self.assessed and self.score.counted

    @property
    def points(self) -> str:
        """The part's points, such as "5", or "0 to 10" if they are a range."""
        least, most = self.score.points, self.score.points_at_most
        return f"{least} to {most}" if self.ranges and most > least else str(least)

    @property
    def applies(self) -> bool:
        """Whether the question matters in the state.

        It matters if it counts for the score, or if our review hasn't reached it yet.
        Even if it doesn't count, because people can't sue in the state, it matters if
        there is an answer, note, or citation to show.
        """
        return bool(
            self.score.counted
            or not self.assessed
            or self.value
            or self.note
            or self.citations
        )

    @property
    def bar(self) -> float:
        """The width of the bar in the SVG meter: 118 for the most points possible."""
        return 118 * self.score.points / self.part.most


class Profile:
    """A state's standing, facts, and citations in one edition."""

    def __init__(self, standing: Standing, assessment: Assessment):
        self.standing = standing
        self.assessment = assessment
        self.citations = defaultdict(list)
        for citation in assessment.citations.all():
            self.citations[citation.part].append(citation)

    @cached_property
    def answers(self) -> list[Answer]:
        return [
            Answer(
                score,
                self.assessed_for(score.part),
                self.assessment.payer_note if score.part.field == "payer" else "",
                self.citations[score.part.field],
                self.standing.score.rubric.ranges,
            )
            for score in self.standing.score.parts
        ]

    @property
    def shown(self) -> list[Answer]:
        return [answer for answer in self.answers if answer.applies]

    @property
    def folded(self) -> list[Answer]:
        """The answers to questions that don't matter in the state."""
        return [answer for answer in self.answers if not answer.applies]

    @property
    def meaning(self) -> Meaning:
        return Meaning(self.standing.score.facts, self.standing.usps)

    def assessed_for(self, part: Part) -> bool:
        """Return whether our review of the state has reached this part's question."""
        facts = self.standing.score.facts
        if part is RIGHT_TO_SUE or not facts.right_to_sue:
            return bool(facts.right_to_sue)
        asked = part.field == "immunity" and facts.right_to_sue in SUABLE
        return bool(facts.immunity) if asked else True

    @property
    def local(self) -> list[Citation]:
        return self.citations[Citation.Part.LOCAL_EXCEPTION]

    @property
    def context(self) -> list[Citation]:
        return self.citations[Citation.Part.CONTEXT]

    @property
    def steps(self) -> list[Step]:
        return ways_up(self.standing.score.facts)


def read_profile(standings: Standings, usps: str) -> Profile:
    """Return the profile of one state, with all of the state's facts and citations."""

    def read() -> Assessment:
        assessments = standings.edition.assessments.prefetch_related("citations")
        return assessments.get(usps=usps)

    assessment = memory.get(RANKINGS, ("profile", standings.edition.pk, usps), read)
    return Profile(standings.by_usps[usps], assessment)


@dataclass(frozen=True)
class Place:
    """A state's result in an edition."""

    standings: Standings
    standing: Standing


def places(editions: list[Standings], usps: str) -> list[Place]:
    """Return the state's result in each of the editions that include the state."""
    return [
        Place(standings, standings.by_usps[usps])
        for standings in editions
        if usps in standings.by_usps
    ]
