"""Measure the flags by labeled statements: python -m tests.voices.flag_measure

Somebody who had not seen the rules wrote the statements, before the rules were written.
"""

import csv
import sys
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from voices.flags import find, kinds
from voices.flags.rules import Rules

STATEMENTS = Path(__file__).parent / "flag_statements.csv"
# The labels that are not named like a kind of flag, with their kinds.
GROUPS = {"personal-details": kinds.PERSONAL}
FIRST_WORDS = import_module("voices.migrations.0007_first_flag_words").WORDS


@dataclass
class Figures:
    """How many statements have a label, how many were flagged, and how many both."""

    labeled: int = 0
    flagged: int = 0
    both: int = 0

    @property
    def precision(self) -> float:
        return self.both / self.flagged if self.flagged else 1

    @property
    def recall(self) -> float:
        return self.both / self.labeled if self.labeled else 1


def first_rules() -> Rules:
    """Return the rules of a new site."""
    return Rules(
        (kind, " ".join(words.split()))
        for kind, listed in FIRST_WORDS.items()
        for words in listed.split(",")
    )


def measure() -> dict[str, Figures]:
    """Return the figures of each label."""
    rules, figures = first_rules(), {}
    with STATEMENTS.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    labeled = [set(row["labels"].split()) for row in rows]
    found = [set(find.found_kinds([row["statement"]], rules)) for row in rows]
    for label in sorted(set().union(*labeled)):
        of_label = GROUPS.get(label, {label})
        pairs = [
            (label in labels, bool(seen & of_label))
            for labels, seen in zip(labeled, found, strict=True)
        ]
        figures[label] = Figures(
            labeled=sum(has for has, _ in pairs),
            flagged=sum(is_flagged for _, is_flagged in pairs),
            both=sum(has and is_flagged for has, is_flagged in pairs),
        )
    return figures


def table() -> str:
    """Return the figures as the table in docs/moderation.md."""
    lines = [
        "| flag | labeled | flagged | precision | recall |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {label} | {each.labeled} | {each.flagged} "
        f"| {each.precision:.0%} | {each.recall:.0%} |"
        for label, each in measure().items()
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(f"{table()}\n")
