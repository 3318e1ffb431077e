"""Which voice a moderator reads next.

The order is: reports about public voices, corrections of published words, then by age.
Each look-up reads the first rows of an index. What it passes over are voices that
somebody claimed, skipped, or holds, which are as many as people made.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, Q, QuerySet

from voices.moderation.claims import Claim, Skip
from voices.moderation.decide import own_appeals
from voices.moderation.holds import Hold
from voices.moderation.readings import Reading
from voices.moderation.verdicts import own_voices, urgency
from voices.wall.edits import ProposedEdit
from voices.wall.models import (
    REVIEW_ORDER,
    UNFLAGGED,
    UNREAD,
    WAITING,
    Voice,
    VoiceQuerySet,
)

# Another moderator may claim the same voice at the same moment, this often in a row.
TRIES = 5


class Stage(StrEnum):
    """What a voice waits for: a first or second verdict, or a lead."""

    FIRST = "first"
    SECOND = "second"
    DISPUTE = "dispute"
    # Not for this moderator to decide on now.
    CLOSED = "closed"


class Only(StrEnum):
    """The filters of the review page."""

    ALL = ""
    UNFLAGGED = "unflagged"
    SECOND = "second"
    DISPUTES = "disputes"
    # No voice to decide on, only the list of those on hold.
    HELD = "held"


class Next(NamedTuple):
    """A voice that this moderator may decide on; sorts in the order of the queue."""

    urgency: int
    since: object
    voice_id: int


def claim_next(by: User, only: Only) -> int | None:
    """Claim the next voice for this moderator; return its ID, or None if none is left.

    A moderator who has a voice open gets that one again.
    """
    for mine in Claim.objects.active().filter(by=by).order_by("-since")[:TRIES]:
        if is_open_to(mine.voice_id, by, only) and Claim.objects.take(
            mine.voice_id, by
        ):
            return mine.voice_id
    for _ in range(TRIES):
        found = min(candidates(by, only), default=None)
        if found is None:
            return None
        if Claim.objects.take(found.voice_id, by):
            return found.voice_id
    return None


def is_open_to(voice_id: int, by: User, only: Only) -> bool:
    """Return whether the voice is among those that this moderator may decide on."""
    return any(rows.filter(**{pk: voice_id}).exists() for rows, pk in sources(by, only))


def candidates(by: User, only: Only) -> Iterable[Next]:
    """Return the first voice of each stage, at most three."""
    for rows, _ in sources(by, only):
        first = rows.first()
        if isinstance(first, Reading):
            yield Next(first.urgency, first.since, first.voice_id)
        elif first is not None:
            yield Next(urgency(first), first.review_since, first.pk)


def sources(by: User, only: Only) -> Iterable[tuple[QuerySet, str]]:
    """Return the rows of each stage that this moderator works on.

    With each, the name of the field that has the voice's ID.
    """
    if only in {Only.ALL, Only.UNFLAGGED}:
        yield unread(by, only), "pk"
    if only in {Only.ALL, Only.SECOND} and by.has_perm("voices.second_read"):
        yield second(by), "voice"
    if only in {Only.ALL, Only.DISPUTES} and by.has_perm("voices.settle_reading"):
        yield disputed(by), "voice"


def unread(by: User, only: Only = Only.ALL) -> VoiceQuerySet:
    """Return the voices that wait for a first verdict."""
    rows = Voice.objects.filter(WAITING, UNREAD)
    if only == Only.UNFLAGGED:
        rows = rows.filter(UNFLAGGED)
    return rows.filter(*free("pk", by)).order_by(*REVIEW_ORDER)


def second(by: User) -> QuerySet[Reading]:
    """Return the readings that wait for this moderator's second verdict."""
    rows = Reading.objects.for_second_reader(by).filter(*free("voice", by))
    return rows.order_by("urgency", "since", "pk")


def disputed(by: User) -> QuerySet[Reading]:
    """Return the readings that wait for a lead."""
    rows = Reading.objects.disputed().filter(*free("voice", by))
    return rows.order_by("urgency", "since", "pk")


def free(pk: str, by: User) -> list[Q]:
    """Return the conditions for voices that this moderator may decide on now.

    `pk` names the field with the voice's ID.
    """
    same = {"voice": OuterRef(pk)}
    return [
        ~Q(Exists(Claim.objects.of_others(by).filter(**same))),
        ~Q(Exists(Skip.objects.of(by).filter(**same))),
        ~Q(Exists(Hold.objects.in_effect().filter(**same))),
        ~Q(Exists(own_appeals(by).filter(**same))),
        # The author is asked to approve other words.
        ~Q(Exists(ProposedEdit.objects.still_open().filter(**same))),
        ~Q(Exists(own_voices(by).filter(pk=OuterRef(pk)))),
    ]


def stage_of(voice: Voice, reading: Reading | None, by: User) -> Stage:
    """Return what the voice waits for, if this moderator may decide on it at all."""
    if reading is None:
        return Stage.FIRST
    if reading.second_at is None:
        may = reading.first_by_id != by.pk and by.has_perm("voices.second_read")
        return Stage.SECOND if may else Stage.CLOSED
    return Stage.DISPUTE if by.has_perm("voices.settle_reading") else Stage.CLOSED
