"""Groups of voices that have the same text, or of many from one network."""

from collections.abc import Collection

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Count, Q

from voices.signatures.models import Signature
from voices.wall.models import PUBLIC, WAITING, Voice, VoiceQuerySet

# This many others from one network are worth a look; fewer may be one household.
MANY = 3

# Both queries below state twice that the shared value isn't empty, because PostgreSQL
# needs that condition to use its partial index, which excludes empty values.


def sharing_text(ids: Collection[int]) -> VoiceQuerySet:
    """Return voices with the same text as any of these, and these voices themselves."""
    texts = Voice.objects.filter(pk__in=ids).exclude(text_key="").values("text_key")
    return Voice.objects.filter(~Q(text_key=""), withdrawn_at=None, text_key__in=texts)


def sharing_network(ids: Collection[int]) -> VoiceQuerySet:
    """Return quarantined, queued, and published voices from these voices' networks."""
    networks = Signature.objects.filter(voice__in=ids).exclude(network_hash="")
    return Voice.objects.filter(
        WAITING | PUBLIC | Q(signature__quarantined_at__isnull=False),
        signature__network_hash__gt="",
        signature__network_hash__in=networks.values("network_hash"),
    )


def others_with_text(ids: Collection[int]) -> dict[int, int]:
    return count_others(sharing_text(ids), "text_key", ids)


def others_on_network(ids: Collection[int]) -> dict[int, int]:
    counts = count_others(sharing_network(ids), "signature__network_hash", ids)
    return {pk: others for pk, others in counts.items() if others >= MANY}


def count_others(
    voices: VoiceQuerySet, shared: str, ids: Collection[int]
) -> dict[int, int]:
    """Return how many others are in each voice's group, if any, in one query."""
    groups = (
        voices.order_by()
        .values(shared)
        .annotate(
            size=Count("pk"),
            asked=ArrayAgg("pk", filter=Q(pk__in=ids), default=[]),
        )
        .filter(size__gt=1)
        .values_list("size", "asked")
    )
    return {pk: size - 1 for size, asked in groups for pk in asked}
