"""Say what a state's facts mean for people there, and which law they can ask for."""

from dataclasses import dataclass

from rankings.scoring import SUABLE, Covers, Facts, Immunity, RightToSue, points_of
from rankings.states import in_sentence

# Meaning.fill() replaces the fields {state}, an adjective, and {constitution}.
RIGHTS = "rights under {constitution}, "
SUIT = {
    RightToSue.STATUTE: "a {state} statute lets you sue for money, within its limits.",
    RightToSue.COURT: (
        "{state} courts allow suits for money, within limits that they have set."
    ),
    RightToSue.COURT_NARROW: (
        "{state} courts allow suits for money, only over certain rights and within "
        "limits that they have set."
    ),
    RightToSue.UNCLEAR: (
        "it is not settled whether you can sue for money under {state} law."
    ),
    RightToSue.NONE: (
        "{state} law generally doesn’t let you sue for money over that violation "
        "itself. An ordinary injury suit may still be open to you."
    ),
}
EXTRA_ELEMENT = (
    "a {state} statute lets you sue for money, but generally only if you prove "
    "something more, such as threats or coercion."
)
ENTITY = (
    "{state} law allows some suits for money. They reach only or mainly a government "
    "body, within limits."
)
SHIELD = {
    Immunity.BARRED: (
        "A statute or court has rejected qualified or governmental immunity as a "
        "defense to that suit."
    ),
    Immunity.LIMITED: "Immunity is removed only in part, so it may end your suit.",
    Immunity.UNCLEAR: "It is not settled whether immunity can end your suit.",
    Immunity.APPLIES: "But immunity, or a similar test, can end your suit.",
    Immunity.CODIFIED: "But immunity can end your suit.",
}
FEDERAL = (
    "A suit under federal law may be open to you, but officials can raise qualified "
    "immunity there."
)

LET_PEOPLE_SUE = (
    "a law that lets people sue over rights in {constitution}, without immunity"
)
BAR_IMMUNITY = "a law that bars immunity in suits over rights in {constitution}"
NO_EXTRA_ELEMENT = (
    "a law that lets people sue without proving more than a violation of their rights"
)
EVERY_RIGHT = "a law that lets people sue over every right in {constitution}"
EVERY_OFFICIAL = "a law under which people can sue officials of every kind"
# Asked of D.C. as long as no law there is on record.
LET_PEOPLE_SUE_IN_DC = (
    "a law that lets people sue when officials violate their rights, without immunity"
)


@dataclass(frozen=True)
class Meaning:
    facts: Facts
    usps: str

    @property
    def is_dc(self) -> bool:
        return self.usps == "DC"

    def fill(self, text: str) -> str:
        """Replace the fields of a text; D.C. has no state constitution."""
        if self.is_dc:
            state, constitution = "D.C.", "the U.S. Constitution"
        else:
            state, constitution = "state", "the state constitution"
        return text.format(state=state, constitution=constitution)

    @property
    def is_assessed(self) -> bool:
        return points_of(self.facts) is not None

    @property
    def words(self) -> str:
        """What the facts mean for a reader; "" if the state is not assessed."""
        facts = self.facts
        if not self.is_assessed:
            return ""
        suable = facts.right_to_sue in SUABLE
        police = suable and facts.covers == Covers.POLICE
        who = "a police officer" if police else "an official"
        after = SHIELD[Immunity(facts.immunity)] if suable else FEDERAL
        begin = f"If {who} in {in_sentence(self.usps)} violates your "
        return begin + self.fill(f"{RIGHTS}{self.suit} {after}")

    @property
    def suit(self) -> str:
        right, covers = RightToSue(self.facts.right_to_sue), self.facts.covers
        if right == RightToSue.STATUTE and covers == Covers.NARROW:
            return EXTRA_ELEMENT
        if right in {RightToSue.STATUTE, RightToSue.COURT} and covers == Covers.ENTITY:
            return ENTITY
        return SUIT[right]

    @property
    def lawmakers(self) -> str:
        return "the D.C. Council" if self.is_dc else "your state’s lawmakers"

    @property
    def request(self) -> str:
        """What to ask the lawmakers for.

        It is "" if there is nothing left to ask for, or if the place is not assessed,
        except that D.C. gets a request as long as its right to sue is blank.
        """
        if self.is_dc and not self.facts.right_to_sue:
            return LET_PEOPLE_SUE_IN_DC
        return self.fill(self.missing_law) if self.is_assessed else ""

    @property
    def missing_law(self) -> str:
        facts = self.facts
        if facts.right_to_sue not in SUABLE:
            return LET_PEOPLE_SUE
        if facts.immunity != Immunity.BARRED:
            return BAR_IMMUNITY
        if facts.right_to_sue == RightToSue.COURT_NARROW:
            return EVERY_RIGHT
        if facts.covers == Covers.NARROW:
            return NO_EXTRA_ELEMENT
        return EVERY_OFFICIAL if facts.covers in {Covers.POLICE, Covers.ENTITY} else ""
