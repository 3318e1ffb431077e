"""What may speak against a form, and how much of it puts a signature in quarantine."""

from collections.abc import Iterable
from dataclasses import dataclass

# Together they have to weigh this much.
QUARANTINE_AT = 3


@dataclass(frozen=True)
class Suspicion:
    """Something that speaks against a form: how much, and in words for staff."""

    weight: int
    label: str


# One that people give rise to as well weighs too little on its own and is only shown
# to staff: a browser fills in the form within a second, and a page can stay open for
# days. Limits have the names that voices/abuse/models.py gives them.
SUSPICIONS = {
    "honeypot": Suspicion(3, "Filled in the field that nobody sees"),
    "blocked-domain": Suspicion(3, "From a blocked mail domain"),
    "blocked-network": Suspicion(3, "From a blocked network"),
    "network-burst": Suspicion(3, "Too many from its network at once"),
    "network-sustained": Suspicion(3, "Too many from its network over time"),
    "address-burst": Suspicion(3, "Too many for its address at once"),
    "address-sustained": Suspicion(3, "Too many for its address over time"),
    "everybody-burst": Suspicion(3, "Too many from everybody at once"),
    "too-fast": Suspicion(2, "Sent sooner than a person types"),
    "no-stamp": Suspicion(2, "Sent without opening the form"),
    "link": Suspicion(2, "A web address in the statement"),
    "too-old": Suspicion(1, "Sent a day or more after the form was opened"),
    "same-text": Suspicion(1, "The same words as others of the last day"),
}


def is_suspicious(found: Iterable[str]) -> bool:
    """Whether these suspicions together put a signature in quarantine."""
    weights = [SUSPICIONS[name].weight for name in found if name in SUSPICIONS]
    return sum(weights) >= QUARANTINE_AT


def labels(found: Iterable[str]) -> list[str]:
    """Return them in words; a name that is out of use stands for itself."""
    return [SUSPICIONS[name].label if name in SUSPICIONS else name for name in found]
