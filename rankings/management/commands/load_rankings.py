"""Load the editions of the rankings from `rankings/data/`.

The command publishes the editions that it loads. But if the database contains any other
edition, including an edition that an earlier run published, the loaded editions become
drafts, which staff review and publish.

The command is idempotent and never changes published editions. In a draft, it adds
missing states and corrects states that differ from the files. But it doesn't correct a
state if staff edited the assessment or a lawyer checked one of the citations; it prints
the number of states that it left unchanged for this reason. If it finds an error in the
files, it prints where the error is and stores nothing.

rankings/loading/files.py says what the files contain, and rankings/loading/pairing.py
says how checks are matched to citations.
"""

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import IntegrityError, transaction
from django.utils import timezone

from rankings.loading.check import broken_rule, problems
from rankings.loading.files import ADDRESSES, CHECKS, EDITIONS, Content, read
from rankings.loading.pairing import Row, read_citations
from rankings.models import Assessment, Citation, Edition

NOTHING_STORED = "Nothing was stored."
CITATION_FIELDS = [
    *("part", "position", "text", "address", "to_verify"),
    *("finding", "point", "seen", "seen_at", "seen_on"),
]


class Command(BaseCommand):
    help = "Load the editions in rankings/data/; keep what staff edited or checked."

    @transaction.atomic
    def handle(self, *args: object, **options: object) -> None:
        ours = []
        for content in read_editions():
            edition = find_edition(content)
            if edition.is_published:
                self.stdout.write(f"Rankings already published: {edition}")
                continue
            self.load(edition, content)
            ours.append(edition.pk)
            if Edition.objects.exclude(pk__in=ours).exists():
                self.stdout.write(f"Rankings to be published by staff: {edition}")
            else:
                edition.published_at = timezone.now()
                edition.save()

    def load(self, edition: Edition, content: Content) -> None:
        outcomes = []
        for number, row in enumerate(content.rows, 2):
            try:
                outcomes.append(load(edition, content, row))
            except IntegrityError as error:
                sentence = broken_rule(content, number, error)
                raise CommandError(f"{sentence}\n{NOTHING_STORED}") from error
        for outcome in ("added", "corrected", "unchanged", "left to staff"):
            if count := outcomes.count(outcome):
                self.stdout.write(f"{edition.title}, states {outcome}: {count}")


def read_editions() -> list[Content]:
    """Return the contents of all editions; raises CommandError with all errors."""
    editions, errors = [], []
    for files in EDITIONS:
        try:
            content = read(files)
        except ValidationError as error:
            errors += error.messages
        else:
            editions.append(content)
            errors += problems(content)
    if errors:
        raise CommandError("\n".join([*errors, NOTHING_STORED]))
    return editions


def find_edition(content: Content) -> Edition:
    Edition.objects.get_or_create(
        date=content.date,
        defaults={"title": content.files.title, "notes": content.notes},
    )
    # Lock the row, so that a concurrent run of the command waits.
    return Edition.objects.select_for_update().get(date=content.date)


def load(edition: Edition, content: Content, row: Row) -> str:
    """Make one state's assessment match `row`; return the outcome, such as "added".

    Changes nothing if staff edited the assessment or a lawyer checked a citation.
    """
    usps = row["usps"]
    fields = content.fields(row)
    citations = read_citations(
        row, content.of(CHECKS, usps), content.of(ADDRESSES, usps)
    )
    assessment = edition.assessments.select_for_update().filter(usps=usps).first()
    if assessment is None:
        assessment = edition.assessments.create(usps=usps, **fields)
        write(assessment, citations)
        return "added"
    if is_same(assessment, fields, citations):
        return "unchanged"
    checked = assessment.citations.filter(checked_at__isnull=False).exists()
    if assessment.edited_at or checked:
        return "left to staff"
    for name, value in fields.items():
        setattr(assessment, name, value)
    assessment.save()
    assessment.citations.all().delete()
    write(assessment, citations)
    return "corrected"


def is_same(assessment: Assessment, fields: dict, citations: list[dict]) -> bool:
    stored = list(assessment.citations.values(*CITATION_FIELDS))
    return stored == citations and all(
        getattr(assessment, name) == value for name, value in fields.items()
    )


def write(assessment: Assessment, citations: list[dict]) -> None:
    Citation.objects.bulk_create(
        Citation(assessment=assessment, **fields) for fields in citations
    )
