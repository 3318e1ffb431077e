from collections.abc import Iterable
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.urls import reverse
from simple_history.models import HistoricalRecords

from core.fields import LineField
from core.folding import Fold
from faq.check import validate_line, validate_markdown
from faq.drawings import Moment
from faq.markdown import VALUE, paragraphs, parser, parts_of
from faq.publishing import Text
from faq.rows import validate_rows
from faq.searched import SearchedText
from faq.sources import has_source


class PageSlug(models.TextChoices):
    """The slugs of the rows of Page. Each slug is also the page's URL name."""

    EXPLAINED = "explained", "Explainer"
    ABOUT = "about", "About"
    PRIVACY = "privacy", "Privacy"
    ACCESSIBILITY = "accessibility", "Accessibility"
    HOW_WE_COUNT = "how-we-count", "How we count"


# The settings that pages can print with `{{ name }}`, so that pages show the current
# values.
PRINTED = {
    name: name.upper()
    for name in (
        "confirm_link_days",
        "manage_link_days",
        "unconfirmed_kept_days",
        "mail_log_kept_days",
        "network_kept_days",
        "network_blocked_days",
        "report_kept_days",
        "founding_request_days",
        "backup_kept_days",
        "mails_per_address_per_day",
        "contact_email",
        "site_name",
        "operator_name",
        "postal_address",
        "processors",
    )
}
NEEDS_SOURCE = "The explainer needs at least one source."
ALWAYS_PUBLIC = "Everyone who signs agrees to the privacy page: it must stay public."


class TimelineEntry(Text):
    """An event in the timeline of the explainer."""

    year = models.PositiveSmallIntegerField(
        validators=[MinValueValidator(1700), MaxValueValidator(2100)]
    )
    title = models.CharField(max_length=150, validators=[validate_line])
    body = models.TextField(
        "text", validators=[validate_markdown], help_text="One or two sentences."
    )

    label = models.CharField(
        "in the drawing",
        max_length=32,
        blank=True,
        validators=[validate_line],
        help_text="What happened, in a few words. If empty, the drawing has only a "
        "tick for the year.",
    )
    marked = models.BooleanField(
        "highlighted in the drawing", default=False, help_text="One entry at most."
    )

    WORDS = ("year", "title", "label", "body")

    history = HistoricalRecords()

    class Meta(Text.Meta):
        ordering = ["year", "order", "pk"]
        verbose_name_plural = "timeline entries"
        constraints = [has_source("timeline_entry_has_source")]

    def __str__(self) -> str:
        return f"{self.year}: {self.title}"

    def clean(self) -> None:
        # This isn't a constraint, because each release validates its fixtures as new
        # rows, which would conflict with the stored rows.
        others = TimelineEntry.objects.filter(marked=True).exclude(pk=self.pk)
        if self.marked and others.exists():
            raise ValidationError({"marked": "Another entry is highlighted."})

    def get_absolute_url(self) -> str:
        return reverse("explained")

    @property
    def moment(self) -> Moment:
        """The entry as a point on the drawn timeline."""
        return Moment(self.year, str(self.year), self.label, self.marked)


class PointForm(forms.Form):
    """A form for one row of a chart: a figure, a question, or the questions' result."""

    label = LineField(max_length=80, validators=[validate_line])
    value = forms.FloatField(
        min_value=0, max_value=1e12, required=False, label="Figure"
    )
    note = LineField(max_length=200, required=False, validators=[validate_line])
    if_no = LineField(
        label="If not",
        max_length=80,
        required=False,
        validators=[validate_line],
        help_text="For a question: why the claim ends if the answer is no.",
    )
    skip = LineField(
        label="May be skipped",
        max_length=80,
        required=False,
        validators=[validate_line],
        help_text="For a question: a sentence that says when to skip it.",
    )


def validate_points(rows: list[dict[str, Any]]) -> None:
    """Require either a figure in every row, or questions followed by the result."""
    validate_rows(PointForm, rows)
    if any("value" in row for row in rows):
        if not all(row.keys() <= {"label", "value", "note"} for row in rows):
            raise ValidationError("A row with a figure can’t be a question.")
        if not all("value" in row for row in rows):
            raise ValidationError("Fill in every row’s figure, or none.")
        return
    *steps, result = rows or [{}]
    if not all("if_no" in row for row in steps) or {"if_no", "skip"} & result.keys():
        raise ValidationError(
            "Without figures, fill in “If not” for each row but the last, which is "
            "the result."
        )


class Chart(Text):
    """A chart of figures or questions, which pages include as [[chart:slug]]."""

    title = models.CharField(max_length=150, validators=[validate_line])
    unit = models.CharField(
        max_length=60,
        blank=True,
        validators=[validate_line],
        help_text="The unit of the figures. For example: % of dollars paid.",
    )
    points = models.JSONField(default=list, blank=True, validators=[validate_points])
    body = models.TextField(
        "text",
        validators=[validate_markdown],
        help_text="What the chart shows and what it doesn’t.",
    )

    WORDS = ("title", "unit", "points", "body")

    history = HistoricalRecords()

    class Meta(Text.Meta):
        ordering = ["order", "pk"]
        constraints = [
            has_source("chart_has_source"),
            models.CheckConstraint(
                condition=models.Q(publish_at=None) | ~models.Q(points=[]),
                name="chart_has_points",
                violation_error_message="A published chart needs figures or questions.",
            ),
            # Checking the first row is enough: `validate_points` requires that either
            # all rows have a figure or none does.
            models.CheckConstraint(
                condition=~models.Q(points__0__has_key="value") | ~models.Q(unit=""),
                name="chart_figures_have_unit",
                violation_error_message="Figures need a unit.",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("explained")

    @property
    def has_figures(self) -> bool:
        return any("value" in point for point in self.points)


class Page(SearchedText):
    """A page of the site whose text staff can edit, such as the privacy page."""

    slug = models.CharField(max_length=20, unique=True, choices=PageSlug)
    title = models.CharField(max_length=200, validators=[validate_line])
    lede = models.CharField(max_length=400, validators=[validate_line])
    body = models.TextField("text", validators=[validate_markdown])
    search = models.GeneratedField(
        expression=SearchVector(Fold("title"), weight="A", config="english")
        + SearchVector(Fold("words"), weight="B", config="english"),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    WORDS = ("title", "lede", "body")
    HEADING = "title"

    history = HistoricalRecords(excluded_fields=["search", "words"])

    class Meta(SearchedText.Meta):
        ordering = ["order", "pk"]
        # There is no index on `search`, because there is only one row per PageSlug.
        constraints = [
            models.CheckConstraint(
                condition=models.Q(publish_at=None)
                | ~models.Q(slug=PageSlug.EXPLAINED)
                | ~models.Q(sources=[]),
                name="explainer_has_source",
                violation_error_message=NEEDS_SOURCE,
            ),
            models.CheckConstraint(
                condition=~models.Q(slug=PageSlug.PRIVACY)
                | models.Q(publish_at__isnull=False),
                name="privacy_is_public",
                violation_error_message=ALWAYS_PUBLIC,
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def clean(self) -> None:
        unknown = [
            f"{{{{ {n} }}}}" for n in VALUE.findall(self.body) if n not in PRINTED
        ]
        unknown += [f"[[{n}]]" for n in self.parts() if not self.is_part(n)]
        # A form without the slug field skips constraints that use the slug, so check
        # their rules here. Also reject a future `publish_at` for the privacy page.
        if self.slug == PageSlug.PRIVACY and not self.is_public:
            raise ValidationError({"publish_at": ALWAYS_PUBLIC})
        if self.slug == PageSlug.EXPLAINED and self.publish_at and not self.sources:
            raise ValidationError({"sources": NEEDS_SOURCE})
        if unknown:
            sentence = f"Unknown names: {', '.join(unknown)}."
            raise ValidationError({"body": sentence})

    def lines(self) -> Iterable[str]:
        # Leave out the settings' values, which can change after the text is saved.
        return [self.lede, *paragraphs(VALUE.sub("…", self.body))]

    def parts(self) -> list[str]:
        """Return the names of the included parts, such as "timeline"."""
        return [name for name, _ in parts_of(parser.parse(self.body, {"prefix": ""}))]

    def is_part(self, name: str) -> bool:
        kind, _, slug = name.partition(":")
        if kind == "chart":
            return Chart.objects.filter(slug=slug).exists()
        return name == "timeline"

    def get_absolute_url(self) -> str:
        return reverse(self.slug)


def setting_values() -> dict[str, str]:
    return {
        name: printed(getattr(settings, setting)) for name, setting in PRINTED.items()
    }


def printed(value: Any) -> str:
    """Return a setting's value as words; a list becomes a sentence, or "" if empty."""
    if not isinstance(value, list):
        return str(value)
    return f"By name, they are: {'; '.join(value)}." if value else ""
