"""The states of an edition, with their scores and ranks, as the pages show them."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.safestring import SafeString

from core.memory import RANKINGS, memory
from rankings import scoring
from rankings.models import Assessment, Citation, Edition, state_url
from rankings.scoring import Covers, Immunity, RightToSue, Score
from rankings.shapes import SHAPES, Shape
from rankings.states import in_sentence

FACTS = ["right_to_sue", "immunity", "covers", "payer"]
# A state's history and the changes page cover at most this many editions.
MAX_EDITIONS = 10

# Short descriptions of the scored facts, shown in the rankings table.
SUIT = {
    RightToSue.STATUTE: "Statute",
    RightToSue.COURT: "Court-made claim",
    RightToSue.COURT_NARROW: "Court-made claim for some rights",
    RightToSue.UNCLEAR: "No suit yet; door left open",
    RightToSue.NONE: "No suit",
}
SHIELD = {
    Immunity.BARRED: "immunity barred",
    Immunity.LIMITED: "immunity limited",
    Immunity.UNCLEAR: "immunity not settled",
    Immunity.APPLIES: "immunity applies",
    Immunity.CODIFIED: "immunity written into statute",
}
REACH = {
    Covers.POLICE: "police only",
    Covers.ENTITY: "government body only or mainly",
}
EXTRA_ELEMENT = "Statute with an extra element"


@dataclass(frozen=True)
class Standing:
    """One state in an edition, with its score and rank."""

    assessment: Assessment
    score: Score
    rank: int | None
    # Whether other states have the same rank.
    tied: bool
    # The URL of the state's page. It has a date only if the edition isn't current.
    url: str

    @property
    def usps(self) -> str:
        return self.assessment.usps

    @property
    def name(self) -> str:
        return self.assessment.name

    @property
    def place(self) -> str:
        """The name as it reads in a sentence, such as "the District of Columbia"."""
        return in_sentence(self.usps)

    @property
    def shared_as(self) -> str:
        return f"Qualified immunity in {self.place}: {self.words}"

    @property
    def letter(self) -> str | None:
        return self.score.letter

    @property
    def mark(self) -> str:
        """The grade, with an asterisk if provisional; a dash if there is no grade."""
        return f"{self.letter}*" if self.provisional else self.letter or "–"

    @property
    def provisional(self) -> bool:
        return self.score.provisional

    @property
    def color(self) -> str:
        """The CSS class that sets the color of `mark`."""
        return f"grade-{(self.letter or 'none').lower()}"

    @property
    def words(self) -> str:
        """The grade in words, such as "grade B" or "not yet assessed"."""
        if self.provisional:
            at_most = self.score.letter_at_most
            return f"grade {self.letter}, provisional, {at_most} at most"
        return f"grade {self.letter}" if self.letter else "not yet assessed"

    @property
    def key_facts(self) -> str:
        facts = self.score.facts
        suit = SUIT[RightToSue(facts.right_to_sue)]
        if facts.right_to_sue == RightToSue.STATUTE and facts.covers == Covers.NARROW:
            suit = EXTRA_ELEMENT
        shield = SHIELD[Immunity(facts.immunity)] if facts.immunity else ""
        reach = REACH[Covers(facts.covers)] if facts.covers in REACH else ""
        return "; ".join(filter(None, [suit, shield, reach]))

    @property
    def shape(self) -> Shape:
        return SHAPES[self.usps]


@dataclass(frozen=True)
class Group:
    number: int
    words: str
    rows: list[Standing]


@dataclass(frozen=True)
class Band:
    """A letter grade (or "not yet assessed"), and the number of states with it."""

    letter: str
    color: str
    words: str
    count: int


class Standings:
    """All states of one edition, with their scores and ranks.

    If `past` is true, the edition isn't the current one, so URLs need its date.
    """

    def __init__(
        self,
        edition: Edition,
        assessments: Iterable[Assessment] | None = None,
        *,
        past: bool = False,
    ):
        self.edition = edition
        self.past = past
        if assessments is None:
            assessments = edition.assessments.all()
        ordered = sorted(assessments, key=lambda assessment: assessment.name)
        scores = {a.usps: edition.score(a) for a in ordered}
        ranks = scoring.ranks(scores)
        sharing = Counter(ranks.values())
        self.by_usps = {
            a.usps: Standing(
                a,
                scores[a.usps],
                ranks[a.usps],
                tied=ranks[a.usps] is not None and sharing[ranks[a.usps]] > 1,
                url=self.url(a),
            )
            for a in ordered
        }

    @property
    def methodology_url(self) -> str:
        if self.past:
            return reverse("rankings:edition-methodology", args=[self.edition.date])
        return reverse("rankings:methodology")

    def url(self, assessment: Assessment) -> str:
        return state_url(assessment.slug, self.edition.date if self.past else None)

    @property
    def rows(self) -> list[Standing]:
        """The states, sorted by name."""
        return list(self.by_usps.values())

    @property
    def groups(self) -> list[Group]:
        """All groups with their states, which are sorted by points and then by name."""
        ordered = sorted(self.rows, key=lambda row: -(row.score.points or 0))
        return [
            Group(number, words, [r for r in ordered if r.score.group == number])
            for number, words in scoring.GROUPS.items()
        ]

    @property
    def bands(self) -> list[Band]:
        counts = Counter(row.letter for row in self.rows)
        return [
            Band(
                band.letter,
                f"grade-{band.letter.lower()}",
                band.words,
                counts[band.letter],
            )
            for band in scoring.LETTERS
        ] + [
            Band("–", "grade-none", scoring.GROUPS[scoring.NOT_ASSESSED], counts[None])
        ]

    @property
    def rubric(self) -> scoring.Rubric:
        return self.edition.rubric

    @property
    def provisional(self) -> list[Standing]:
        return [row for row in self.rows if row.provisional]

    @property
    def limited(self) -> list[Standing]:
        """The states with known damage caps, deadlines, or other unscored limits."""
        return [row for row in self.rows if row.assessment.limits]

    @property
    def assessed(self) -> int:
        return sum(row.score.assessed for row in self.rows)

    @property
    def open_citations(self) -> "QuerySet[Citation]":
        """The edition's open citations, which nobody has checked, sorted by state."""
        found = Citation.objects.filter(assessment__edition=self.edition).still_open()
        return found.select_related("assessment").order_by(
            "assessment__usps", "position"
        )

    @cached_property
    def tile_list(self) -> SafeString:
        """The states' colored tiles as HTML, for the home and rankings pages."""
        return self.rendered("tile-list")

    @cached_property
    def map(self) -> SafeString:
        return self.rendered("map")

    def rendered(self, part: str) -> SafeString:
        name = f"rankings/rankings.html#{part}"
        return render_to_string(name, {"standings": self})

    @cached_property
    def checks(self) -> dict[str, int]:
        """The numbers of citations, with the keys `all`, `unchecked`, and `open`.

        An unchecked citation hasn't been checked by a lawyer. An open citation hasn't
        been checked against the source, either.
        """
        return Citation.objects.filter(assessment__edition=self.edition).aggregate(
            all=Count("pk"),
            unchecked=Count("pk", filter=Q(checked_at=None)),
            open=Count("pk", filter=Q(checked_at=None, to_verify=True)),
        )

    def neighbors(self, usps: str) -> tuple[Standing | None, Standing | None]:
        """Return the previous and next states by name; None if there isn't one."""
        rows = self.rows
        place = [row.usps for row in rows].index(usps)
        before = rows[place - 1] if place else None
        return before, rows[place + 1] if rows[place + 1 :] else None


def current_edition() -> Edition | None:
    """Return the current edition; None if no edition is published yet."""
    return memory.get(RANKINGS, "edition", Edition.objects.current)


def current_standings() -> Standings | None:
    """Return the current edition's standings; None if no edition is published yet."""

    def read() -> Standings | None:
        current = current_edition()
        return Standings(current) if current else None

    return memory.get(RANKINGS, "current", read)


def history(newest: Edition, *, past: bool) -> list[Standings]:
    """Return the standings of `newest` and of earlier editions, newest first.

    There are at most MAX_EDITIONS. The assessments are loaded with only the scored
    facts. `past` is true if `newest` isn't the current edition.
    """
    name = ("history", newest.pk, past)
    return memory.get(RANKINGS, name, lambda: read_history(newest, past=past))


def read_history(newest: Edition, *, past: bool) -> list[Standings]:
    published = Edition.objects.published().filter(date__lte=newest.date)
    editions = list(published.order_by("-date")[:MAX_EDITIONS])
    facts = Assessment.objects.filter(edition__in=editions)
    facts = facts.only("edition_id", "usps", *FACTS)
    of = {edition.pk: [] for edition in editions}  # type: dict[int, list[Assessment]]
    for assessment in facts:
        of[assessment.edition_id].append(assessment)
    return [
        Standings(edition, of[edition.pk], past=past or edition != newest)
        for edition in editions
    ]
