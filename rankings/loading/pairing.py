"""Turn the rows of an edition's files into facts and citations.

An authority is the statute or ruling that a citation cites (rankings/lists.py).

- A cell of citations is split at semicolons outside of parentheses and brackets. Each
  piece becomes a Citation. The column decides which part the citation supports.
- An entry in `citations_to_verify` marks every citation of the same authority as open.
  If no citation has that authority, the entry becomes a new Citation. The new
  citation's part is the local exception if the text about that exception contains the
  entry, else the part in `PART`, else “also considered”.
- A check (a row of `citation_checks.csv`) applies to each citation of the same
  authority in the same state, unless another check has exactly that citation's text. A
  check with the status `contradicted` applies to differently worded citations only if
  they have a signal such as `cf.`. A check that applies to no citation becomes a new
  Citation, whose part is chosen as for `citations_to_verify`.
- `source_urls` contains the URLs of the web pages that somebody consulted for the
  state's facts. The Institute for Justice's page becomes `ij_page`, and the other pages
  become `sources`.
- A citation's URL comes from `addresses.csv`. If that file has no URL for the citation,
  the first URL in the citation's first check is used, skipping websites that have shut
  down.
"""

from datetime import date

from rankings.lists import (
    has_signal,
    is_closed,
    is_ij_page,
    same_authority,
    split_addresses,
    split_citations,
)
from rankings.models import Citation

type Row = dict[str, str]

Part = Citation.Part
Finding = Citation.Finding
COLUMNS = {
    "right_to_sue_citation": Part.RIGHT_TO_SUE,
    "immunity_citation": Part.IMMUNITY,
}
NOT_CITED = " (not cited in the row)"
# A citation that isn't in the columns above → the part that the citation supports.
PART = {"Mont. Code Ann. § 2-9-305": Part.PAYER}
# Columns of states.csv whose text is copied to the Assessment field of the same name.
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


def facts(row: Row, grades_read_on: date) -> dict:
    """Return the assessment fields that a row of states.csv contains."""
    sources = split_addresses(row["source_urls"])
    ij_page = next((s for s in sources if is_ij_page(s, row["usps"])), "")
    return {
        **{name: row[name] for name in SAME_NAME},
        "year": int(row["year"]) if row["year"] else None,
        "ij_page": ij_page,
        "ij_read_on": grades_read_on if ij_page or row["ij_grade"] else None,
        "sources": "\n".join(s for s in sources if s != ij_page),
        "as_of": date.fromisoformat(row["as_of"]),
    }


def read_citations(row: Row, checks: list[Row], addresses: list[Row]) -> list[dict]:
    """Return each of the state's citations as a dict of fields, in display order."""
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
    """Return each citation's part, text, and checks; see the module docstring."""
    cited: list[tuple[str, str]] = [
        (part, text)
        for column, part in COLUMNS.items()
        for text in split_citations(row[column])
    ]
    cited += [
        (part_of(text, row), text)
        for text in to_verify
        if not any(same_authority(text, other) for _, other in cited)
    ]
    pairs = [(part, text, checks_of(text, checks)) for part, text in cited]
    for check in checks:
        if not any(check in its_checks for _, _, its_checks in pairs):
            text = check["citation"].removesuffix(NOT_CITED)
            pairs.append((part_of(text, row), text, [check]))
    return pairs


def checks_of(text: str, checks: list[Row]) -> list[Row]:
    """Return the checks that apply to the citation with this text.

    If there are checks of exactly this text, return only them.
    """
    exact = [check for check in checks if check["citation"] == text]
    return exact or [check for check in checks if belongs(check, text)]


def belongs(check: Row, text: str) -> bool:
    if not same_authority(check["citation"], text):
        return False
    # A check with the status `contradicted` doesn't apply to this differently worded
    # citation if the citation has no signal.
    return check["status"] != Finding.CONTRADICTED or has_signal(text)


def part_of(text: str, row: Row) -> str:
    if text in row["local_exception"]:
        return Part.LOCAL_EXCEPTION
    return PART.get(text, Part.CONTEXT)


def address(text: str, checks: list[Row], addresses: list[Row]) -> str:
    for row in addresses:
        if same_authority(text, row["citation"]):
            return row["address"]
    pages = split_addresses(checks[0]["source_url"]) if checks else []
    return next((page for page in pages if not is_closed(page)), "")


def found(checks: list[Row]) -> dict:
    """Return the citation fields that record what the checks found.

    If the checks have different statuses, `finding` is the status that supports the
    citation least.
    """
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
