"""Find groups of voices: with the same or a reworded text, or from the same network.

Everything here is bounded, because a campaign's text may have 100,000 signers, each of
whom changed a word: at most MAX_TEXTS texts are compared with a voice's own.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection
from django.db.models import F, Func, IntegerField, OuterRef, Q, QuerySet

from core.admin import MAX_LISTED
from voices.flags import rewording
from voices.wall.models import PUBLIC, WAITING, Status, Voice, VoiceQuerySet

# This many others from one network are worth a look; fewer may be one household.
MANY = 3
# Badges count at most this many others, because thousands may share a text.
MAX_OTHERS = 100
# At most this many different texts are read to compare them, and at most this many of
# those that are alike, and this many voices with them, are counted and listed.
MAX_TEXTS = 198
MOST = 50
TEXT, NETWORK = "text_key", "signature__network_hash"


def texts_with_number(place: int) -> str:
    """Return the SQL for texts with a certain number at this place of their sketch.

    It reads one voice for each text, because it goes from one text to the next in the
    index `voice_sketch_<place>`. It begins after `start` and goes on at the index's
    beginning, so voices of a large campaign get different parts of it.
    """
    columns = "id, text_key, statement"
    number, start = f"sketch[{place}] = %(number_{place})s", f"%(start_{place})s"
    return f"""(
        WITH RECURSIVE found AS (
            SELECT NULL::bigint AS id, {start}::text AS text_key,
                NULL::text AS statement, false AS is_over
            UNION ALL
            SELECT later.* FROM found, LATERAL (
                (
                    SELECT {columns}, found.is_over FROM voices_voice
                    WHERE {number} AND text_key > found.text_key
                    ORDER BY text_key LIMIT 1
                )
                UNION ALL
                (
                    SELECT {columns}, true FROM voices_voice
                    WHERE {number} AND NOT found.is_over
                    ORDER BY text_key LIMIT 1
                )
                LIMIT 1
            ) AS later
            WHERE NOT later.is_over OR later.text_key <= {start}
        )
        SELECT {columns} FROM found OFFSET 1 LIMIT {MAX_TEXTS // rewording.NUMBERS}
    )"""  # noqa: S608 - made of constants


CANDIDATES = " UNION ALL ".join(
    texts_with_number(place + 1) for place in range(rewording.NUMBERS)
)
MEMBERS = f"""
    SELECT voice.id, voice.status FROM unnest(%(texts)s::text[]) AS text(key), LATERAL (
        SELECT id, status FROM voices_voice
        WHERE text_key = text.key AND NOT text_key = '' AND withdrawn_at IS NULL
            AND id <> %(voice)s
        ORDER BY id DESC LIMIT {MOST + 1}
    ) AS voice
    LIMIT {MOST + 1}
"""  # noqa: S608 - made of constants

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


@dataclass(frozen=True)
class Group:
    """Other voices that are like one voice; at most MOST of them."""

    # Their IDs, and how many of these have each status.
    ids: list[int]
    statuses: Counter[Status]
    # Whether there are more than MOST.
    is_cut: bool

    def __bool__(self) -> bool:
        return bool(self.ids)

    @property
    def size(self) -> str:
        """How many others, as in "1 other", "4 others", and "50+ others"."""
        if self.is_cut:
            return f"{MOST}+ others"
        return f"{len(self.ids)} other{'' if len(self.ids) == 1 else 's'}"

    @property
    def summary(self) -> str:
        """The others' statuses, as in "both waiting" or "3 published, 1 waiting".

        Empty if there are more than MOST, because the rest are not counted.
        """
        if self.is_cut or not self.ids:
            return ""
        if len(self.statuses) == 1:
            (status,) = self.statuses
            every = {1: "", 2: "both "}.get(len(self.ids), "all ")
            return every + in_words(status)
        order = list(Status)
        found = sorted(self.statuses.items(), key=lambda item: order.index(item[0]))
        return ", ".join(f"{count} {in_words(status)}" for status, count in found)


def in_words(status: Status) -> str:
    return status.label[0].lower() + status.label[1:]


def same(voice: Voice) -> Group:
    """Return the other voices with the same text."""
    return group(voice, [voice.text_key])


def reworded(voice: Voice) -> Group:
    """Return the voices with a reworded text, in two statements.

    Leaves out those with the same text.
    """
    return group(voice, list(texts_like(voice).values()))


def group(voice: Voice, texts: list[str]) -> Group:
    found: list[tuple[int, str]] = []
    if any(texts):
        with connection.cursor() as cursor:
            cursor.execute(MEMBERS, {"texts": texts, "voice": voice.pk})
            found = cursor.fetchall()
    some = found[:MOST]
    return Group(
        [pk for pk, _ in some],
        Counter(Status(status) for _, status in some),
        is_cut=len(found) > MOST,
    )


def texts_like(voice: Voice) -> dict[int, str]:
    """Return reworded texts: their keys, by the ID of a voice that has the text.

    At most MOST + 1; which ones is arbitrary if there are more.
    """
    own = rewording.compared(voice.statement)
    found: dict[int, str] = {}
    for pk, key, statement in candidates(voice):
        other = rewording.compared(statement)
        if rewording.similarity(own, other) >= rewording.ALIKE:
            found[pk] = key
            if len(found) > MOST:
                break
    return found


def candidates(voice: Voice) -> Iterator[tuple[int, str, str]]:
    """Yield other texts that may be reworded ones, once each.

    Each is the ID of a voice that has it, its key, and the voice's statement.
    """
    values: dict[str, int | str] = {}
    for place, number in enumerate(rewording.sketch(voice.statement), 1):
        values[f"number_{place}"] = number
        values[f"start_{place}"] = start(voice.text_key, place)
    if not values:
        return
    seen = {"", voice.text_key}
    with connection.cursor() as cursor:
        cursor.execute(CANDIDATES, values)
        for pk, key, statement in cursor.fetchall():
            if key not in seen:
                seen.add(key)
                yield pk, key, statement


def start(text_key: str, place: int) -> str:
    """Return the key after which the texts for this place of the sketch are listed.

    Each place has another one, because the texts of a campaign often have several
    numbers in common, and would be listed for each of them.
    """
    keys = 2**128
    ahead = keys // rewording.NUMBERS * (place - 1)
    return f"{(int(text_key or '0', 16) + ahead) % keys:032x}"


def alike(voices: QuerySet[Voice], voice_id: int) -> QuerySet[Voice]:
    """Return those of `voices` that are this voice or like it, verbatim or reworded.

    At most MAX_LISTED + 1 with each text, the newest; so a list of them is as long as
    those that a search finds.
    """
    voice = Voice.objects.filter(pk=voice_id).first()
    if voice is None:
        return voices.none()
    # Read the rows of each text with the filters of `voices`, newest first, so that
    # the limit counts only rows that will be listed.
    own = voices & with_text().filter(text_key=OuterRef("text_key"))
    newest = own.order_by("-pk").values("pk")[: MAX_LISTED + 1]
    texts = Voice.objects.filter(pk__in=[voice.pk, *texts_like(voice)]).order_by()
    found = texts.values_list(ArraySubquery(newest), flat=True)
    ids = [pk for some in found for pk in some]
    return voices.filter(pk__in=ids[: MAX_LISTED + 1])
