"""Find invalid, contradictory, and missing data in an edition's files."""

from collections.abc import Iterator
from datetime import date

from django.core.exceptions import ValidationError
from django.db import IntegrityError

from rankings.importing.computed import Figures, contradictions, figures_of, scores_of
from rankings.importing.resource import by_column
from rankings.loading.files import CHECKS, STATES, Content
from rankings.loading.pairing import Row
from rankings.models import Assessment, Citation
from rankings.scoring import rubric_of
from rankings.states import JURISDICTIONS

# The column of a cell, and a sentence about what is wrong with the cell.
type Problem = tuple[str, str]


def problems(content: Content) -> list[str]:
    """Return a sentence for each problem.

    Each sentence names the file and, if a cell is wrong, the cell's row and column.
    Rows of states.csv are checked as a whole only if all files' cells are valid.
    """
    found = [
        at(content, name, number, column, sentence)
        for name, rows in content.tables.items()
        for number, row in enumerate(rows, 2)
        for column, sentence in of_cells(name, row)
    ]
    found = found or [
        at(content, STATES, number, column, sentence)
        for number, column, sentence in of_states(content)
    ]
    there = {row["usps"] for row in content.rows}
    missing = [name for usps, name in JURISDICTIONS.items() if usps not in there]
    if missing:
        found.append(f"{content.files.named(STATES)}: No row for {', '.join(missing)}.")
    return found


def at(content: Content, name: str, number: int, column: str, sentence: str) -> str:
    return f"{content.files.named(name)}: Row {number}, column {column}: {sentence}"


def of_cells(name: str, row: Row) -> Iterator[Problem]:
    """Yield a problem for each cell that is invalid by itself."""
    if row["usps"] not in JURISDICTIONS:
        yield "usps", f"“{row['usps']}” is not a state code."
    elif name == STATES and row["name"] != JURISDICTIONS[row["usps"]]:
        yield "name", f"{row['usps']} is {JURISDICTIONS[row['usps']]}."
    if name == CHECKS and row["status"] not in Citation.Finding.values:
        yield "status", f"Use {', '.join(Citation.Finding.values)}."
    for column in {"as_of", "checked_on"} & row.keys():
        try:
            date.fromisoformat(row[column])
        except ValueError:
            yield column, f"“{row[column]}” is not a date. Write it as 2026-11-22."
    year = row.get("year", "")
    if year and not (year.isascii() and year.isdigit()):
        yield "year", f"“{year}” is not a year. Write it as 1992."


def of_states(content: Content) -> Iterator[tuple[int, str, str]]:
    """Yield a row number, column, and sentence for each problem in `states.csv`.

    Finds repeated states, values that the Assessment model rejects, and computed cells
    that contradict the facts. `of_cells` finds other problems.
    """
    figures = figures_of(scores_of(content.rows, rubric_of(content.date)))
    first: dict[str, int] = {}
    for number, row in enumerate(content.rows, 2):
        usps = row["usps"]
        if usps in first:
            yield number, "usps", f"{usps} is already in row {first[usps]}."
        first.setdefault(usps, number)
        for column, sentence in of_facts(content, row, figures.get(usps)):
            yield number, column, sentence


def broken_rule(content: Content, number: int, error: IntegrityError) -> str:
    """Return a sentence about the constraint that row `number` of states.csv violates.

    The database checks the constraints, because Django would need a query for each
    constraint and row. Raises `error` again if it isn't about such a constraint.
    """
    diagnosis = getattr(error.__cause__, "diag", None)
    for rule in Assessment._meta.constraints:
        if diagnosis and rule.name == diagnosis.constraint_name:
            column = rule.violation_error_code or "usps"
            sentence = str(rule.violation_error_message)
            return at(content, STATES, number, column, sentence)
    raise error


def of_facts(content: Content, row: Row, right: Figures | None) -> Iterator[Problem]:
    assessment = Assessment(usps=row["usps"], **content.fields(row))
    try:
        assessment.clean_fields(exclude=["edition"])
    except ValidationError as error:
        for column, errors in by_column(error).items():
            for each in errors:
                yield column, " ".join(each.messages)
    if right:
        yield from contradictions(row, right).items()
