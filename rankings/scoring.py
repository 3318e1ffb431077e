"""The rubric: how many points each fact about a state gives, and how they are summed.

Scores depend only on the facts and the version of the rubric. They are never stored,
and no function here uses the database. The methodology page prints `PARTS`, `LETTERS`,
and `GROUPS`, so the page always agrees with the scores.

The rubric has several versions, which all use the table `PARTS`. `RUBRICS` says how the
versions differ and which editions of the rankings use which version.
"""

import datetime
from collections import Counter
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

from django.db.models import TextChoices


class RightToSue(TextChoices):
    STATUTE = "statute", "Yes, under a statute"
    COURT = "court", "Yes, by court ruling"
    COURT_NARROW = "court_narrow", "For some rights"
    UNCLEAR = "unclear", "Not settled"
    NONE = "none", "No"


class Immunity(TextChoices):
    BARRED = "barred", "Barred"
    LIMITED = "limited", "Limited"
    UNCLEAR = "unclear", "Not settled"
    APPLIES = "applies", "Applies"
    CODIFIED = "codified", "Written into statute"


class Covers(TextChoices):
    ALL = "all", "Officials of every kind"
    POLICE = "police", "Police only"
    ENTITY = "entity", "Government body only or mainly"
    NARROW = "narrow", "Certain rights or an extra element"


class Payer(TextChoices):
    EMPLOYER = "employer", "The government body"
    OFFICER_IN_PART = "officer_in_part", "The government body and, in part, the officer"


@dataclass(frozen=True)
class Rubric:
    """A version of the rubric, for editions dated `since` or later.

    An edition uses the newest version whose `since` is on or before the edition's date.
    A published edition keeps the same version, because its date can't change.
    """

    number: int
    since: datetime.date
    # Whether the points are a range if reach or payer is not established.
    ranges: bool
    # The default sort order of the rankings table.
    order: str
    # Sentences that tell readers what changed from the previous rubric.
    news: tuple[str, ...] = ()


FIRST = Rubric(1, datetime.date.min, ranges=False, order="group")
SECOND = Rubric(
    2,
    datetime.date(2026, 11, 27),
    ranges=True,
    order="rank",
    news=(
        "Where we have not established whom the suit reaches or who pays, the points "
        "are a range. The grade is provisional if it would be better at the top of "
        "that range.",
        "States with the same rule get the same points. Michigan and North Carolina "
        "were scored differently for the same rule.",
        "The table is sorted by points. The group is a label, and you can still sort "
        "by it.",
        "Damage caps, fees, deadlines, and notice rules are not scored. Our "
        "methodology now says so, and so does the page of each state where we know "
        "of one.",
        "Each state shows the day we last read its sources.",
    ),
)
# Newest first.
RUBRICS = (SECOND, FIRST)


def rubric_of(day: datetime.date) -> Rubric:
    """Return the rubric for an edition with the date `day`."""
    return next(rubric for rubric in RUBRICS if day >= rubric.since)


@dataclass(frozen=True)
class Facts:
    """The facts about a state that the rubric scores; "" means not established."""

    right_to_sue: str = ""
    immunity: str = ""
    covers: str = ""
    payer: str = ""


@dataclass(frozen=True)
class Rule:
    """One row of the rubric: a fact's value, with the value's meaning and points."""

    value: str
    meaning: str
    points: int
    # Whether the rule is for statutes with an extra element (`covers` is `narrow`).
    narrow: bool = False


@dataclass(frozen=True)
class Part:
    """One of the rubric's four parts; each scores one fact."""

    letter: str
    field: str
    name: str
    question: str
    choices: type[TextChoices]
    rules: tuple[Rule, ...]

    @property
    def most(self) -> int:
        return max(rule.points for rule in self.rules)

    def rule(self, facts: Facts) -> Rule | None:
        """Return this part's rule for the facts.

        If the part's fact is missing, return UNKNOWN for parts that have this rule, and
        None for other parts.
        """
        value = getattr(facts, self.field)
        narrow = value == RightToSue.STATUTE and facts.covers == Covers.NARROW
        return next(
            (
                rule
                for rule in self.rules
                if rule.value == value and rule.narrow == narrow
            ),
            None,
        )


UNKNOWN = Rule("", "Not established; shown as “unknown”", 0)

PARTS = (
    Part(
        "A",
        "right_to_sue",
        "Right to sue",
        "Can you sue under state law?",
        RightToSue,
        (
            Rule(RightToSue.STATUTE, "A civil rights statute allows the suit", 40),
            Rule(
                RightToSue.STATUTE,
                "The statute needs an extra element, such as threats or coercion",
                20,
                narrow=True,
            ),
            Rule(
                RightToSue.COURT, "Courts allow the suit for state rights generally", 30
            ),
            Rule(
                RightToSue.COURT_NARROW,
                "Courts allow it only for certain named rights",
                20,
            ),
            Rule(
                RightToSue.UNCLEAR,
                "Courts left the door open, or only a lower court has ruled",
                5,
            ),
            Rule(RightToSue.NONE, "No such suit", 0),
        ),
    ),
    Part(
        "B",
        "immunity",
        "Immunity",
        "Does an immunity stand in the way?",
        Immunity,
        (
            Rule(
                Immunity.BARRED,
                "A statute or court rejects immunity for this claim",
                40,
            ),
            Rule(Immunity.LIMITED, "Immunity is partly removed", 20),
            Rule(Immunity.UNCLEAR, "Not settled statewide", 10),
            Rule(Immunity.APPLIES, "Courts apply it", 0),
            Rule(Immunity.CODIFIED, "The legislature wrote it into statute", 0),
        ),
    ),
    Part(
        "C",
        "covers",
        "Reach",
        "Whom does the suit reach?",
        Covers,
        (
            Rule(Covers.ALL, "Officials of every kind", 10),
            Rule(Covers.POLICE, "Police only", 5),
            Rule(Covers.ENTITY, "Government body only or mainly", 5),
            Rule(Covers.NARROW, "Certain rights or an extra element", 5),
            UNKNOWN,
        ),
    ),
    Part(
        "D",
        "payer",
        "Who pays",
        "Who pays when the suit is won?",
        Payer,
        (
            Rule(Payer.EMPLOYER, "The government body is liable or must indemnify", 10),
            Rule(
                Payer.OFFICER_IN_PART,
                "The government body must indemnify, and the officer may owe a share",
                10,
            ),
            UNKNOWN,
        ),
    ),
)
RIGHT_TO_SUE = PARTS[0]
MAX_POINTS = sum(part.most for part in PARTS)

# The values of `right_to_sue` that mean that people can sue. Parts B to D count only
# for states with one of these values.
SUABLE = (RightToSue.STATUTE, RightToSue.COURT, RightToSue.COURT_NARROW)


@dataclass(frozen=True)
class Letter:
    letter: str
    least: int
    most: int
    words: str


LETTERS = (
    Letter("A", 90, 100, "Full path to court"),
    Letter("B", 60, 89, "Strong path"),
    Letter("C", 40, 59, "Partial path"),
    Letter("D", 20, 39, "Narrow path"),
    Letter("F", 0, 19, "No suit recognized today"),
)

GROUPS = {
    1: "You can sue; immunity barred",
    2: "You can sue; immunity limited",
    3: "You can sue; immunity applies or is unclear",
    4: "No suit yet; door left open",
    5: "No suit",
    6: "Not yet assessed",
}
NOT_ASSESSED = 6
GROUP_OF_IMMUNITY = {Immunity.BARRED: 1, Immunity.LIMITED: 2}


@dataclass(frozen=True)
class PartScore:
    """The score of one part. `rule` is UNKNOWN or None if the fact is missing."""

    part: Part
    rule: Rule | None
    counted: bool

    @property
    def points(self) -> int:
        return self.rule.points if self.rule and self.counted else 0

    @property
    def points_at_most(self) -> int:
        """The points or, if the fact is unknown, the most that the part could give."""
        unknown = self.counted and self.rule is UNKNOWN
        return self.part.most if unknown else self.points


@dataclass(frozen=True)
class Score:
    """A state's score. `points` is None if the state is not assessed."""

    facts: Facts
    group: int
    parts: tuple[PartScore, ...]
    rubric: Rubric

    @property
    def assessed(self) -> bool:
        return self.group != NOT_ASSESSED

    @cached_property
    def points(self) -> int | None:
        return sum(part.points for part in self.parts) if self.assessed else None

    @cached_property
    def points_at_most(self) -> int | None:
        """The points if every unknown fact turned out to give the most points.

        None if the state is not assessed, or if the rubric has no ranges.
        """
        if not self.assessed or not self.rubric.ranges:
            return None
        return sum(part.points_at_most for part in self.parts)

    @cached_property
    def letter(self) -> str | None:
        return letter(self.points)

    @property
    def letter_at_most(self) -> str | None:
        return letter(self.points_at_most)

    @property
    def provisional(self) -> bool:
        """Whether the grade would be better at the top of the points range."""
        return self.letter_at_most not in {None, self.letter}

    @property
    def range_words(self) -> str:
        """The points as text, such as "50" or "50 to 60"; "" if not assessed."""
        if self.points is None:
            return ""
        if self.points_at_most in {None, self.points}:
            return str(self.points)
        return f"{self.points} to {self.points_at_most}"

    @property
    def group_words(self) -> str:
        return GROUPS[self.group]


@dataclass(frozen=True)
class Step:
    """A change in the law that would raise a score, and the state's points after it."""

    words: str
    points: int


# Cached, because a score depends only on the arguments, and states have only a few
# different combinations of facts.
@lru_cache(maxsize=1024)
def score(facts: Facts, rubric: Rubric) -> Score:
    suable = facts.right_to_sue in SUABLE
    return Score(
        facts,
        group(facts),
        tuple(
            PartScore(part, part.rule(facts), counted=suable or part is RIGHT_TO_SUE)
            for part in PARTS
        ),
        rubric,
    )


def group(facts: Facts) -> int:
    if facts.right_to_sue == RightToSue.NONE:
        return 5
    if facts.right_to_sue == RightToSue.UNCLEAR:
        return 4
    if not facts.right_to_sue or not facts.immunity:
        return NOT_ASSESSED
    return GROUP_OF_IMMUNITY.get(Immunity(facts.immunity), 3)


def letter(points: int | None) -> str | None:
    if points is None:
        return None
    return next(band.letter for band in LETTERS if points >= band.least)


def ranks[Key: Hashable](scores: Mapping[Key, Score]) -> dict[Key, int | None]:
    """Return the rank of each score by points; None for a score without points.

    Tied scores share a rank, and the ranks that they would otherwise take are skipped:
    1, 2, 2, 4.
    """
    sharing = Counter(score.points for score in scores.values())
    first: dict[int | None, int | None] = {None: None}
    place = 1
    for points in sorted((p for p in sharing if p is not None), reverse=True):
        first[points] = place
        place += sharing[points]
    return {key: first[score.points] for key, score in scores.items()}


# What a legislature or court could change in a state where people can already sue. Each
# change is scored separately.
CHANGES = (
    (
        "A statute that allows the suit for every state right, against officials of "
        "every kind",
        {"right_to_sue": RightToSue.STATUTE, "covers": Covers.ALL},
    ),
    ("Immunity barred for this claim", {"immunity": Immunity.BARRED}),
    ("Officials of every kind covered", {"covers": Covers.ALL}),
    (
        "A settled rule, with a source, that the government body pays",
        {"payer": Payer.EMPLOYER},
    ),
)
# What could change in a state where people can't sue. Each step is scored together with
# the steps before it.
WAY = (
    (
        "A statute that allows the suit, even if immunity still applies",
        {"right_to_sue": RightToSue.STATUTE, "immunity": Immunity.APPLIES},
    ),
    ("Immunity barred as well", {"immunity": Immunity.BARRED}),
    ("Officials of every kind covered as well", {"covers": Covers.ALL}),
    ("And the government body pays", {"payer": Payer.EMPLOYER}),
)


def points_of(facts: Facts) -> int | None:
    """Return the points, which don't depend on the rubric; None if not assessed."""
    return score(facts, RUBRICS[0]).points


def ways_up(facts: Facts) -> list[Step]:
    """Return the steps that would raise a score; [] if the state isn't assessed."""
    now = points_of(facts)
    if now is None:
        return []
    if facts.right_to_sue not in SUABLE:
        return steps_on(facts)
    steps = []
    for words, change in CHANGES:
        # If courts allow a suit only for certain rights, the reach is always narrow.
        if (
            change.keys() == {"covers"}
            and facts.right_to_sue == RightToSue.COURT_NARROW
        ):
            continue
        then = points_of(replace(facts, **change))
        if then is not None and then > now:
            steps.append(Step(words, then))
    return without_same(steps)


def steps_on(facts: Facts) -> list[Step]:
    steps, points = [], points_of(facts) or 0
    for words, change in WAY:
        facts = replace(facts, **change)
        then = points_of(facts) or 0
        if then > points:
            steps.append(Step(words, then))
            points = then
    return steps


def without_same(steps: list[Step]) -> list[Step]:
    """Drop the step of a new statute if another step gives the same points.

    The other step only makes the existing suit reach officials of every kind.
    """
    statute, covers = CHANGES[0][0], CHANGES[2][0]
    points = {step.words: step.points for step in steps}
    if points.get(statute) == points.get(covers):
        return [step for step in steps if step.words != statute]
    return steps
