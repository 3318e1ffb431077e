"""Reasons to suspect a submitted form, and the consequences of suspicions."""

from collections.abc import Iterable
from dataclasses import dataclass

# Suspicions with at least this total weight quarantine a signature.
QUARANTINE_AT = 3


@dataclass(frozen=True)
class Suspicion:
    """A reason to suspect a submitted form, with a weight, and a label for staff.

    `is_limit` is true if the reason is that the form's network, email address, or email
    domain exceeds a limit. That says nothing about the form itself, because honest
    people share networks, email addresses, and email domains.
    """

    weight: int
    label: str
    is_limit: bool = False


# Except on blocked networks and email domains, a suspicion that honest people can also
# raise weighs too little to quarantine a signature by itself: browsers can fill in the
# form within a second, and a page can stay open for days. The suspicion for an exceeded
# limit has the same name as the limit (Limit.Of).
SUSPICIONS = {
    "honeypot": Suspicion(3, "Filled in the hidden field"),
    "blocked-domain": Suspicion(3, "From a blocked email domain"),
    "blocked-network": Suspicion(3, "From a blocked network"),
    "network-burst": Suspicion(0, "Too many from its network at once", True),
    "network-sustained": Suspicion(0, "Too many from its network over time", True),
    "network-flood": Suspicion(0, "A flood from its network", True),
    "wide-burst": Suspicion(0, "Too many from its /24 or /48 at once", True),
    "wide-sustained": Suspicion(0, "Too many from its /24 or /48 over time", True),
    "wide-flood": Suspicion(0, "A flood from its /24 or /48", True),
    "address-burst": Suspicion(0, "Too many for its address at once", True),
    "address-sustained": Suspicion(0, "Too many for its address over time", True),
    "domain-sustained": Suspicion(0, "Too many for its email domain over time", True),
    "too-fast": Suspicion(2, "Sent faster than a person can type"),
    "no-stamp": Suspicion(2, "Sent without opening the form"),
    "link": Suspicion(2, "A link in the statement"),
    "too-old": Suspicion(1, "Sent a day or more after the form was opened"),
    # The last two aren't reasons for suspicion, because other people can cause them.
    # They are context for staff.
    "same-text": Suspicion(0, "The same words as others within a day"),
    "everybody-burst": Suspicion(0, "Sent while the whole site was very busy"),
}
ALARM = "everybody-burst"
LIMITS = {name for name, each in SUSPICIONS.items() if each.is_limit}
# These depend only on the submitted form itself, unlike exceeded limits, so nobody else
# can cause them.
BOT_SUSPICIONS = {"honeypot", "no-stamp"}
# These indicate a bot, although a person on a bot's network can raise the last two. A
# submission with one of these gets no email until its sender presses "send it again" or
# staff release the submission.
OF_BOTS = BOT_SUSPICIONS | {"network-flood", "wide-flood"}


def has_bot_suspicion(found: Iterable[str]) -> bool:
    """Return whether the form itself shows that a bot sent it."""
    return not BOT_SUSPICIONS.isdisjoint(found)


def is_of_a_bot(found: Iterable[str]) -> bool:
    """Return whether any of these suspicions indicates a bot (is in OF_BOTS)."""
    return not OF_BOTS.isdisjoint(found)


def weight(found: Iterable[str]) -> int:
    """Return the total weight of these suspicions; an exceeded limit weighs nothing."""
    return sum(SUSPICIONS[name].weight for name in {*found} & SUSPICIONS.keys())


def is_suspicious(found: Iterable[str]) -> bool:
    """Return whether these suspicions together quarantine a signature.

    Exceeded limits weigh nothing: anybody can use up the limits of somebody else's
    email address, and a crowd on one network is no reason to doubt each person in it.
    """
    return weight(found) >= QUARANTINE_AT


def is_doubtful(found: Iterable[str]) -> bool:
    """Return whether a form with these suspicions has low priority.

    It does if it is suspicious, or if one of the suspicions is in LIMITS.
    """
    found = set(found)
    return not LIMITS.isdisjoint(found) or is_suspicious(found)


def labels(found: Iterable[str]) -> list[str]:
    """Return the suspicions' labels; return a name not in SUSPICIONS unchanged."""
    return [SUSPICIONS[name].label if name in SUSPICIONS else name for name in found]
