"""Checks of a form against the blocklists and against other submissions."""

from datetime import timedelta

from django.utils import timezone

from voices.abuse.models import BlockedDomain, BlockedNetwork
from voices.flags.find import find, text_key
from voices.wall.models import Voice

# This many identical statements can't be a coincidence.
SAME_TEXTS = 3


def suspicions(address: str, email_key: str, text: str) -> list[str]:
    """Return the suspicions that this IP address, email address, and text raise."""
    found = {
        "blocked-domain": has_blocked_domain(email_key),
        "blocked-network": BlockedNetwork.objects.has(address),
        "link": has_link(text),
        "same-text": is_repeated(text),
    }
    return [name for name, holds in found.items() if holds]


def has_blocked_domain(email_key: str) -> bool:
    """Whether staff block the address's domain or a parent domain."""
    labels = email_key.rpartition("@")[2].split(".")
    domains = [".".join(labels[start:]) for start in range(len(labels))]
    return BlockedDomain.objects.filter(domain__in=domains).exists()


def has_link(text: str) -> bool:
    return any(found.kind == "link" for found in find(text, []))


def is_repeated(text: str) -> bool:
    """Whether SAME_TEXTS others sent the same words within a day."""
    key = text_key(text)
    if not key:
        return False
    others = Voice.objects.filter(
        text_key=key, submitted_at__gt=timezone.now() - timedelta(days=1)
    )
    return others[:SAME_TEXTS].count() == SAME_TEXTS
