"""What a word of a flag list would have caught lately, and how that was decided."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

from django.utils import timezone
from django.utils.safestring import SafeString

from core.folding import fold
from core.search_budget import SearchTooLong, TooManySearches, one_search
from core.searching import folded_words, words_query
from voices.flags import find, kinds
from voices.flags.kinds import Found
from voices.flags.rules import Rules
from voices.flags.tokens import read
from voices.flags.topics import find_off_topic
from voices.wall.models import Status, Voice, VoiceQuerySet

LOOKED_BACK = timedelta(days=31)
# At most this many statements with these words are looked at.
MOST = 1000
SAMPLES = 10
# How many characters of a statement are shown before and after the words.
AROUND = 90
OUTCOMES = {
    Status.PUBLISHED: "published",
    Status.DECLINED: "declined",
    Status.TAKEN_DOWN: "taken down",
    Status.CHANGES_ASKED: "sent back for changes",
    Status.WAITING: "still waiting",
    Status.SET_ASIDE: "in quarantine or rejected",
    Status.WITHDRAWN: "withdrawn",
    Status.INVALIDATED: "invalidated",
}


@dataclass(frozen=True)
class Caught:
    """A voice that the word would have flagged."""

    voice_id: int
    excerpt: SafeString
    outcome: str


@dataclass
class LookBack:
    """`count` is the number of voices; if `more`, of the first MOST with the words.

    `problem` says why nobody could look.
    """

    count: int = 0
    more: bool = False
    summary: str = ""
    samples: list[Caught] = field(default_factory=list)
    problem: str = ""


def look_back(kind: str, words: str) -> LookBack:
    """Return what these words would have caught, in one query for voices."""
    if not fold(words).strip('" '):
        return LookBack(problem="Only words with letters or digits can be looked up.")
    try:
        with one_search():
            voices = list(candidates(words))
    except TooManySearches:
        return LookBack(problem="Too many searches are running. Try again in a minute.")
    except SearchTooLong:
        return LookBack(problem="These words are too frequent to look them up.")
    rules = Rules([(kind, words)])
    caught = [
        (voice, hit) for voice in voices[:MOST] for hit in first_hit(voice, rules)
    ]
    return LookBack(
        count=len(caught),
        more=len(voices) > MOST,
        summary=summary([voice for voice, _ in caught]),
        samples=[sample(voice, hit) for voice, hit in caught[:SAMPLES]],
    )


def candidates(words: str) -> VoiceQuerySet:
    """Return voices of the last days with these words, or with longer ones."""
    found = Voice.objects.alias(folded_words=folded_words("name", "statement")).filter(
        folded_words=words_query(words),
        submitted_at__gte=timezone.now() - LOOKED_BACK,
    )
    shown = found.only("statement", "status", "reason__label").select_related("reason")
    return shown.order_by()[: MOST + 1]


def first_hit(voice: Voice, rules: Rules) -> list[Found]:
    """Return the first finding in the voice's statement, in a list; or no finding."""
    tokens = read(voice.statement)
    hits = list(rules.find_listed(voice.statement, tokens))
    if any(hit.kind == kinds.OFF_TOPIC for hit in hits):
        hits = list(find_off_topic(tokens, hits))
    return hits[:1]


def summary(voices: list[Voice]) -> str:
    """Return a sentence such as "Published 14, declined 3 (Threat or abuse 3)."."""
    counts = Counter(voice.status for voice in voices)
    parts = [
        f"{what} {counts[status]}{reasons(voices, status)}"
        for status, what in OUTCOMES.items()
        if counts[status]
    ]
    text = ", ".join(parts)
    return text and f"{text[0].upper()}{text[1:]}."


def reasons(voices: list[Voice], status: str) -> str:
    labels = Counter(
        voice.reason.label
        for voice in voices
        if voice.status == status and voice.reason
    )
    if status not in {Status.DECLINED, Status.TAKEN_DOWN} or not labels:
        return ""
    return f" ({', '.join(f'{label} {n}' for label, n in labels.most_common())})"


def sample(voice: Voice, hit: Found) -> Caught:
    outcome = OUTCOMES[Status(voice.status)]
    if voice.reason and voice.status in {Status.DECLINED, Status.TAKEN_DOWN}:
        outcome += f" ({voice.reason.label})"
    return Caught(voice.pk, excerpt(voice.statement, hit), outcome)


def excerpt(text: str, hit: Found) -> SafeString:
    """Return the words around a finding as HTML, with the finding marked."""
    start, end = max(0, hit.start - AROUND), min(len(text), hit.end + AROUND)
    if start:
        start = text.find(" ", start, hit.start) + 1 or hit.start
    if end < len(text):
        end = max(text.rfind(" ", hit.end, end), hit.end)
    marked = find.mark(
        text[start:end], [Found(hit.kind, hit.start - start, hit.end - start)]
    )
    before, after = "… " if start else "", " …" if end < len(text) else ""
    return SafeString(f"{before}{marked}{after}")
