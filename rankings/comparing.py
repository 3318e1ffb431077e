"""Compare two to four states side by side."""

from dataclasses import dataclass

from django.utils.text import get_text_list

from rankings.models import Edition
from rankings.profiles import Answer, Profile
from rankings.scoring import Part
from rankings.standings import Standings
from rankings.states import JURISDICTIONS

MIN_STATES, MAX_STATES = 2, 4


class CannotCompare(Exception):
    """The states can't be compared; the message tells the reader why."""


@dataclass(frozen=True)
class Question:
    part: Part
    # For each compared state, its name and its answer.
    answers: list[tuple[str, Answer]]


class Comparison:
    def __init__(self, edition: Edition, chosen: list[str]):
        self.standings = Standings(edition)
        known = edition.assessments.filter(usps__in=chosen)
        found = {a.usps: a for a in known.prefetch_related("citations")}
        self.profiles = [
            Profile(self.standings.by_usps[usps], found[usps])
            for usps in chosen
            if usps in found
        ]

    @property
    def title(self) -> str:
        return get_text_list([p.standing.name for p in self.profiles], "and")

    @property
    def title_in_sentence(self) -> str:
        return get_text_list([p.standing.place for p in self.profiles], "and")

    @property
    def has_limits(self) -> bool:
        return any(profile.assessment.limits for profile in self.profiles)

    @property
    def places(self) -> list[tuple[str, str]]:
        """Each state's code, and the state's name as it reads in a sentence."""
        return [(p.standing.usps, p.standing.place) for p in self.profiles]

    @property
    def questions(self) -> list[Question]:
        """The rubric's questions, each with the answers of all compared states."""
        names = [profile.standing.name for profile in self.profiles]
        by_state = [profile.answers for profile in self.profiles]
        return [
            Question(answers[0].part, list(zip(names, answers, strict=True)))
            for answers in zip(*by_state, strict=True)
        ]


def read_choice(codes: list[str]) -> list[str]:
    """Return the codes in uppercase, without blanks and duplicates.

    Raises CannotCompare if a code is unknown, if there is only one code, or if there
    are more than MAX_STATES codes.
    """
    chosen = list(dict.fromkeys(code.upper() for code in codes if code))
    if len(chosen) > MAX_STATES:
        raise CannotCompare(f"Compare at most {MAX_STATES} states at a time.")
    if any(code not in JURISDICTIONS for code in chosen):
        raise CannotCompare("There is no such state. Choose states from the lists.")
    if chosen and len(chosen) < MIN_STATES:
        raise CannotCompare("Choose at least two different states.")
    return chosen
