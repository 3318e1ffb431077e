"""Load an edition of the rankings from `rankings/data/`.

The first edition is published as soon as it is loaded. If another edition already
exists, the one in the files becomes a draft for staff to review and publish.

The command is idempotent. It never changes published editions. In a draft, it adds what
is missing and corrects what nobody has edited. It skips and reports states whose
assessment staff have edited or whose citations are checked.

`states.csv` holds the facts, one row per state; `citation_checks.csv` holds what
looking up each citation showed, and where. The files are matched as follows:

- A cell of citations is split at semicolons outside of brackets (rankings/lists.py).
  Each citation becomes a row for the part of its column.
- `citations_to_verify` marks the citation with the same authority as open. A citation
  that no column contains becomes a separate row: for the local exception if that
  contains the citation, else under “also considered”.
- A check belongs to each citation of its state with the same authority. If it
  contradicts the citation, it belongs only to citations with a signal such as `cf.`. A
  check that matches no citation becomes a separate row, under “also considered” unless
  `PART` says otherwise.
- `source_urls` belong to the row as a whole. The Institute for Justice's page on the
  state is one of the facts; the rest are the other pages read. A citation's URL comes
  from `addresses.csv`, a manual list of which URL is about which citation; else it is
  the first URL of its check; else there is none.
"""

import csv
from collections import defaultdict
from datetime import date
from pathlib import Path

from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone

from rankings.lists import (
    has_signal,
    is_ij_page,
    same_authority,
    split_addresses,
    split_citations,
)
from rankings.models import Assessment, Citation, Edition

type Row = dict[str, str]

DATA = Path(__file__).parents[2] / "data"
TITLE = "First edition"
Part = Citation.Part
Finding = Citation.Finding
COLUMNS = {
    "right_to_sue_citation": Part.RIGHT_TO_SUE,
    "immunity_citation": Part.IMMUNITY,
}
NOT_CITED = " (not cited in the row)"
# Maps citations that are in no column to the part that they are about.
PART = {"Mont. Code Ann. § 2-9-305": Part.PAYER}
CITATION_FIELDS = [
    *("part", "position", "text", "address", "to_verify"),
    *("finding", "point", "seen", "seen_at", "seen_on"),
]
# Fields with the same name in a row and in an assessment.
SAME_NAME = [
    "right_to_sue",
    "immunity",
    "covers",
    "payer",
    "payer_note",
    "summary",
    "local_exception",
    "ij_grade",
    "ij_grade_basis",
    "confidence",
]


class Command(BaseCommand):
    help = "Load the edition in the files, without changing what staff have touched."

    @transaction.atomic
    def handle(self, *args: object, **options: object) -> None:
        rows = read("states.csv")
        edition = find_edition(max(date.fromisoformat(row["as_of"]) for row in rows))
        if edition.is_published:
            self.stdout.write(f"Rankings already published: {edition}")
            return
        checks, addresses = by_state("citation_checks.csv"), by_state("addresses.csv")
        outcomes = [
            load(edition, row, checks[row["usps"]], addresses[row["usps"]])
            for row in rows
        ]
        for outcome in ("added", "corrected", "unchanged", "left to staff"):
            if count := outcomes.count(outcome):
                self.stdout.write(f"Rankings of states {outcome}: {count}")
        if Edition.objects.exclude(pk=edition.pk).exists():
            self.stdout.write(f"Rankings to be published by staff: {edition}")
        else:
            edition.published_at = timezone.now()
            edition.save()


def read(name: str) -> list[Row]:
    with (DATA / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def by_state(name: str) -> dict[str, list[Row]]:
    rows = defaultdict(list)
    for row in read(name):
        rows[row["usps"]].append(row)
    return rows


def notes() -> str:
    """Return what readers should know about the edition."""
    return (DATA / "notes.txt").read_text(encoding="utf-8").strip()


def find_edition(day: date) -> Edition:
    Edition.objects.get_or_create(date=day, defaults={"title": TITLE, "notes": notes()})
    # Concurrent loads take turns.
    return Edition.objects.select_for_update().get(date=day)


def load(edition: Edition, row: Row, checks: list[Row], addresses: list[Row]) -> str:
    """Make one state match its row and return what was done."""
    fields = facts(row)
    citations = read_citations(row, checks, addresses)
    assessment = (
        edition.assessments.select_for_update().filter(usps=row["usps"]).first()
    )
    if assessment is None:
        assessment = edition.assessments.create(usps=row["usps"], **fields)
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


def facts(row: Row) -> dict:
    """Return the assessment's fields; the row's date also dates the grade."""
    as_of = date.fromisoformat(row["as_of"])
    sources = split_addresses(row["source_urls"])
    ij_page = next((s for s in sources if is_ij_page(s, row["usps"])), "")
    return {
        **{name: row[name] for name in SAME_NAME},
        "year": int(row["year"]) if row["year"] else None,
        "ij_page": ij_page,
        "ij_read_on": as_of if ij_page or row["ij_grade"] else None,
        "sources": "\n".join(s for s in sources if s != ij_page),
        "as_of": as_of,
    }


def read_citations(row: Row, checks: list[Row], addresses: list[Row]) -> list[dict]:
    """Return the fields of the state's citations, in display order."""
    to_verify = split_citations(row["citations_to_verify"])
    return [
        {
            "part": part,
            "position": position,
            "text": text,
            "address": address(text, its_checks, addresses),
            "to_verify": any(same_authority(text, other) for other in to_verify),
            **found(its_checks),
        }
        for position, (part, text, its_checks) in enumerate(
            pair(row, to_verify, checks)
        )
    ]


def pair(
    row: Row, to_verify: list[str], checks: list[Row]
) -> list[tuple[str, str, list[Row]]]:
    """Return part, text, and checks of each citation, by the module's rules."""
    pairs: list[tuple[str, str, list[Row]]] = [
        (part, text, [check for check in checks if belongs(check, text)])
        for column, part in COLUMNS.items()
        for text in split_citations(row[column])
    ]
    for text in to_verify:
        if not any(same_authority(text, other) for _, other, _ in pairs):
            its_checks = [check for check in checks if belongs(check, text)]
            pairs.append((part_of(text, row), text, its_checks))
    for check in checks:
        if not any(check in its_checks for _, _, its_checks in pairs):
            text = check["citation"].removesuffix(NOT_CITED)
            pairs.append((part_of(text, row), text, [check]))
    return pairs


def belongs(check: Row, text: str) -> bool:
    if not same_authority(check["citation"], text):
        return False
    # A contradicting check doesn't apply to the same case cited without a signal.
    return check["status"] != Finding.CONTRADICTED or has_signal(text)


def part_of(text: str, row: Row) -> str:
    if text in row["local_exception"]:
        return Part.LOCAL_EXCEPTION
    return PART.get(text, Part.CONTEXT)


def address(text: str, checks: list[Row], addresses: list[Row]) -> str:
    for row in addresses:
        if same_authority(text, row["citation"]):
            return row["address"]
    return split_addresses(checks[0]["source_url"])[0] if checks else ""


def found(checks: list[Row]) -> dict:
    """Return what the checks saw; with several checks, the weakest finding."""
    order = ["", *Finding.values]
    pages = [page for check in checks for page in split_addresses(check["source_url"])]
    days = [date.fromisoformat(check["checked_on"]) for check in checks]
    return {
        "finding": max(
            (check["status"] for check in checks), key=order.index, default=""
        ),
        "point": "\n".join(check["supports"] for check in checks),
        "seen": "\n".join(check["what_was_seen"] for check in checks),
        "seen_at": "\n".join(pages),
        "seen_on": max(days, default=None),
    }
