"""Flag the voices in the review queue again after staff change a list or a rule."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q
from procrastinate.contrib.django import app

from voices.flags.lookalikes import staff_names
from voices.flags.models import WatchedWord
from voices.wall.models import Voice, VoiceQuerySet

FLAG_WAITING = "voices.flag_waiting"
# The number of voices per job. A worker that is told to stop has time to finish them.
STEP = 500


def queue_flagging(since: str = "", after: int = 0) -> None:
    """Queue a job that flags the voices after this position in the review queue.

    Call it in the transaction of the change, so that the job sees the change.
    """
    app.configure_task(FLAG_WAITING).defer(since=since, after=after)


@transaction.atomic
def flag_waiting(since: str, after: int) -> None:
    """Flag the next STEP voices in the queue, and queue a job for the rest.

    The position is the `review_since` and ID of the last voice in the previous step, or
    "" and 0. A voice that enters the queue later is flagged when it is saved. This
    function can safely be repeated or interrupted.
    """
    waiting = after_position(Voice.objects.waiting(), since, after)
    ordered = waiting.order_by("review_since", "pk")
    step = list(ordered.values_list("review_since", "pk")[:STEP])
    flag_voices([pk for _, pk in step])
    if len(step) == STEP:
        last_since, last = step[-1]
        queue_flagging(last_since.isoformat(), last)


def after_position(voices: VoiceQuerySet, since: str, after: int) -> VoiceQuerySet:
    if not since:
        return voices
    at = datetime.fromisoformat(since)
    later = Q(review_since__gt=at) | Q(review_since=at, pk__gt=after)
    # The second condition is redundant, but lets one index range serve the query.
    return voices.filter(later, review_since__gte=at)


def flag_voices(ids: list[int]) -> None:
    locked = Voice.objects.select_for_update(of=["self"]).filter(pk__in=ids)
    voices = list(locked.order_by("pk").prefetch_related("corrections"))
    # Read the lists after locking the voices. Otherwise, a step could overwrite newer
    # flags with the flags of older lists.
    rules, staff = WatchedWord.objects.rules(), staff_names()
    changed = []
    for voice in voices:
        before = voice.flags
        voice.flag(rules, staff)
        if voice.flags != before:
            changed.append(voice)
    Voice.objects.bulk_update(changed, ["flags"])
