"""The moderator's latest act, which the key U undoes."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.utils import timezone

from core.ids import read_id
from voices.letters.models import Letter
from voices.letters.told import LETTERS
from voices.moderation import previews, undoing
from voices.moderation.models import Decision
from voices.moderation.readings import Reading
from voices.moderation.verdicts import latest_reading_of, take_back
from voices.review.acts import RefusedError
from voices.wall.models import Voice

DECISION, READING = "decision", "reading"


@dataclass(frozen=True)
class Undo:
    """The strip that offers to undo the latest act."""

    label: str
    token: str
    voice_id: int
    # When the author's email leaves; None if none is queued, or if it has left.
    until: datetime | None = None
    # The email that tells the author of the reversal, if they know of the decision.
    letter: str = ""

    @property
    def at(self) -> str:
        return self.until.isoformat() if self.until else ""

    @property
    def minutes_left(self) -> int:
        if self.until is None:
            return 0
        return max(0, int((self.until - timezone.now()).total_seconds() // 60))


def latest(by: User) -> Undo | None:
    """Return what this moderator can undo: their latest decision or open verdict."""
    decision, reading = undoing.latest_of(by), latest_reading_of(by)
    if reading and (decision is None or reading.given_at(by) >= decision.at):
        return of_reading(reading, by)
    return of_decision(decision) if decision else None


def of_reading(reading: Reading, by: User) -> Undo:
    voice = reading.voice
    if reading.second_by_id == by.pk:
        label = (
            f"You: {reading.get_second_verdict_display()}. {reading.first_by}: "
            f"{reading.get_first_verdict_display()}. A lead decides: {name_of(voice)}."
        )
    else:
        label = (
            f"Waits for a second reader ({reading.get_first_verdict_display()}): "
            f"{name_of(voice)}."
            + (f" {reading.first_reason}." if reading.first_reason else "")
        )
    return Undo(label, f"{READING}-{reading.pk}", voice.pk)


def of_decision(decision: Decision) -> Undo | None:
    voice = decision.voice
    if voice is None:
        return None
    label = f"{decision.get_kind_display()}: {name_of(voice)}."
    if decision.reason:
        label += f" {decision.reason}."
    kind = LETTERS.get(Decision.Kind(decision.kind))
    unsent = Letter.objects.in_flight().filter(signature__voice=voice, kind=kind)
    waits = unsent.values_list("send_at", flat=True).first()
    reversal = previews.reversal(voice, decision)
    return Undo(
        label,
        f"{DECISION}-{decision.pk}",
        voice.pk,
        waits,
        reversal.text if reversal else "",
    )


def name_of(voice: Voice) -> str:
    return ", ".join(filter(None, [voice.name, voice.city]))


def undo(token: str, by: User, *, has_seen_letter: bool) -> int:
    """Undo the act that the token of an Undo names; return the voice's ID.

    Raises RefusedError if it can't be undone anymore, or if it would send a letter that
    the moderator hasn't seen.
    """
    kind, _, number = token.partition("-")
    pk = read_id(number)
    if pk is None or kind not in {DECISION, READING}:
        raise RefusedError("Nothing was undone", "There is nothing to undo.")
    if kind == READING:
        reading = Reading.objects.filter(pk=pk).first()
        if reading is None or not take_back(reading.voice_id, by):
            raise RefusedError(
                "Nothing was undone", "Somebody has decided since, or it is undone."
            )
        return reading.voice_id
    decision = Decision.objects.filter(pk=pk).first()
    if decision is None or decision.voice is None:
        raise RefusedError("Nothing was undone", "There is no such decision.")
    if not has_seen_letter and previews.reversal(decision.voice, decision):
        raise RefusedError(
            "Nothing was undone yet",
            "The author has been emailed by now. Read the email that tells them that "
            "you reverse it, then send it.",
        )
    return undo_decision(decision, by)


def undo_decision(decision: Decision, by: User) -> int:
    voices = Voice.objects.filter(decisions=decision)
    if not undoing.undo(voices, by, decision_id=decision.pk):
        voice = voices.first()
        why = undoing.why_not_undone(voice, decision, by) if voice else ""
        raise RefusedError("Nothing was undone", why or "It can’t be undone anymore.")
    return voices.values_list("pk", flat=True)[0]
