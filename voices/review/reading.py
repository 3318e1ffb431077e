"""What a moderator read, so that nobody decides on words that they haven't seen.

The review page carries a signed copy of the voice's words and state. If they have
changed by the time the decision arrives, nothing is decided, and the page shows what
changed and who changed it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core import signing
from django.utils import timezone

from voices.moderation.models import Decision
from voices.wall.edits import Change, changes
from voices.wall.models import WORDS, Voice

SALT = "voices.review.read"
# The dates that bring a voice into the review queue or take it out.
STATE = (
    *("status", "review_since", "corrected_at", "reported_at", "first_read_at"),
    "taken_down_at",
)


@dataclass(frozen=True)
class Read:
    """The words and the state of a voice, and the time, when a page showed them."""

    words: Mapping[str, str]
    state: Mapping[str, str]
    at: datetime


def sign(voice: Voice) -> str:
    """Return the voice's words and state as a signed text for a hidden field."""
    value = [words_of(voice), state_of(voice), timezone.now().isoformat()]
    return signing.dumps(value, salt=SALT, compress=True)


def unsign(token: str) -> Read | None:
    """Return what `sign` was given; None if the text wasn't made by `sign`."""
    try:
        words, state, at = signing.loads(token, salt=SALT)
    except signing.BadSignature:
        return None
    return Read(words, state, datetime.fromisoformat(at))


def words_of(voice: Voice) -> dict[str, str]:
    """Return the words that a decision is about: a correction's, if one is pending."""
    words = {name: getattr(voice, name) for name in WORDS}
    for correction in voice.corrections.all():
        if correction.decision_id is None:
            words |= correction.words
    return words


def state_of(voice: Voice) -> dict[str, str]:
    return {name: plain(getattr(voice, name)) for name in STATE}


def plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value or "")


def is_current(read: Read, voice: Voice) -> bool:
    return read.words == words_of(voice) and read.state == state_of(voice)


def changes_since(read: Read, voice: Voice) -> list[Change]:
    """Return the words that changed after the moderator read them."""
    now = words_of(voice)
    changed = {name: text for name, text in now.items() if text != read.words[name]}
    return changes(read.words, changed)


def who_changed(read: Read, voice: Voice) -> str:
    """Return a sentence that says who changed the voice, and when."""
    latest = Decision.objects.filter(voice=voice, at__gte=read.at).select_related("by")
    if decision := latest.order_by("-pk").first():
        what = decision.get_kind_display().lower()
        return f"{decision.by} decided at {clock(decision.at)}: {what}."
    if voice.withdrawn_at:
        return "The author has withdrawn or erased it."
    if read.words != words_of(voice):
        when = voice.review_since or timezone.now()
        return f"The author changed the words at {clock(when)}."
    if plain(voice.reported_at) != read.state["reported_at"]:
        return "A reader has reported it."
    return "Somebody else has given a verdict, or taken one back."


def clock(at: datetime) -> str:
    """Return the time of day, as in "7:41 p.m."."""
    return f"{timezone.localtime(at):%-I:%M %p}".replace("AM", "a.m.").replace(
        "PM", "p.m."
    )
