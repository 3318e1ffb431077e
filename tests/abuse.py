"""Helpers for tests of the defenses against form abuse."""

from django.utils import timezone

from tests.factories import make_signature, make_voice
from voices.invalidation import change
from voices.invalidation.select import Criteria, count_and_checksum
from voices.models import Limit


def set_limit(of, most, minutes=10):
    Limit.objects.update_or_create(of=of, defaults={"most": most, "minutes": minutes})


def make_quarantined(**fields):
    """A quarantined signature, with its voice unless it is unlisted."""
    now = timezone.now()
    if "voice" not in fields and fields.get("name_display") != "unlisted":
        fields["voice"] = make_voice(review_since=None)
    return make_signature(
        **{
            "confirmed_at": now,
            "counted_at": None,
            "quarantined_at": now,
            "suspicions": ["honeypot"],
            "network_hash": "a" * 64,
            **fields,
        }
    )


def make_invalidated(by, domain="forger.example", **fields):
    """A signature that staff invalidated, along with all others of its domain."""
    signature = make_signature(email=f"forged@{domain}", **fields)
    invalidate(by, domain)
    signature.refresh_from_db()
    return signature


def invalidate(by, domain):
    criteria = Criteria({"domain": domain})
    criteria.is_valid()
    _, seen = count_and_checksum(criteria.select())
    change.invalidate(criteria, seen, "All from one machine, in one night.", by)
