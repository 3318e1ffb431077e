"""Assign professions to the eleven groups that visitors can filter statements by."""

import csv
import re
from functools import cache
from pathlib import Path

from django.db import models

WORDS_FILE = Path(__file__).parent / "data" / "profession_words.csv"


class ProfessionGroup(models.TextChoices):
    TRADES = "builders-and-trades", "Builders and trades"
    CLERGY = "clergy", "Clergy"
    FARMERS = "farmers", "Farmers"
    RESPONDERS = "first-responders", "First responders"
    HEALTH = "health-care", "Health care"
    LAW = "law", "Law"
    MILITARY = "military-and-veterans", "Military and veterans"
    PARENTS = "parents", "Parents"
    STUDENTS = "students", "Students"
    TEACHERS = "teachers", "Teachers"
    OTHER = "other", "Other"


@cache
def word_table() -> list[tuple[re.Pattern, ProfessionGroup]]:
    """Return the rows of WORDS_FILE as pairs of a pattern and a group.

    If several patterns match a profession, the first one determines the group.
    """
    with WORDS_FILE.open(newline="", encoding="utf-8") as file:
        return [
            (
                re.compile(rf"\b{re.escape(row['words'])}\b", re.IGNORECASE),
                ProfessionGroup(row["group"]),
            )
            for row in csv.DictReader(file)
        ]


def propose_group(profession: str) -> str:
    """Return the likely group of `profession`, or "" if `profession` is empty.

    Return OTHER if it contains no known word. Staff can change the group later.
    """
    if not profession:
        return ""
    for pattern, group in word_table():
        if pattern.search(profession):
            return group
    return ProfessionGroup.OTHER
