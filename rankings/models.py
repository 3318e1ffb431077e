import datetime
from functools import lru_cache
from typing import Any, Self

import pgtrigger
from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator, URLValidator
from django.db import models, transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone

from core.public import Content
from core.triggers import PagesChange, Trigger, changes
from rankings.hosts import place_of
from rankings.lists import FORMULA, is_closed
from rankings.pending import Upload
from rankings.scoring import (
    SUABLE,
    Covers,
    Facts,
    Immunity,
    Payer,
    RightToSue,
    Rubric,
    Score,
    rubric_of,
    score,
)
from rankings.states import JURISDICTIONS, SLUGS

__all__ = ["Assessment", "Citation", "Edition", "Upload"]

validate_address = URLValidator(schemes=["http", "https"])
validate_grade = RegexValidator(
    r"^[A-F][+-]?$",
    "Enter a letter from A to F, optionally followed by + or -.",
)


def validate_addresses(text: str) -> None:
    """Raise ValidationError unless each line is a URL."""
    for line in text.splitlines():
        try:
            validate_address(line)
        except ValidationError as error:
            raise ValidationError(f"This is not a URL: {line}") from error


def validate_no_formula(text: str) -> None:
    """Raise ValidationError if spreadsheets would run the text as a formula."""
    if text.startswith(FORMULA):
        raise ValidationError(
            f"This begins with “{text[0]}”, which spreadsheets run as a formula. "
            "Begin with a word.",
            code="formula",
        )


def known(field: str, choices: type[models.TextChoices]) -> models.Q:
    return models.Q((f"{field}__in", ["", *choices.values]))


class EditionQuerySet(models.QuerySet["Edition"]):
    def published(self) -> Self:
        """Return the published editions, which are public; excludes drafts."""
        return self.filter(published_at__isnull=False)

    def drafts(self) -> Self:
        return self.filter(published_at=None)

    def current(self) -> "Edition | None":
        """Return the latest published edition; None if no edition is published."""
        return self.published().order_by("-date").first()

    def lock(self) -> None:
        """Lock all editions until the transaction ends.

        Until then, nobody else can change, publish, or delete an edition.
        """
        list(self.select_for_update().order_by("pk"))


# Published facts are never changed, deleted, or added to. To correct a fact, staff
# publish a new edition. Published citations aren't deleted or added to either, but
# staff can change some of their details, such as the URL, the result of a lookup, and
# the lawyer's check. Code that changes a draft locks the draft's row until the
# transaction ends, so nobody can publish the draft before the change is saved.
KEEP_EDITION = """
    RAISE EXCEPTION 'A published edition can''t be deleted, and its date can''t change.'
        USING ERRCODE = 'check_violation';
"""
IS_PUBLISHED = [("is_published", "boolean")]
OF_CITATION = """
    id IN (
        SELECT edition_id FROM rankings_assessment
        WHERE id IN (OLD.assessment_id, NEW.assessment_id)
    )
"""


def keep_published(of_edition: str) -> str:
    """Return a trigger body that blocks changes to rows of published editions.

    `of_edition` is an SQL condition that selects the editions to which a row belongs.
    """
    return f"""
        SELECT bool_or(published_at IS NOT NULL) INTO is_published FROM (
            SELECT published_at FROM rankings_edition WHERE {of_edition} FOR SHARE
        ) AS editions;
        IF is_published THEN
            RAISE EXCEPTION 'Published facts can''t change: start a new edition.'
                USING ERRCODE = 'check_violation';
        END IF;
        IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
        RETURN NEW;
    """  # noqa: S608 - made of constants


class Edition(models.Model):
    """The rankings as of a date: one assessment for each state.

    An edition without `published_at` is a draft, which no public page may show. The
    published edition with the latest date is the current edition. Triggers block
    deleting a published edition, changing its date, and changing or adding facts.
    """

    date = models.DateField(
        "as of",
        unique=True,
        help_text="The last day on which the edition’s sources were read. This date "
        "also decides which rubric applies.",
    )
    title = models.CharField(max_length=100)
    notes = models.TextField(
        blank=True,
        help_text="What is new in this edition, for readers. Separate paragraphs with "
        "a blank line.",
    )
    published_at = models.DateTimeField(null=True, blank=True, editable=False)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )

    objects = EditionQuerySet.as_manager()

    class Meta:
        ordering = ["-date"]
        permissions = [("publish_edition", "Can publish an edition")]
        triggers = [
            PagesChange(Content.RANKINGS),
            Trigger(
                name="published_keeps_its_date",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__published_at__isnull=False)
                & changes("id", "date", "published_at"),
                func=KEEP_EDITION,
            ),
            Trigger(
                name="published_is_not_deleted",
                when=pgtrigger.Before,
                operation=pgtrigger.Delete,
                condition=pgtrigger.Q(old__published_at__isnull=False),
                func=KEEP_EDITION,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.date:%Y-%m-%d})"

    def get_absolute_url(self) -> str:
        return reverse("rankings:edition", args=[self.date])

    @property
    def rubric(self) -> Rubric:
        return rubric_of(self.date)

    def score(self, assessment: "Assessment") -> Score:
        return score(assessment.facts, self.rubric)

    @property
    def is_published(self) -> bool:
        return self.published_at is not None

    @property
    def last_modified(self) -> datetime.datetime | None:
        """When the edition was published; None for a draft.

        After publication, the edition's facts can't change.
        """
        return self.published_at

    def problems(self) -> list[str]:
        """Return sentences that tell staff why the edition can't be published."""
        problems = []
        if self.date > timezone.localdate():
            problems.append("An edition can’t be published before its date.")
        current = Edition.objects.current()
        if current and current.date > self.date:
            problems.append(
                f"The current edition is as of {current.date}. You can’t publish an "
                "older one after it."
            )
        there = set(self.assessments.values_list("usps", flat=True))
        if missing := [
            name for code, name in JURISDICTIONS.items() if code not in there
        ]:
            problems.append(f"No assessment for: {', '.join(missing)}.")
        return problems

    @transaction.atomic
    def publish(self, by: User) -> None:
        """Publish the edition; raises ValidationError if it can't be published."""
        Edition.objects.lock()
        locked = Edition.objects.get(pk=self.pk)
        if locked.is_published:
            raise ValidationError("This edition is already published.")
        if problems := locked.problems():
            raise ValidationError(problems)
        locked.published_at = timezone.now()
        locked.published_by = by
        locked.save(update_fields=["published_at", "published_by"])
        self.published_at, self.published_by = locked.published_at, by

    @transaction.atomic
    def copy(self, date: datetime.date, title: str, notes: str = "") -> "Edition":
        """Create a draft with copies of this edition's assessments and citations.

        The copied assessments have no `reason`, because a reason explains how the state
        changed from the previous edition to this edition.
        """
        draft = Edition.objects.create(date=date, title=title, notes=notes)
        old = list(self.assessments.prefetch_related("citations"))
        new = Assessment.objects.bulk_create(
            twin(each, edition_id=draft.pk, reason="") for each in old
        )
        Citation.objects.bulk_create(
            twin(citation, assessment_id=after.pk)
            for before, after in zip(old, new, strict=True)
            for citation in before.citations.all()
        )
        return draft


def twin[Row: models.Model](row: Row, **changes: Any) -> Row:
    """Return an unsaved copy of `row`, with `changes` as the values of some fields."""
    names = [each.attname for each in row._meta.concrete_fields if not each.primary_key]
    return type(row)(**{name: getattr(row, name) for name in names} | changes)


# Cached because pages link to every state, and reverse() is slow.
@lru_cache(maxsize=2048)
def state_url(slug: str, date: datetime.date | None = None) -> str:
    """Return the URL of a state's page.

    The page shows the edition with that date or, without a date, the current edition.
    """
    if date:
        return reverse("rankings:edition-state", args=[date, slug])
    return reverse("rankings:state", args=[slug])


class Assessment(models.Model):
    """The legal facts of one state in one edition.

    A fact that is "" or null is not established. Points, group, grade, and rank are
    never stored, because rankings/scoring.py computes them from the facts.
    """

    class Basis(models.TextChoices):
        DIRECT = "direct", "Stated on the Institute’s page for this state"
        REPORTED = "reported", "Reported on another page"

    class Confidence(models.TextChoices):
        HIGH = "high", "High"
        MEDIUM = "medium", "Medium"

    edition = models.ForeignKey(Edition, models.CASCADE, related_name="assessments")
    usps = models.CharField("state", max_length=2, choices=JURISDICTIONS)
    right_to_sue = models.CharField(max_length=20, choices=RightToSue, blank=True)
    immunity = models.CharField(max_length=20, choices=Immunity, blank=True)
    covers = models.CharField("reach", max_length=20, choices=Covers, blank=True)
    payer = models.CharField("who pays", max_length=20, choices=Payer, blank=True)
    payer_note = models.CharField(
        "note on who pays",
        max_length=300,
        blank=True,
        validators=[validate_no_formula],
    )
    year = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        help_text="Year of the statute or ruling that matters most to the result.",
    )
    summary = models.TextField(max_length=600, validators=[validate_no_formula])
    local_exception = models.TextField(
        max_length=600,
        blank=True,
        validators=[validate_no_formula],
        help_text="A local law that differs from state law. It is shown but never "
        "scored.",
    )
    limits = models.TextField(
        max_length=600,
        blank=True,
        validators=[validate_no_formula],
        help_text="Damage caps, fees, deadlines, and notice rules that are stated in "
        "the summary or in the note on who pays. They are shown but never scored.",
    )
    ij_grade = models.CharField(
        "Institute for Justice’s grade",
        max_length=2,
        blank=True,
        validators=[validate_grade],
    )
    ij_grade_basis = models.CharField(
        "basis of the Institute’s grade", max_length=10, choices=Basis, blank=True
    )
    ij_page = models.URLField(
        "Institute for Justice’s page",
        max_length=500,
        blank=True,
        validators=[validate_address],
    )
    ij_read_on = models.DateField(
        "date the Institute’s page was read", null=True, blank=True
    )
    sources = models.TextField(
        "other pages read",
        blank=True,
        help_text="One URL per line.",
        validators=[validate_addresses],
    )
    confidence = models.CharField(max_length=10, choices=Confidence, blank=True)
    as_of = models.DateField(
        "sources read on",
        help_text="The day on which this state’s sources were last read.",
    )
    reason = models.TextField(
        "reason for the change",
        max_length=600,
        blank=True,
        help_text="Why this state changed since the previous edition; shown on the "
        "changes page and on the state’s page.",
    )
    # Set when staff edit or import the assessment, so load_rankings won't overwrite it.
    edited_at = models.DateTimeField(null=True, blank=True, editable=False)
    edited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )

    class Meta:
        ordering = ["edition", "usps"]
        triggers = [
            PagesChange(Content.RANKINGS),
            Trigger(
                name="published_keeps_its_facts",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
                declare=IS_PUBLISHED,
                func=keep_published("id IN (OLD.edition_id, NEW.edition_id)"),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["edition", "usps"],
                name="assessment_once_a_state",
                violation_error_message="This edition already has an assessment of "
                "that state.",
            ),
            models.CheckConstraint(
                condition=models.Q(usps__in=list(JURISDICTIONS))
                & known("right_to_sue", RightToSue)
                & known("immunity", Immunity)
                & known("covers", Covers)
                & known("payer", Payer),
                name="assessment_values_are_known",
                violation_error_message="One of the values is not in the rubric.",
            ),
            models.CheckConstraint(
                condition=models.Q(immunity__in=["", Immunity.CODIFIED])
                | models.Q(right_to_sue__in=SUABLE),
                name="assessment_immunity_needs_a_suit",
                violation_error_code="immunity",
                violation_error_message="Without a right to sue, immunity must be "
                "blank or “codified”, because there is no claim to defend.",
            ),
            models.CheckConstraint(
                condition=~models.Q(right_to_sue=RightToSue.COURT_NARROW)
                | models.Q(covers=Covers.NARROW),
                name="assessment_court_narrow_covers_narrow",
                violation_error_code="covers",
                violation_error_message="If the right to sue is “court_narrow”, the "
                "reach must be “narrow”.",
            ),
            models.CheckConstraint(
                condition=~models.Q(
                    right_to_sue=RightToSue.COURT, covers=Covers.NARROW
                ),
                name="assessment_court_is_not_narrow",
                violation_error_code="right_to_sue",
                violation_error_message="If courts allow a suit only for certain "
                "rights, choose “court_narrow”.",
            ),
            models.CheckConstraint(
                condition=models.Q(ij_grade="", ij_grade_basis="")
                | (~models.Q(ij_grade="") & ~models.Q(ij_grade_basis="")),
                name="assessment_ij_grade_has_a_basis",
                violation_error_code="ij_grade_basis",
                violation_error_message="Enter both the Institute’s grade and its "
                "basis, or neither.",
            ),
            models.CheckConstraint(
                condition=models.Q(year=None) | models.Q(year__range=(1776, 2100)),
                name="assessment_year_is_a_year",
                violation_error_code="year",
                violation_error_message="Enter a year from 1776 to 2100.",
            ),
        ]

    def __str__(self) -> str:
        return JURISDICTIONS.get(self.usps, self.usps)

    def get_absolute_url(self) -> str:
        return state_url(self.slug)

    @property
    def name(self) -> str:
        return JURISDICTIONS[self.usps]

    @property
    def slug(self) -> str:
        return SLUGS[self.usps]

    @property
    def facts(self) -> Facts:
        return Facts(self.right_to_sue, self.immunity, self.covers, self.payer)

    @property
    def source_list(self) -> list[str]:
        return self.sources.splitlines()

    @property
    def open_sources(self) -> list[tuple[str, str]]:
        """The URL of each source and what it leads to.

        Sources on a website that has shut down are left out.
        """
        return [(s, place_of(s)) for s in self.source_list if not is_closed(s)]


class CitationQuerySet(models.QuerySet):
    def still_open(self) -> Self:
        """Return citations checked neither against the source nor by a lawyer."""
        return self.filter(to_verify=True, checked_at=None)

    def unchecked(self) -> Self:
        """Return citations that no lawyer has checked."""
        return self.filter(checked_at=None)

    def checked(self) -> Self:
        return self.filter(checked_at__isnull=False)

    def alike(self) -> "CitationQuerySet":
        """Return all copies of these citations in the current edition and in drafts.

        Citations with the same text and state are copies. A lawyer's check of one copy
        covers all copies.
        """
        same = self.order_by().filter(
            assessment__usps=OuterRef("assessment__usps"), text=OuterRef("text")
        )
        return Citation.objects.filter(
            models.Q(assessment__edition__published_at=None)
            | models.Q(assessment__edition=Edition.objects.current()),
            Exists(same),
        )

    def mark_checked(self, by: str) -> int:
        """Record that the lawyer named `by` checked the unchecked citations.

        Return the number of citations that were unchecked.
        """
        return self.unchecked().update(checked_at=Now(), checked_by=by)

    def mark_unchecked(self) -> int:
        return self.checked().update(checked_at=None, checked_by="")


class Citation(models.Model):
    """A citation of a statute or ruling, and how the citation was checked."""

    class Part(models.TextChoices):
        RIGHT_TO_SUE = "right_to_sue", "Right to sue"
        IMMUNITY = "immunity", "Immunity"
        COVERS = "covers", "Reach"
        PAYER = "payer", "Who pays"
        LOCAL_EXCEPTION = "local_exception", "Local exception"
        # The citation was reviewed and is relevant, but no fact relies on it.
        CONTEXT = "context", "Also considered"

    class Finding(models.TextChoices):
        """The result of looking up the citation; "" if no lookup is on record."""

        CONFIRMED = "confirmed", "Confirmed by what we read"
        EXISTS = "exists", "Found to exist; the passage itself was not seen"
        CONTRADICTED = "contradicted", "Did not support what it was first cited for"

    assessment = models.ForeignKey(Assessment, models.CASCADE, related_name="citations")
    part = models.CharField("supports", max_length=20, choices=Part)
    position = models.PositiveSmallIntegerField(default=0)
    text = models.CharField(
        "citation", max_length=500, validators=[validate_no_formula]
    )
    address = models.URLField(max_length=500, blank=True, validators=[validate_address])
    confidence = models.CharField(
        max_length=10,
        choices=Assessment.Confidence,
        blank=True,
        help_text="If blank, the assessment’s confidence applies.",
    )
    # While this is true, the citation counts as open unless a lawyer has checked it.
    to_verify = models.BooleanField("not yet checked against the source", default=False)
    finding = models.CharField(max_length=20, choices=Finding, blank=True)
    point = models.TextField("what was looked for", max_length=600, blank=True)
    seen = models.TextField("what was seen", max_length=1000, blank=True)
    seen_at = models.TextField(
        "where it was seen",
        blank=True,
        help_text="One URL per line.",
        validators=[validate_addresses],
    )
    seen_on = models.DateField(null=True, blank=True)
    # When a lawyer checked the citation, and the lawyer's name.
    checked_at = models.DateTimeField(null=True, blank=True, editable=False)
    checked_by = models.CharField(max_length=100, blank=True, editable=False)

    objects = CitationQuerySet.as_manager()

    class Meta:
        ordering = ["assessment", "position", "pk"]
        permissions = [("check_citation", "Can mark citations as checked by a lawyer")]
        triggers = [
            PagesChange(Content.RANKINGS),
            Trigger(
                name="published_keeps_its_words",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=changes("id", "assessment", "part", "position", "text"),
                declare=IS_PUBLISHED,
                func=keep_published(OF_CITATION),
            ),
            Trigger(
                name="published_keeps_its_list",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Delete,
                declare=IS_PUBLISHED,
                func=keep_published(OF_CITATION),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["assessment", "part", "text"],
                name="citation_once_a_part",
                violation_error_message="This part already has that citation.",
            ),
            models.CheckConstraint(
                condition=models.Q(checked_at=None, checked_by="")
                | (models.Q(checked_at__isnull=False) & ~models.Q(checked_by="")),
                name="citation_checked_by_somebody",
                violation_error_message="A check needs both a date and a name.",
            ),
        ]

    def __str__(self) -> str:
        return self.text

    @property
    def is_open(self) -> bool:
        return self.to_verify and self.checked_at is None

    @property
    def check_words(self) -> str:
        """For staff: the lawyer who checked the citation and the date, or "Not yet"."""
        if self.checked_at is None:
            return "Not yet"
        return f"{self.checked_by}, {timezone.localtime(self.checked_at):%Y-%m-%d}"

    @property
    def place(self) -> str:
        """What the citation's URL leads to, which the state's page shows."""
        return place_of(self.address)

    @property
    def seen_places(self) -> list[tuple[str, str]]:
        """The URL of each page on which the citation was seen, and what it leads to.

        The URL is "" if the website has shut down, so that our page doesn't link to it.
        """
        return [
            ("" if is_closed(page) else page, place_of(page)) for page in self.seen_list
        ]

    @property
    def seen_list(self) -> list[str]:
        return self.seen_at.splitlines()
