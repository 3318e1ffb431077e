"""For tests of what stands between the forms and those who would misuse them."""

from django.utils import timezone

from tests.factories import make_signature, make_voice
from voices.models import Limit


def set_limit(of, most, minutes=10):
    Limit.objects.update_or_create(of=of, defaults={"most": most, "minutes": minutes})


def make_quarantined(**fields):
    """A signature in quarantine, with its voice unless it is unlisted."""
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
