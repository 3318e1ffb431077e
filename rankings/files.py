"""The rankings as CSV and JSON files: every fact, citation, and computed value.

Don't rename columns or keys, because other people's programs read them. Add new columns
at the end. The CSV begins with the columns of `rankings/data/*/states.csv`, so that
staff can edit a download and import it.
"""

import csv
import datetime
from io import StringIO

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from core.public import Content, public_page
from rankings.lists import FORMULA, join_addresses, join_citations
from rankings.models import Assessment, Citation, Edition
from rankings.standings import Standing, Standings

LICENSE = "CC BY 4.0"
LICENSE_ADDRESS = "https://creativecommons.org/licenses/by/4.0/"
FACT_COLUMNS = [
    *("right_to_sue", "immunity", "covers", "payer", "payer_note", "year", "summary")
]
INSTITUTE = ["ij_grade", "ij_grade_basis", "ij_page", "ij_read_on"]
COLUMNS = [
    "usps",
    "name",
    "right_to_sue",
    "right_to_sue_citation",
    "immunity",
    "immunity_citation",
    "covers",
    "payer",
    "payer_note",
    "year",
    "summary",
    "local_exception",
    "ij_grade",
    "ij_grade_basis",
    "source_urls",
    "confidence",
    "citations_to_verify",
    "as_of",
    # The columns below aren't in states.csv. Add new columns at the end.
    "covers_citation",
    "payer_citation",
    "local_exception_citation",
    "context_citation",
    "ij_page",
    "ij_read_on",
    "points",
    "group",
    "letter",
    "rank",
    "edition",
    "lawyer_check",
    "license",
    "points_at_most",
    "letter_at_most",
    "limits",
]


@require_safe
@public_page(shows=[Content.RANKINGS])
def data_csv(request: HttpRequest, date: datetime.date | None = None) -> HttpResponse:
    standings = read(date)
    text = StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    for row in standings.rows:
        cells = flat(row, standings.edition)
        writer.writerow({name: safe(value) for name, value in cells.items()})
    name = f"state-rankings-{standings.edition.date}.csv"
    return HttpResponse(
        text.getvalue(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@require_safe
@public_page(shows=[Content.RANKINGS])
def data_json(request: HttpRequest, date: datetime.date | None = None) -> HttpResponse:
    standings = read(date)
    states = [nested(row, standings.edition) for row in standings.rows]
    return JsonResponse(states, safe=False, json_dumps_params={"ensure_ascii": False})


def read(date: datetime.date | None) -> Standings:
    """Return the standings of the published edition with this date.

    Without a date, use the current edition. Raises Http404 if there is no such edition.
    """
    editions = Edition.objects.published()
    edition = editions.filter(date=date).first() if date else editions.current()
    if edition is None:
        raise Http404
    return Standings(edition, edition.assessments.prefetch_related("citations"))


def safe(value: object) -> str:
    """Return the value as text that a spreadsheet won't run as a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA) else text


def figures(row: Standing, edition: Edition) -> dict:
    return {
        "points": row.score.points,
        "group": row.score.group,
        "letter": row.letter,
        "rank": row.rank,
        "edition": edition.date,
        "lawyer_check": lawyer_check(list(row.assessment.citations.all())),
        "points_at_most": row.score.points_at_most,
        "letter_at_most": row.score.letter_at_most,
    }


def lawyer_check(citations: list[Citation]) -> str:
    """Return "done" if a lawyer has checked all citations, else "pending".

    If there are no citations, return "pending", too.
    """
    done = all(citation.checked_at for citation in citations)
    return "done" if citations and done else "pending"


def flat(row: Standing, edition: Edition) -> dict:
    """Return a row of the CSV. Lists are joined into one cell, as in states.csv."""
    state = row.assessment
    citations = list(state.citations.all())
    pages = [page for page in [state.ij_page, *state.source_list] if page]
    return {
        "usps": state.usps,
        "name": state.name,
        **{name: getattr(state, name) for name in [*FACT_COLUMNS, *INSTITUTE]},
        "local_exception": state.local_exception,
        "source_urls": join_addresses(pages),
        "confidence": state.confidence,
        "citations_to_verify": join_citations([c.text for c in citations if c.is_open]),
        "as_of": state.as_of,
        **{
            f"{part}_citation": join_citations(
                [citation.text for citation in citations if citation.part == part]
            )
            for part in Citation.Part
        },
        **figures(row, edition),
        "license": f"{LICENSE} {LICENSE_ADDRESS}",
        "limits": state.limits,
    }


def nested(row: Standing, edition: Edition) -> dict:
    """Return a state's object in the JSON. Facts that aren't established are None."""
    state = row.assessment
    facts = {name: getattr(state, name) for name in [*FACT_COLUMNS, *INSTITUTE]}
    return {
        "usps": state.usps,
        "name": state.name,
        **{name: value or None for name, value in facts.items()},
        "local_exception": state.local_exception or None,
        "sources": state.source_list,
        "confidence": state.confidence or None,
        "as_of": state.as_of,
        "citations": [nested_citation(c, state) for c in state.citations.all()],
        **figures(row, edition),
        "parts": {
            score.part.field: {
                "points": score.points if row.score.assessed else None,
                "most": score.part.most,
                "counted": score.counted and row.score.assessed,
            }
            for score in row.score.parts
        },
        "page": f"{settings.SITE_URL}{row.url}",
        "license": LICENSE,
        "license_address": LICENSE_ADDRESS,
        "limits": state.limits or None,
    }


def nested_citation(citation: Citation, state: Assessment) -> dict:
    return {
        "part": citation.part,
        "text": citation.text,
        "address": citation.address or None,
        "confidence": citation.confidence or state.confidence or None,
        "open": citation.is_open,
        "finding": citation.finding or None,
        "point": citation.point or None,
        "seen": citation.seen or None,
        "seen_at": citation.seen_list,
        "seen_on": citation.seen_on,
        "checked_by_lawyer_on": citation.checked_at
        and timezone.localdate(citation.checked_at),
    }
