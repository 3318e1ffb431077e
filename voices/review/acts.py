"""What a moderator does on the review page; each act is one transaction.

An act that can't be done raises RefusedError with a title and a sentence for the page,
and changes nothing.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from voices.moderation.claims import Claim, Skip, tomorrow
from voices.moderation.holds import Hold
from voices.moderation.readings import Reading
from voices.moderation.verdicts import Outcome, Wish, give
from voices.review import reading as reading_of
from voices.wall.models import Voice


class RefusedError(Exception):
    """The act wasn't done."""

    def __init__(self, title: str, text: str):
        super().__init__(title)
        self.title = title
        self.text = text


# Titles and sentences. An exception that is raised again and again would keep the
# frames of every request that raised it.
EXPIRED = (
    "Your decision wasn’t saved",
    "You had this statement open for too long, so somebody else could have decided. "
    "It is yours again: decide once more.",
)
TAMPERED = (
    "Your decision wasn’t saved",
    "The page sent something that we didn’t make. Here is the statement again.",
)
GONE = ("It is gone", "There is no such statement anymore.")


def locked(voice_id: int) -> Voice:
    """Lock and return the voice; raise RefusedError if there is none."""
    locked_rows = Voice.objects.select_for_update(of=["self"])
    voice = locked_rows.filter(pk=voice_id).first()
    if voice is None:
        raise RefusedError(*GONE)
    return voice


def check_claim(voice: Voice, by: User) -> Claim:
    """Return the moderator's claim; raise RefusedError if it isn't theirs anymore."""
    claim = Claim.objects.filter(voice=voice).select_related("by").first()
    if claim and claim.by_id == by.pk and claim.until > timezone.now():
        return claim
    if claim and claim.by_id != by.pk and claim.until > timezone.now():
        raise RefusedError(
            "Your decision wasn’t saved", f"{claim.by} is reading this one now."
        )
    raise RefusedError(*EXPIRED)


def check_read(voice: Voice, token: str) -> None:
    """Raise RefusedError if the voice isn't as the moderator read it."""
    read = reading_of.unsign(token)
    if read is None:
        raise RefusedError(*TAMPERED)
    if not reading_of.is_current(read, voice):
        raise RefusedError(
            "Your decision wasn’t saved",
            f"{reading_of.who_changed(read, voice)} Read it as it is now, and decide "
            "again.",
        )


@transaction.atomic
def decide_on(
    voice_id: int, by: User, wish_of: Callable[[int], Wish], token: str
) -> Outcome:
    """Give the verdict on a voice that this moderator has claimed and read.

    `wish_of` makes the wish from the number of seconds that the voice was open.
    """
    voice = locked(voice_id)
    check_read(voice, token)
    claim = check_claim(voice, by)
    seconds = int((timezone.now() - claim.since).total_seconds())
    outcome = give(Voice.objects.filter(pk=voice.pk), by, wish_of(seconds))
    if outcome.barred:
        raise RefusedError(
            "Somebody else has to decide",
            "It is your own statement, an appeal against your own decision, or you "
            "gave the first verdict.",
        )
    if outcome.busy:
        raise RefusedError(
            "Your decision wasn’t saved", "The statement is on hold, or claimed."
        )
    if not (outcome.done or outcome.to_second or outcome.disputed):
        raise RefusedError(
            "Your decision wasn’t saved",
            "It doesn’t apply to this statement as it is now.",
        )
    return outcome


@transaction.atomic
def skip(voice_id: int, by: User) -> None:
    """Put the voice off until tomorrow for this moderator; others still get it."""
    voice = locked(voice_id)
    Skip.objects.update_or_create(voice=voice, by=by, defaults={"until": tomorrow()})
    Claim.objects.drop([voice.pk], by)


def bring_back(by: User) -> int:
    """End the moderator's own skips; return how many there were."""
    return Skip.objects.of(by).delete()[0]


@transaction.atomic
def hold(voice_id: int, by: User, until: datetime | None, note: str) -> None:
    """Keep the voice from everybody until a date, or until the note is answered."""
    voice = locked(voice_id)
    check_claim(voice, by)
    if Hold.objects.in_effect().filter(voice=voice).exists():
        raise RefusedError("Nothing was changed", "It is on hold already.")
    Hold.objects.filter(voice=voice).delete()
    Hold.objects.create(voice=voice, by=by, until=until, note=note)
    Claim.objects.drop([voice.pk], by)


@transaction.atomic
def release(voice_id: int, by: User, answer: str) -> None:
    """End the hold, with an answer to its note or without one."""
    voice = locked(voice_id)
    found = Hold.objects.in_effect().filter(voice=voice)
    if not found.update(answer=answer, ended_by=by, ended_at=timezone.now()):
        raise RefusedError("Nothing was changed", "It isn’t on hold anymore.")


def was_second(voice_id: int, by: User) -> Reading | None:
    """Return the reading to which this moderator has just given the second verdict."""
    lately = timezone.now() - timedelta(minutes=1)
    found = Reading.objects.filter(voice=voice_id, second_by=by, second_at__gt=lately)
    return found.select_related("first_by").order_by("-pk").first()
