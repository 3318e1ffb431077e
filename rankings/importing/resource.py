"""Convert rows of the CSV to assessments with their citations.

The columns are those of `/rankings/data.csv`, so that a download can be edited and
imported. Computed columns aren't stored. If a value in one of the columns FIGURES
contradicts the facts, an error is reported, unless the value was correct before the
import.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from django.contrib.auth.models import User
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db.models import QuerySet
from django.utils import timezone
from import_export import fields, instance_loaders, resources
from import_export.results import Error, Result
from import_export.widgets import Widget

from rankings import scoring
from rankings.effect import in_words
from rankings.importing.cells import (
    Choice,
    Citations,
    Day,
    OfPart,
    Open,
    Sources,
    Text,
    Year,
    citation_texts,
)
from rankings.importing.computed import (
    FIGURES,
    Figures,
    contradictions,
    figures_of,
    scores_of,
)
from rankings.models import Assessment, Citation, Edition
from rankings.states import JURISDICTIONS

if TYPE_CHECKING:
    from rankings.importing.admin import Target

FACT_COLUMNS = [
    *("right_to_sue", "immunity", "covers", "payer", "payer_note", "year", "summary"),
    *("local_exception", "ij_grade", "ij_grade_basis", "confidence", "as_of"),
]
# The required columns, which are those of `rankings/data/*/states.csv`.
COLUMNS = {
    *("usps", "name", *FACT_COLUMNS, "source_urls", "citations_to_verify"),
    *("right_to_sue_citation", "immunity_citation"),
}
CITATIONS = {f"{part}_citation": part for part in Citation.Part}
OPTIONAL = {*CITATIONS, "limits", "ij_page", "ij_read_on"} - COLUMNS
# The columns in import order. `citations_to_verify` is last, because it refers to the
# citations in other columns.
FIELDS = [
    *("usps", *FACT_COLUMNS, "limits", "source_urls", "ij_page", "ij_read_on"),
    *(*CITATIONS, "citations_to_verify"),
]
COMPUTED = {*FIGURES, "edition", "lawyer_check", "license"}


@dataclass(frozen=True)
class Change:
    """A change that an import would make to one column of a state."""

    column: str
    before: str
    after: str


class Changes(resources.Diff):
    """The changes to a state, as a list instead of HTML.

    Our CSP would block the inline styles in the HTML that import-export makes.
    """

    def __init__(
        self, resource: resources.Resource, instance: Assessment, new: bool
    ) -> None:
        super().__init__(resource, instance, new)
        self.columns = resource.get_diff_headers()

    def as_html(self) -> list[Change]:
        return [
            Change(column, "" if self.new else before, after)
            for column, before, after in zip(
                self.columns, self.left, self.right, strict=True
            )
            if before != after and (after or not self.new)
        ]


class ImportProblem(Error):
    """An error about the whole file, or an unexpected exception in a row."""

    @property
    def messages(self) -> list[str]:
        return getattr(self.error, "messages", None) or [
            f"It could not be saved: {type(self.error).__name__}."
        ]


def field(name: str, widget: Widget) -> fields.Field:
    return fields.Field(attribute=name, column_name=name, widget=widget)


class AssessmentResource(resources.ModelResource):
    """Import rows as the assessments of one draft.

    For a preview, import-export runs the whole import and then rolls it back.
    """

    usps = field("usps", Text())
    right_to_sue = field("right_to_sue", Choice(scoring.RightToSue))
    immunity = field("immunity", Choice(scoring.Immunity))
    covers = field("covers", Choice(scoring.Covers))
    payer = field("payer", Choice(scoring.Payer))
    payer_note = field("payer_note", Text())
    year = field("year", Year())
    summary = field("summary", Text(most=600))
    local_exception = field("local_exception", Text(most=600))
    limits = field("limits", Text(most=600))
    ij_grade = field("ij_grade", Text())
    ij_grade_basis = field("ij_grade_basis", Choice(Assessment.Basis))
    confidence = field("confidence", Choice(Assessment.Confidence))
    as_of = field("as_of", Day())
    source_urls = Sources("sources", "source_urls")
    ij_page = field("ij_page", Text())
    ij_read_on = field("ij_read_on", Day())
    right_to_sue_citation = OfPart("right_to_sue", "right_to_sue_citation", Citations())
    immunity_citation = OfPart("immunity", "immunity_citation", Citations())
    covers_citation = OfPart("covers", "covers_citation", Citations())
    payer_citation = OfPart("payer", "payer_citation", Citations())
    local_exception_citation = OfPart(
        "local_exception", "local_exception_citation", Citations()
    )
    context_citation = OfPart("context", "context_citation", Citations())
    citations_to_verify = Open("to_verify", "citations_to_verify", Citations())

    class Meta:
        model = Assessment
        fields = FIELDS
        import_id_fields = ["usps"]
        instance_loader_class = instance_loaders.CachedInstanceLoader
        skip_unchanged = True
        clean_model_instances = True
        store_instance = True

    def __init__(self, target: "Target | None" = None) -> None:
        """Prepare to import into the target's draft.

        Without a target, the resource can't import; it can only list its columns.
        """
        super().__init__()
        self.target = target
        self.edition: Edition | None = None
        self.row_of: dict[str, int] = {}
        # The values of the computed columns, by state. `older` has the values in the
        # draft and in the current edition before the import. `figures` has the values
        # in the draft after the import.
        self.older: list[dict[str, Figures]] = []
        self.figures: dict[str, Figures] = {}

    @classmethod
    def get_diff_class(cls) -> type[Changes]:
        return Changes

    @classmethod
    def get_error_result_class(cls) -> type[ImportProblem]:
        return ImportProblem

    def get_queryset(self) -> QuerySet[Assessment]:
        if self.edition is None:
            return Assessment.objects.none()
        return self.edition.assessments.prefetch_related("citations")

    def before_import(self, dataset: Any, **kwargs: Any) -> None:
        try:
            self.edition = cast("Target", self.target).open()
        except ValidationError:
            # Drop the file's rows, because they can't be checked without a draft.
            dataset.wipe()
            raise
        self.score(dataset.dict)

    def score(self, rows: list[dict[str, str]]) -> None:
        """Compute the values that the file's computed columns are allowed to have.

        A cell may also have the value from before the import, in the draft or the
        current edition. Somebody who edits the facts in a downloaded file usually
        leaves its computed columns unchanged.
        """
        draft, current = cast(Edition, self.edition), Edition.objects.current()
        stored = scores_in(draft)
        imported = scores_of(rows, draft.rubric)
        # Ranks depend on all states of the draft, but only the file's rows are checked.
        figures = figures_of(stored | imported)
        self.figures = {usps: figures[usps] for usps in imported}
        self.older = [figures_of(stored)]
        if current:
            self.older.append(figures_of(scores_in(current)))

    def after_import(self, dataset: Any, result: Result, **kwargs: object) -> None:
        """Do nothing: the parent's method would reset the database's id sequences.

        The file contains no ids, so this isn't needed. It would also fail, because only
        the database role that owns the tables may reset the sequences.
        """

    def before_import_row(
        self, row: Mapping[str, str], row_number: int | None = None, **kwargs: Any
    ) -> None:
        """Raise ValidationError if the state is unknown, repeated, or misnamed."""
        usps, number = row["usps"].strip(), cast(int, row_number) + 1
        if usps not in JURISDICTIONS:
            raise ValidationError({"usps": f"“{usps}” is not a state code."})
        if usps in self.row_of:
            raise ValidationError(
                {"usps": f"{usps} is already in row {self.row_of[usps]}."}
            )
        self.row_of[usps] = number
        if row["name"].strip() != JURISDICTIONS[usps]:
            raise ValidationError(
                {"name": f"{usps} is {JURISDICTIONS[usps]}, not “{row['name']}”."}
            )

    def init_instance(self, row: Mapping[str, str] | None = None) -> Assessment:
        return Assessment(edition=self.edition)

    def after_init_instance(
        self, instance: Any, new: bool, row: Mapping[str, str], **kwargs: Any
    ) -> None:
        # Store a list, because import-export compares the instance with a copy, which
        # doesn't have the prefetched citations.
        instance.stored = [] if new else list(instance.citations.all())

    def import_instance(
        self, instance: Assessment, row: Mapping[str, str], **kwargs: Any
    ) -> None:
        """Import every column, then raise one ValidationError for all invalid cells."""
        errors = {}
        for each in self.get_import_fields():
            try:
                self.import_field(each, instance, row, **kwargs)
            except ValueError as error:
                errors[each.column_name] = ValidationError(str(error))
        if right := self.figures.get(instance.usps):
            older = [figures.get(instance.usps, {}) for figures in self.older]
            for column, sentence in contradictions(row, right, *older).items():
                errors[column] = ValidationError(sentence)
        if "ij_read_on" not in row and (instance.ij_page or instance.ij_grade):
            instance.ij_read_on = instance.ij_read_on or instance.as_of
        if errors:
            raise ValidationError(errors)

    def validate_instance(
        self,
        instance: Assessment,
        import_validation_errors: dict[str, ValidationError] | None = None,
        **kwargs: Any,
    ) -> None:
        try:
            super().validate_instance(instance, import_validation_errors, **kwargs)
        except ValidationError as error:
            raise ValidationError(by_column(error)) from None

    def before_save_instance(
        self,
        instance: Assessment,
        row: Mapping[str, str],
        user: User | None = None,
        **kwargs: Any,
    ) -> None:
        instance.edited_at, instance.edited_by = timezone.now(), user

    def after_save_instance(
        self, instance: Assessment, row: Mapping[str, str], **kwargs: Any
    ) -> None:
        write_citations(instance)

    def after_import_row(
        self, row: Mapping[str, str], row_result: Any, **kwargs: Any
    ) -> None:
        if row_result.is_valid():
            was, now = row_result.original, row_result.instance
            row_result.usps, row_result.name = now.usps, now.name
            edition = cast(Edition, self.edition)
            row_result.before = was and in_words(edition.score(was))
            row_result.after = in_words(edition.score(now))


def scores_in(edition: Edition) -> dict[str, scoring.Score]:
    return {each.usps: edition.score(each) for each in edition.assessments.all()}


def by_column(error: ValidationError) -> dict[str, list[ValidationError]]:
    """Return the errors by column of the CSV.

    The column of an error about the whole model is the error's code, or else `usps`.
    """
    found: dict[str, list[ValidationError]] = {}
    for name, errors in error.error_dict.items():
        for each in errors:
            column = (each.code or "usps") if name == NON_FIELD_ERRORS else name
            column = {"sources": "source_urls"}.get(column, column)
            found.setdefault(column, []).append(each)
    return found


def write_citations(assessment: Any) -> None:
    """Save the file's citations. Citations with unchanged text keep their checks."""
    stored = assessment.stored
    open_ones = assessment.to_verify
    for part, texts in assessment.imported.items():
        write_part(assessment, part, texts, [c for c in stored if c.part == part])
    known = {*citation_texts(assessment)}
    added = [text for text in open_ones if text not in known]
    Citation.objects.bulk_create(
        Citation(assessment=assessment, part=Citation.Part.CONTEXT, text=text)
        for text in added
    )
    citations = Citation.objects.filter(assessment=assessment, checked_at=None)
    citations.filter(text__in=open_ones).update(to_verify=True)
    citations.exclude(text__in=open_ones).update(to_verify=False)


def write_part(
    assessment: Assessment, part: str, texts: list[str], stored: Sequence[Citation]
) -> None:
    if texts == [citation.text for citation in stored]:
        return
    by_text = {citation.text: citation for citation in stored}
    gone = [citation.pk for text, citation in by_text.items() if text not in texts]
    Citation.objects.filter(pk__in=gone).delete()
    first = min((citation.position for citation in stored), default=0)
    kept, new = [], []
    for position, text in enumerate(texts, first):
        citation = by_text.get(text)
        if citation is None:
            new.append(Citation(assessment=assessment, part=part, text=text))
            new[-1].position = position
        else:
            citation.position = position
            kept.append(citation)
    Citation.objects.bulk_update(kept, ["position"])
    Citation.objects.bulk_create(new)
