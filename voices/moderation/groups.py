"""Find groups of voices with the same text, and large groups from the same network."""

from collections.abc import Collection

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, Func, IntegerField, OuterRef, Q

from voices.wall.models import PUBLIC, WAITING, Voice, VoiceQuerySet

# This many others from one network are worth a look; fewer may be one household.
MANY = 3
# Badges count at most this many others, because thousands may share a text.
MAX_OTHERS = 100
TEXT, NETWORK = "text_key", "signature__network_hash"

# The two querysets below exclude empty values explicitly. PostgreSQL needs that
# condition to use the column's partial index, which excludes empty values.


def with_text() -> VoiceQuerySet:
    return Voice.objects.filter(~Q(text_key=""), withdrawn_at=None)


def on_network() -> VoiceQuerySet:
    """Return the quarantined, waiting, and public voices whose network is known."""
    return Voice.objects.filter(
        WAITING | PUBLIC | Q(signature__quarantined_at__isnull=False),
        signature__network_hash__gt="",
    )


def sharing_text(voice: int) -> VoiceQuerySet:
    """Return the voice and all others with the same text."""
    return with_text().filter(text_key=value(voice, TEXT))


def sharing_network(voice: int) -> VoiceQuerySet:
    """Return the voices in on_network() that are from this voice's network."""
    return on_network().filter(signature__network_hash=value(voice, NETWORK))


def value(voice: int, shared: str) -> str:
    # Fetch the value instead of using a subquery: PostgreSQL can read rows in index
    # order only if the value is known when the query is planned.
    return Voice.objects.filter(pk=voice).values_list(shared, flat=True).first() or ""


def others_with_text(ids: Collection[int]) -> dict[int, int]:
    return count_others(with_text(), TEXT, ids)


def others_on_network(ids: Collection[int]) -> dict[int, int]:
    counts = count_others(on_network(), NETWORK, ids)
    return {pk: others for pk, others in counts.items() if others >= MANY}


def count_others(
    voices: VoiceQuerySet, shared: str, ids: Collection[int]
) -> dict[int, int]:
    """Return, for each ID, how many other voices have the same value in one column.

    `shared` names the column. Counts only `voices`, and at most MAX_OTHERS of them for
    each ID. Leaves out IDs of voices that aren't among `voices`. Runs one query.
    """
    same = voices.filter(**{shared: OuterRef("shared")}).exclude(pk=OuterRef("pk"))
    some = ArraySubquery(same.order_by().values("pk")[:MAX_OTHERS])
    size = Func(some, function="cardinality", output_field=IntegerField())
    asked = voices.filter(pk__in=ids).order_by().annotate(shared=F(shared), size=size)
    return dict(asked.values_list("pk", "size"))
