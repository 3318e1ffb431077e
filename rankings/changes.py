"""Find how each state's data changed from one published edition to the next."""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from rankings.effect import differing, in_words
from rankings.models import Assessment, Citation, Edition
from rankings.scoring import FIRST, PARTS
from rankings.standings import FACTS, MAX_EDITIONS, Standing, Standings

NOT_ESTABLISHED = "Not established"
# Fields that can change when somebody reads a state's sources again, even if the facts
# stay the same.
OF_READING = {"as_of", "ij_read_on", "sources"}


@dataclass(frozen=True)
class Difference:
    """A scored fact that changed. `name` is the name of the fact's rubric part."""

    name: str
    before: str
    after: str


@dataclass(frozen=True)
class StateChange:
    """One state's results and facts in two consecutive editions, to compare them."""

    edition: Edition
    before: Standing
    after: Standing

    @property
    def anchor(self) -> str:
        return f"{self.edition.date}-{self.after.usps}"

    @property
    def reason(self) -> str:
        return self.after.assessment.reason

    @property
    def words_before(self) -> str:
        return in_words(self.before.score)

    @property
    def words_after(self) -> str:
        return in_words(self.after.score)

    @property
    def is_own(self) -> bool:
        """Whether the state's facts or citations changed, or staff entered a reason.

        Returns False if only fields in `OF_READING` changed.
        """
        return bool(self.reason or self.fields.keys() - OF_READING or self.recited)

    @property
    def is_scored_differently(self) -> bool:
        return self.words_before != self.words_after

    @property
    def is_ranked_differently(self) -> bool:
        return self.before.rank != self.after.rank

    @property
    def is_read_again(self) -> bool:
        return self.before.assessment.as_of < self.after.assessment.as_of

    @cached_property
    def fields(self) -> dict[str, str]:
        """The assessment fields that differ: name → verbose name."""
        found = differing(self.before.assessment, self.after.assessment)
        fields = {field.name: str(field.verbose_name) for field in found}
        # Leave out `limits` in a comparison with an edition under the first rubric,
        # because this field was introduced with the second rubric.
        if self.before.score.rubric == FIRST:
            fields.pop("limits", None)
        return fields

    @property
    def facts(self) -> list[Difference]:
        before, after = self.before.assessment, self.after.assessment
        return [
            Difference(
                part.name, value_of(before, part.field), value_of(after, part.field)
            )
            for part in PARTS
            if part.field in self.fields
        ]

    @property
    def other_changes(self) -> list[str]:
        """The verbose names of the unscored fields that changed.

        Leaves out the fields in `OF_READING`. Adds "citations" if the state's citations
        changed.
        """
        names = [
            verbose_name
            for name, verbose_name in self.fields.items()
            if name not in OF_READING and name not in FACTS
        ]
        return names + (["citations"] if self.recited else [])

    @cached_property
    def recited(self) -> bool:
        before, after = self.before.assessment, self.after.assessment
        return cited(before) != cited(after)

    @property
    def citations(self) -> list[Citation]:
        """The citations that support the change.

        A citation supports the change if it is new, was looked up again, or is about a
        field that changed. If no citation supports it, return all citations for scored
        facts.
        """
        looked_up = {
            (citation.text, citation.seen_on)
            for citation in self.before.assessment.citations.all()
        }
        citations = list(self.after.assessment.citations.all())
        found = [
            citation
            for citation in citations
            if (citation.text, citation.seen_on) not in looked_up
            or citation.part in self.fields
        ]
        return found or [each for each in citations if each.part in FACTS]

    @property
    def unknown(self) -> list[str]:
        """The names of the rubric parts whose facts aren't established.

        If the rubric has ranges, these parts make the state's points a range.
        """
        return [
            part.part.name.lower()
            for part in self.after.score.parts
            if part.points_at_most > part.points
        ]


def value_of(assessment: Assessment, field: str) -> str:
    return getattr(assessment, f"get_{field}_display")() or NOT_ESTABLISHED


def cited(assessment: Assessment) -> list[tuple[str, str]]:
    return [(citation.part, citation.text) for citation in assessment.citations.all()]


class EditionChanges:
    """What changed between two consecutive editions, for states that are in both."""

    def __init__(self, before: Standings, after: Standings):
        self.edition = after.edition
        self.before = before.edition
        both = before.by_usps.keys() & after.by_usps.keys()
        self.all = [
            StateChange(after.edition, before.by_usps[row.usps], row)
            for row in after.rows
            if row.usps in both
        ]

    @property
    def news(self) -> tuple[str, ...]:
        """Sentences on how the rubric changed; () if both editions share a rubric."""
        rubric = self.edition.rubric
        return rubric.news if rubric != self.before.rubric else ()

    @property
    def own(self) -> list[StateChange]:
        return [change for change in self.all if change.is_own]

    @property
    def by_rubric(self) -> list[StateChange]:
        """The states whose score changed only because the rubric changed."""
        return [c for c in self.all if not c.is_own and c.is_scored_differently]

    @property
    def by_others(self) -> list[StateChange]:
        """The states whose rank changed only because other states' scores changed."""
        return [
            change
            for change in self.all
            if not change.is_own
            and not change.is_scored_differently
            and change.is_ranked_differently
        ]

    @property
    def read_again(self) -> list[StateChange]:
        """The states whose sources were read again.

        Leaves out states with changes of their own (`is_own`).
        """
        return [c for c in self.all if not c.is_own and c.is_read_again]


def read_changes() -> list[EditionChanges]:
    """Return the changes in each of the MAX_EDITIONS newest editions, newest first."""
    published = Edition.objects.published().prefetch_related("assessments__citations")
    editions = published.order_by("-date")[: MAX_EDITIONS + 1]
    standings = [
        Standings(edition, past=place > 0) for place, edition in enumerate(editions)
    ]
    return [EditionChanges(before, after) for after, before in pairwise(standings)]
