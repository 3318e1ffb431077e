"""Steps of tests about bulk decisions."""

from django.utils import timezone

from tests.factories import STATEMENT, private_fields
from voices.models import Signature, Voice
from voices.moderation import bulk
from voices.moderation.readings import Verdict
from voices.moderation.verdicts import Wish


def make_voices(count, **fields):
    """Waiting voices with their signatures, in two statements."""
    now = timezone.now()
    voices = Voice.objects.bulk_create(
        Voice(
            **{
                "name": f"Ada {number}",
                "city": "Columbus",
                "state": "OH",
                "statement": STATEMENT,
                "statement_as_sent": STATEMENT,
                "review_since": now,
                **fields,
            }
        )
        for number in range(count)
    )
    times = {"submitted_at": now, "confirmed_at": now, "counted_at": now}
    petition = private_fields()["petition"]
    Signature.objects.bulk_create(
        Signature(
            **private_fields(petition=petition),
            **times,
            voice=voice,
        )
        for voice in voices
    )
    return Voice.objects.filter(pk__in=[voice.pk for voice in voices])


def seen(voices):
    return bulk.checksum(bulk.pick(voices))


def give(voices, by, verdict=Verdict.PUBLISH, **wish):
    """Give a verdict on the voices as they are now; return what was done."""
    return bulk.give(voices, seen(voices), by, Wish(verdict, **wish))
