"""What a state's facts mean for a reader, and what a reader can ask for."""

from dataclasses import dataclass

from rankings.scoring import SUABLE, Covers, Facts, Immunity, RightToSue

VIOLATES = "If {who} in {place} violates your rights under the state constitution, "
SUIT = {
    RightToSue.STATUTE: "you can sue for money under state law.",
    RightToSue.COURT: "you can sue for money under state law.",
    RightToSue.COURT_NARROW: (
        "you can sue for money under state law, but only over certain rights."
    ),
    RightToSue.UNCLEAR: (
        "it is not settled whether you can sue for money under state law."
    ),
    RightToSue.NONE: "you can’t sue for money over that under state law.",
}
EXTRA_ELEMENT = (
    "you can sue for money under state law, but only if you prove something more, such "
    "as threats or coercion."
)
ENTITY = (
    "you can sue for money under state law. The suit reaches only or mainly the "
    "government body."
)
SHIELD = {
    Immunity.BARRED: "Immunity doesn’t stand in the way.",
    Immunity.LIMITED: "In some cases, immunity can still stand in the way.",
    Immunity.UNCLEAR: "It is not settled whether immunity can end your suit.",
    Immunity.APPLIES: "But immunity can end your suit.",
    Immunity.CODIFIED: "But immunity can end your suit.",
}
FEDERAL = (
    "A suit under federal law may be open to you, but qualified immunity applies there."
)

LET_PEOPLE_SUE = (
    "a law that lets people sue over rights in the state constitution, without immunity"
)
BAR_IMMUNITY = "a law that bars immunity in suits over rights in the state constitution"
NO_EXTRA_ELEMENT = (
    "a law that lets people sue without proving more than a violation of their rights"
)
EVERY_RIGHT = "a law that lets people sue over every right in the state constitution"
EVERY_OFFICIAL = "a law under which people can sue officials of every kind"


@dataclass(frozen=True)
class Meaning:
    facts: Facts
    place: str

    @property
    def words(self) -> str:
        """What it means for me; "" if the state is not assessed."""
        facts = self.facts
        suable = facts.right_to_sue in SUABLE
        if not facts.right_to_sue or (suable and not facts.immunity):
            return ""
        police = suable and facts.covers == Covers.POLICE
        who = "a police officer" if police else "an official"
        after = SHIELD[Immunity(facts.immunity)] if suable else FEDERAL
        return f"{VIOLATES.format(who=who, place=self.place)}{self.suit} {after}"

    @property
    def suit(self) -> str:
        right, covers = RightToSue(self.facts.right_to_sue), self.facts.covers
        if right == RightToSue.STATUTE and covers == Covers.NARROW:
            return EXTRA_ELEMENT
        if right in {RightToSue.STATUTE, RightToSue.COURT} and covers == Covers.ENTITY:
            return ENTITY
        return SUIT[right]

    @property
    def request(self) -> str:
        """What to ask the state's lawmakers for; "" if nothing is left to ask."""
        facts = self.facts
        if facts.right_to_sue not in SUABLE or not facts.immunity:
            return LET_PEOPLE_SUE
        if facts.immunity != Immunity.BARRED:
            return BAR_IMMUNITY
        if facts.right_to_sue == RightToSue.COURT_NARROW:
            return EVERY_RIGHT
        if facts.covers == Covers.NARROW:
            return NO_EXTRA_ELEMENT
        return EVERY_OFFICIAL if facts.covers in {Covers.POLICE, Covers.ENTITY} else ""
