"""Find the voices that a voice's page links to."""

from voices.wall.models import PUBLIC_SQL, SHOWN, Voice

# How many other voices from the same state the page shows, at most.
MORE = 3

COLUMNS = ", ".join(("id", *SHOWN))
ON_THE_WALL = f"{PUBLIC_SQL} AND statement <> ''"
# Raw SQL, because building this union in Django took a third of the page's time.
AROUND = f"""
    (
        SELECT 'previous' AS part, {COLUMNS} FROM voices_voice
        WHERE {ON_THE_WALL} AND (wall_order, id) < (%(wall_order)s, %(id)s)
        ORDER BY wall_order DESC, id DESC LIMIT 1
    ) UNION ALL (
        SELECT 'next', {COLUMNS} FROM voices_voice
        WHERE {ON_THE_WALL} AND (wall_order, id) > (%(wall_order)s, %(id)s)
        ORDER BY wall_order, id LIMIT 1
    ) UNION ALL (
        SELECT 'more', {COLUMNS} FROM voices_voice
        WHERE {ON_THE_WALL} AND state = %(state)s AND state <> '' AND id <> %(id)s
        ORDER BY wall_order DESC, id DESC LIMIT {MORE}
    )
    ORDER BY wall_order DESC, id DESC
"""  # noqa: S608 - made of constants


def read_around(voice: Voice) -> dict[str, list[Voice]]:
    """Return the previous voice, the next voice, and more voices from the same state.

    The wall is sorted newest first, so the previous voice comes after this voice there.
    Runs one query.
    """
    place = {"wall_order": voice.wall_order, "id": voice.pk, "state": voice.state}
    found: dict[str, list[Voice]] = {"previous": [], "next": [], "more": []}
    for each in Voice.objects.raw(AROUND, place):
        # The column `part` isn't a field of Voice.
        found[each.part].append(each)  # type: ignore[attr-defined]
    return found
