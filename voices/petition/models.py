from typing import Self

from django.db import models, transaction
from django.db.models.functions import Now

from core import locks
from core.memory import PETITION, memory
from core.public import Content
from core.triggers import AppendOnly, PagesChange
from rankings.states import PLACES, in_sentence

# Placeholder for the addressee in the second sentence.
LAWMAKERS = "{lawmakers}"
STATE_LAWMAKERS = "my state’s lawmakers"
# The addressee in the second sentence for signers from places that aren't states. ""
# means that there is no addressee, so these signers sign only the first sentence.
OTHER_LAWMAKERS = {
    "DC": "the D.C. Council",
    **dict.fromkeys(("AS", "GU", "MP", "PR", "VI"), "my legislature"),
    "AA": "",
}


def addressees(state: str) -> str:
    """Return whom the petition addresses if the signer is from `state`.

    If `state` is "", the phrase fits every state, D.C., and the territories.
    """
    if state == "AA":
        return "The U.S. Congress"
    if state == "DC":
        return "The U.S. Congress and the D.C. Council"
    if not state:
        whom = "the lawmakers of your state, D.C., or territory"
    elif state in OTHER_LAWMAKERS:
        whom = f"the legislature of {in_sentence(state)}"
    else:
        whom = f"the lawmakers of {PLACES[state]}"
    return f"The U.S. Congress and {whom}"


def addressees_by_state() -> dict[str, str]:
    """Return the addressees for each place; the key "" fits all of them."""
    return {state: addressees(state) for state in ["", *PLACES]}


class PetitionQuerySet(models.QuerySet["Petition"]):
    def current(self) -> "Petition":
        return self.latest("pk")

    @transaction.atomic
    def revise(
        self, to_congress: str, to_lawmakers: str, *, asks_something_else: bool
    ) -> "Petition":
        """Add a version; start a new count (`series`) if `asks_something_else`."""
        locks.lock_site(locks.PETITION)
        return self.create(
            to_congress=to_congress,
            to_lawmakers=to_lawmakers,
            series=self.current().series + asks_something_else,
        )


class Petition(models.Model):
    """A version of the words that people sign. The latest version is the current one.

    A signature points to the version that its signer saw. Versions that ask for the
    same thing have the same `series`, and their signatures are counted together.
    """

    to_congress = models.CharField("first sentence", max_length=300)
    to_lawmakers = models.CharField("second sentence", max_length=300)
    series = models.PositiveSmallIntegerField(editable=False)
    at = models.DateTimeField(db_default=Now(), editable=False)

    objects = PetitionQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(to_lawmakers__contains=LAWMAKERS),
                name="petition_names_lawmakers",
                violation_error_message=f"Write {LAWMAKERS} for the addressee.",
            ),
        ]
        triggers = [
            AppendOnly(log="petitions"),
            # Public totals count only the latest series.
            PagesChange(Content.FIGURES),
            # PETITION is separate, because FIGURES change with every new signature.
            PagesChange(Content.PETITION, name="petition_change"),
        ]

    def __str__(self) -> str:
        return f"Version {self.pk}"

    def sentences(self, state: str = "") -> list[str]:
        """Return the sentences that people from a state sign; "" means any state."""
        whom = OTHER_LAWMAKERS.get(state, STATE_LAWMAKERS)
        if not whom:
            return [self.to_congress]
        return [self.to_congress, self.to_lawmakers.replace(LAWMAKERS, whom)]

    def words(self, state: str = "") -> str:
        return " ".join(self.sentences(state))

    def second_sentences(self) -> dict[str, str]:
        """Return the second sentence for each place that has its own.

        The key "" has the sentence for all other places. A value is "" if people from
        the place don't sign a second sentence.
        """
        return {
            state: " ".join(self.sentences(state)[1:])
            for state in ["", *OTHER_LAWMAKERS]
        }


class Petitions:
    """All versions of the petition. Each process keeps them in its memory cache."""

    def __init__(self) -> None:
        versions = Petition.objects.order_by("pk")
        self.by_pk = {str(petition.pk): petition for petition in versions}
        self.current = list(self.by_pk.values())[-1]

    @classmethod
    def read(cls) -> Self:
        """Return the cached versions. If none are cached, read them in one query."""
        return memory.get(PETITION, "petitions", cls)

    def seen(self, pk: str) -> Petition:
        """Return the version with this key; if it is unknown, the current version."""
        return self.by_pk.get(pk, self.current)
