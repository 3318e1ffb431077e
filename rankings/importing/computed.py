"""Compute points, grades, and ranks from a file's rows, and find cells that differ."""

from collections.abc import Iterable, Mapping

from rankings.importing.cells import Choice
from rankings.scoring import PARTS, Facts, Rubric, Score, ranks, score

type Figures = dict[str, str]

FIGURES = ("points", "points_at_most", "group", "letter", "letter_at_most", "rank")
SCORED = {part.field: Choice(part.choices) for part in PARTS}


def scores_of(rows: Iterable[Mapping[str, str]], rubric: Rubric) -> dict[str, Score]:
    """Return each state's score; skip rows in which a scored fact is invalid."""
    scores = {}
    for row in rows:
        try:
            facts = {name: cell.clean(row[name]) for name, cell in SCORED.items()}
        except ValueError:
            continue
        scores[row["usps"].strip()] = score(Facts(**facts), rubric)
    return scores


def figures_of(scores: Mapping[str, Score]) -> dict[str, Figures]:
    """Return the computed columns for each state: state → column → text of the cell."""
    places = ranks(scores)
    return {
        usps: {
            name: "" if value is None else str(value)
            for name, value in zip(
                FIGURES,
                (
                    each.points,
                    each.points_at_most,
                    each.group,
                    each.letter,
                    each.letter_at_most,
                    places[usps],
                ),
                strict=True,
            )
        }
        for usps, each in scores.items()
    }


def contradictions(
    row: Mapping[str, str], right: Figures, *older: Figures
) -> dict[str, str]:
    """Return the computed cells that contradict the facts: column → error message.

    `right` has each column's correct value, and `older` has values from before the
    import. There is no error for a cell that is blank or has one of the older values.
    """
    found = {}
    for name in FIGURES:
        cell = row.get(name, "").strip().removesuffix(".0")
        if cell and all(cell != figures.get(name) for figures in (right, *older)):
            found[name] = (
                f"This is “{cell}”, but the facts in this row give "
                f"{right[name] or 'nothing'}. Correct it, or leave it blank."
            )
    return found
