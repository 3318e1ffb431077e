"""What may speak against a form, and what follows from it."""

from collections.abc import Iterable
from dataclasses import dataclass

# Together they have to weigh this much.
QUARANTINE_AT = 3


@dataclass(frozen=True)
class Suspicion:
    """Something that speaks against a form: how much, and in words for staff.

    A number is a limit that the form's network, address, or mail domain is over. It
    says nothing about this very form, because honest people share all of these.
    """

    weight: int
    label: str
    is_number: bool = False


# One that people give rise to as well weighs too little on its own and is only shown
# to staff: a browser fills in the form within a second, and a page can stay open for
# days. Limits have the names that voices/abuse/models.py gives them.
SUSPICIONS = {
    "honeypot": Suspicion(3, "Filled in the field that nobody sees"),
    "blocked-domain": Suspicion(3, "From a blocked mail domain"),
    "blocked-network": Suspicion(3, "From a blocked network"),
    "network-burst": Suspicion(2, "Too many from its network at once", True),
    "network-sustained": Suspicion(2, "Too many from its network over time", True),
    "network-flood": Suspicion(2, "A flood from its network", True),
    "wide-burst": Suspicion(2, "Too many from its /24 or /48 at once", True),
    "wide-sustained": Suspicion(2, "Too many from its /24 or /48 over time", True),
    "wide-flood": Suspicion(2, "A flood from its /24 or /48", True),
    # Weigh nothing, because anybody anywhere can use up those of somebody else.
    "address-burst": Suspicion(0, "Too many for its address at once", True),
    "address-sustained": Suspicion(0, "Too many for its address over time", True),
    "domain-sustained": Suspicion(0, "Too many for its mail domain over time", True),
    "too-fast": Suspicion(2, "Sent sooner than a person types"),
    "no-stamp": Suspicion(2, "Sent without opening the form"),
    "link": Suspicion(2, "A web address in the statement"),
    "too-old": Suspicion(1, "Sent a day or more after the form was opened"),
    "same-text": Suspicion(1, "The same words as others of the last day"),
    # Not a sign: noted beside one, for staff to know.
    "everybody-burst": Suspicion(0, "Sent while the whole site was very busy"),
}
ALARM = "everybody-burst"
NUMBERS = {name for name, each in SUSPICIONS.items() if each.is_number}
# What the form itself shows, so nobody can bring it upon somebody else.
BOT_MARKS = {"honeypot", "no-stamp"}
# What no person does: its form gets no mail until somebody asks for it again.
OF_BOTS = BOT_MARKS | {"network-flood", "wide-flood"}


def has_bot_mark(found: Iterable[str]) -> bool:
    """Whether the form itself shows that a program sent it."""
    return not BOT_MARKS.isdisjoint(found)


def is_of_a_bot(found: Iterable[str]) -> bool:
    """Whether one of these is a clear mark of a program."""
    return not OF_BOTS.isdisjoint(found)


def is_suspicious(found: Iterable[str]) -> bool:
    """Whether these together put a signature in quarantine.

    Numbers count as one, the heaviest, and only beside a sign of the form's own: a
    crowd is no reason to doubt each person in it.
    """
    found = set(found)
    known = [each for name, each in SUSPICIONS.items() if name in found and each.weight]
    signs = [each.weight for each in known if not each.is_number]
    number = max((each.weight for each in known if each.is_number), default=0)
    return bool(signs) and sum(signs) + number >= QUARANTINE_AT


def is_doubtful(found: Iterable[str]) -> bool:
    """Whether a form can wait: it is suspicious, or one of too many."""
    found = set(found)
    return not NUMBERS.isdisjoint(found) or is_suspicious(found)


def labels(found: Iterable[str]) -> list[str]:
    """Return them in words; a name that is out of use stands for itself."""
    return [SUSPICIONS[name].label if name in SUSPICIONS else name for name in found]
