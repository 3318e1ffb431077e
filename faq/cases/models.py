from collections.abc import Iterable
from typing import Any, Self

import pgtrigger
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.urls import reverse
from simple_history.models import HistoricalRecords

from core.folding import Fold
from core.triggers import Trigger, changes
from faq.cases.steps import validate_steps
from faq.check import validate_line, validate_markdown
from faq.markdown import paragraphs
from faq.publishing import TextQuerySet
from faq.searched import SearchedText
from faq.sources import Confidence, has_source
from rankings.states import JURISDICTIONS, SLUGS

# The year in which 42 U.S.C. § 1983 became law; no case is older.
FIRST_YEAR = 1871


class Kind(models.TextChoices):
    """The kind of official that a case is about."""

    POLICE = "police", "Police"
    SHERIFF = "sheriff", "Sheriffs and deputies"
    JAIL = "prison-jail", "Prisons and jails"
    SCHOOL = "school", "Schools"
    UNIVERSITY = "university", "Colleges and universities"
    CHILD_WELFARE = "child-welfare", "Child welfare"
    MEDICAL_BOARD = "medical-board", "Licensing boards"
    PUBLIC_WORKS = "public-works", "Public works"
    PROSECUTOR = "prosecutor", "Prosecutors"
    OTHER = "other", "Other officials"


class Lawfulness(models.TextChoices):
    """What the court said about whether the conduct was lawful, apart from immunity."""

    VIOLATION_FOUND = "violation-found", "The court found that rights were violated"
    NOT_DECIDED = "not-decided", "The court did not decide whether it was lawful"
    NO_VIOLATION_SHOWN = "no-violation-shown", "The court did not find a violation"


class Outcome(models.TextChoices):
    """How the court ruled on the immunity defense."""

    DENIED = "immunity-denied", "Immunity denied"
    GRANTED = "immunity-granted", "Immunity granted"


# Sentences that keep readers from misunderstanding the ruling. “It” is the court.
MEANING = {
    Outcome.GRANTED: {
        Lawfulness.VIOLATION_FOUND: (
            "It granted immunity anyway, because earlier rulings had not made that "
            "clear enough."
        ),
        Lawfulness.NOT_DECIDED: (
            "“Not clearly established” does not mean lawful. The question stayed open."
        ),
        Lawfulness.NO_VIOLATION_SHOWN: (
            "It granted immunity without finding that these officials broke the law."
        ),
    },
    Outcome.DENIED: {
        # Until a trial, courts assume that the plaintiff's version of disputed facts is
        # true.
        Lawfulness.VIOLATION_FOUND: (
            "No one had proven those facts yet. It denied immunity, because on those "
            "facts the law was already clear enough."
        ),
        Lawfulness.NOT_DECIDED: (
            "It denied immunity, so the claim could go on. Whether the officials broke "
            "the law stayed open."
        ),
        Lawfulness.NO_VIOLATION_SHOWN: (
            "It denied immunity, so the claim could go on, but it did not say that "
            "these officials broke the law."
        ),
    },
}


class CaseQuerySet(TextQuerySet):
    def featured(self) -> Self:
        """Return the public cases for the home page."""
        return self.public().filter(featured=True)

    def in_lists(self) -> Self:
        """Defer large fields that lists of cases don't show."""
        return self.defer("body", "words", "search")


def year(**options: Any) -> models.PositiveSmallIntegerField:
    """Return a field for a year from FIRST_YEAR to 2100."""
    last = 2100
    bounds = [MinValueValidator(FIRST_YEAR), MaxValueValidator(last)]
    return models.PositiveSmallIntegerField(validators=bounds, **options)


def line(length: int, **options: Any) -> models.CharField:
    return models.CharField(max_length=length, validators=[validate_line], **options)


ON_THE_CARD = (
    *("publish_at", "slug", "summary", "outcome_sentence", "title", "who"),
    *("place", "state", "happened_in", "decided_in"),
)
DELETE_CARD = """
    DELETE FROM cards_card WHERE key = 'cases/' || OLD.slug;
    RETURN NULL;
"""


class Case(SearchedText):
    """A lawsuit in which officials claimed qualified immunity."""

    title = line(200, help_text="The name of the case.")
    kind = models.CharField(max_length=20, choices=Kind)
    state = models.CharField(max_length=2, choices=JURISDICTIONS)
    place = line(100)
    happened_in = year(null=True, blank=True)
    decided_in = year()
    who = line(200, help_text="The people who sued.")
    officials = line(300)
    court = line(150)
    citation = line(300)
    url = models.URLField("URL of the ruling", max_length=500)
    summary = line(300, help_text="What happened, in one sentence.")
    outcome_sentence = line(
        160,
        help_text="How the case ended, in one plain sentence that is fair to both "
        "sides. Lists of cases and the share card show it.",
    )
    ending = line(300, help_text="How the case ended, for the page of the case.")
    outcome = models.CharField(max_length=20, choices=Outcome)
    lawfulness = models.CharField(max_length=20, choices=Lawfulness)
    body = models.TextField("text", validators=[validate_markdown])
    steps = models.JSONField(default=list, blank=True, validators=[validate_steps])
    featured = models.BooleanField("on the home page", default=False)
    confidence = models.CharField(max_length=10, choices=Confidence)
    caveat = line(500, blank=True, help_text="Required if confidence is medium.")

    WORDS = (
        *("title", "kind", "state", "place", "happened_in", "decided_in", "who"),
        *("officials", "court", "citation", "summary", "outcome_sentence"),
        *("ending", "outcome", "lawfulness", "body", "steps", "caveat"),
    )

    HEADING = "who"

    search = models.GeneratedField(
        expression=SearchVector(
            Fold("who"), Fold("title"), weight="A", config="english"
        )
        + SearchVector(Fold("words"), weight="B", config="english"),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    objects = CaseQuerySet.as_manager()  # type: ignore[misc]
    history = HistoricalRecords(excluded_fields=["search", "words"])

    class Meta(SearchedText.Meta):
        # Cases in which immunity was denied come last, as on the page of all cases.
        ordering = ["-outcome", "order", "pk"]
        triggers = [
            *SearchedText.Meta.triggers,
            # Delete the stored share card (faq/cases/cards.py) in the transaction that
            # deletes or unpublishes the case or changes a field that the card shows.
            Trigger(
                name="card_changes",
                when=pgtrigger.After,
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__publish_at__isnull=False)
                & changes(*ON_THE_CARD),
                func=DELETE_CARD,
            ),
            Trigger(
                name="card_goes",
                when=pgtrigger.After,
                operation=pgtrigger.Delete,
                func=DELETE_CARD,
            ),
        ]
        indexes = [GinIndex("search", name="case_search")]
        constraints = [
            has_source("case_has_source"),
            models.CheckConstraint(
                condition=models.Q(outcome__in=Outcome.values),
                name="case_has_outcome",
                violation_error_message="Say whether the court granted immunity.",
            ),
            models.CheckConstraint(
                condition=models.Q(featured=False) | models.Q(outcome=Outcome.GRANTED),
                name="case_featured_is_granted",
                violation_error_message=(
                    "The home page shows only cases in which immunity was granted."
                ),
            ),
            models.CheckConstraint(
                condition=models.Q(confidence=Confidence.HIGH) | ~models.Q(caveat=""),
                name="case_medium_has_caveat",
                violation_error_message="A medium-confidence case needs a caveat.",
            ),
            models.CheckConstraint(
                condition=models.Q(featured=False)
                | models.Q(confidence=Confidence.HIGH),
                name="case_featured_is_sure",
                violation_error_message=(
                    "A medium-confidence case can’t be on the home page."
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("faq:case", args=[self.slug])

    def lines(self) -> Iterable[str]:
        facts = [self.officials, self.get_kind_display(), self.where, self.court]
        return [
            *(self.summary, self.outcome_sentence, self.ending, self.caveat),
            *paragraphs(self.body),
            f"{'. '.join(facts)}. {self.citation}",
        ]

    @property
    def finding(self) -> str:
        """What the court said about the conduct; the template adds the period.

        When a court denies immunity, no facts have been proven yet. For a denial with
        VIOLATION_FOUND, the sentence therefore says whose version of the facts the
        court assumed to be true.
        """
        if self.outcome == Outcome.DENIED and (
            self.lawfulness == Lawfulness.VIOLATION_FOUND
        ):
            return (
                "The court held that the facts, as told by the person who sued, would "
                "violate the Constitution"
            )
        return self.get_lawfulness_display()

    @property
    def meaning(self) -> str:
        return MEANING[Outcome(self.outcome)][Lawfulness(self.lawfulness)]

    @property
    def where(self) -> str:
        """The place and the name of the state, or only `place` if that contains it."""
        name = JURISDICTIONS[self.state]
        return self.place if name in self.place else f"{self.place}, {name}"

    @property
    def when(self) -> str:
        """The year of the events; if unknown, "decided" and the year of the ruling."""
        return str(self.happened_in or f"decided {self.decided_in}")

    @property
    def state_url(self) -> str:
        """The URL of the state's ranking."""
        return reverse("rankings:state", args=[SLUGS[self.state]])
