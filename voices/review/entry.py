"""What the review page shows about one voice."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.timesince import timesince

from voices.flags.explain import FlagLine, lines
from voices.flags.find import find
from voices.flags.models import remembered_rules
from voices.moderation.claims import Claim
from voices.moderation.flags import MAX_REPORTS, changes_of, prepare
from voices.moderation.groups import MAX_OTHERS, Group, reworded, same
from voices.moderation.history import Event, history
from voices.moderation.holds import Hold
from voices.moderation.models import Reason, StockSentence
from voices.moderation.previews import Preview, previews
from voices.moderation.readings import Reading, Verdict
from voices.reports.models import Report
from voices.review import reading as reading_of
from voices.review.queue import Stage, stage_of
from voices.signatures.models import Signature
from voices.wall.edits import Change
from voices.wall.models import Status, Voice

# What the page says about these stages.
NOTES = {
    Stage.SECOND: "Somebody else has given the first verdict. If you want something "
    "else, you see it after yours, and a lead decides.",
    Stage.DISPUTE: "Your verdict takes effect.",
}
# Reasons and sentences with a digit of their own.
DIGITS = 9


@dataclass(frozen=True)
class Action:
    """A button of the review page, and its key."""

    key: str
    name: str
    label: str
    style: str = ""
    # The panel that the button opens: "reasons", "changes", or "hold".
    panel: str = ""
    href: str = ""


@dataclass(frozen=True)
class Choice:
    """A reason or a stock sentence; `digit` is its key, "" after the first nine."""

    digit: str
    pk: int
    label: str
    # What the author would be sent with this reason.
    letter: str = ""


class Link(NamedTuple):
    """A link to a page of the admin."""

    url: str
    label: str


@dataclass
class Entry:
    """A voice as the review page shows it."""

    voice: Voice
    stage: Stage
    heading: str
    note: str
    until: datetime | None
    read: str
    reading: Reading | None = None
    hold: Hold | None = None
    changes: list[Change] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)
    reasons: list[Choice] = field(default_factory=list)
    sentences: list[Choice] = field(default_factory=list)
    letters: dict[str, str] = field(default_factory=dict)
    history: list[Event] = field(default_factory=list)
    flags: list[FlagLine] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    groups: list[Link] = field(default_factory=list)

    @property
    def marked(self) -> SafeString:
        return self.voice.marked  # type: ignore[attr-defined]

    @property
    def age(self) -> str:
        voice = self.voice
        if voice.is_published and voice.published_at:
            return f"public for {timesince(voice.published_at, depth=1)}"
        if voice.review_since is None:
            return ""
        return f"waiting for {timesince(voice.review_since, depth=1)}"

    @property
    def reports(self) -> list[dict[str, str]]:
        return [
            {
                "kind": each.get_kind_display(),
                "ago": f"{timesince(each.arrived_at, depth=1)} ago",
                "text": each.text,
            }
            for each in self.voice.open_reports  # type: ignore[attr-defined]
        ]

    @property
    def appeal(self) -> dict[str, object] | None:
        for each in self.voice.open_appeals:  # type: ignore[attr-defined]
            return {"text": each.text, "by": each.decision.by}
        return None

    @property
    def verdicts(self) -> list[dict[str, object]]:
        """The two verdicts of a reading in which readers disagree."""
        if self.stage != Stage.DISPUTE or self.reading is None:
            return []
        each = self.reading
        return [
            {
                "by": each.first_by,
                "verdict": each.get_first_verdict_display(),
                "reason": each.first_reason,
                "text": each.first_text,
            },
            {
                "by": each.second_by,
                "verdict": each.get_second_verdict_display(),
                "reason": each.second_reason,
                "text": each.second_text,
            },
        ]


def load(voice_id: int) -> Voice | None:
    """Return the voice with all that the page shows about it, or None."""
    voice = Voice.objects.select_related("reason").filter(pk=voice_id).first()
    if voice:
        prepare([voice])
    return voice


def show(voice: Voice, by: User) -> Entry:
    """Return the page's entry for this voice, as this moderator may see it."""
    people = ("first_by", "second_by", "first_reason", "second_reason")
    readings = Reading.objects.still_open().filter(voice=voice)
    reading = readings.select_related(*people).first()
    if reading and reading.decision_id:
        # The first reader took it down, which closed the reports.
        closed = Report.objects.filter(decision=reading.decision_id)
        voice.open_reports = list(closed[: MAX_REPORTS + 1])  # type: ignore[attr-defined]
    holds = Hold.objects.filter(voice=voice).select_related("by", "ended_by")
    hold = holds.first()
    claim = Claim.objects.active().filter(voice=voice).select_related("by").first()
    stage = stage_of(voice, reading, by)
    note, until = NOTES.get(stage, ""), None
    if claim and claim.by_id != by.pk:
        stage = Stage.CLOSED
        note = f"{claim.by} is reading this one."
    elif claim:
        until = claim.until
    if hold and hold.is_in_effect:
        stage = Stage.CLOSED
    entry = Entry(
        voice=voice,
        stage=stage,
        heading=heading(voice, stage),
        note=note,
        until=until,
        read=reading_of.sign(voice),
        reading=reading,
        hold=hold,
        changes=pending_changes(voice),
        history=history(voice),
        flags=flag_lines(voice),
        links=links(voice, by),
        groups=group_links(voice),
    )
    if stage != Stage.CLOSED:
        entry.actions = actions(voice, reading)
        entry.reasons, letters = with_letters(voice)
        offered = [action.name for action in entry.actions if action.name in letters]
        entry.letters = {name: letters[name] for name in offered}
        entry.sentences = choices(StockSentence.objects.all())
    return entry


def flag_lines(voice: Any) -> list[FlagLine]:
    """Return what the flags saw in the words that the decision is about."""
    text = voice.statement
    for correction in voice.to_read:
        text = correction.words.get("statement", text)
    return lines(text, find(text, remembered_rules()), voice.flags)


def heading(voice: Voice, stage: Stage) -> str:
    if stage == Stage.SECOND:
        return "Second reading"
    if stage == Stage.DISPUTE:
        return "Two readers disagree"
    if voice.reported_at and voice.is_published:
        return "Reported and live"
    if voice.corrected_at:
        return "Correction of published words"
    return "Read and decide"


def links(voice: Voice, by: User) -> list[Link]:
    """Return links to the pages of the admin about this voice."""
    about = [Link(reverse("admin:voices_voice_change", args=[voice.pk]), "Voice")]
    log = reverse("admin:voices_decision_changelist")
    about.append(Link(f"{log}?voice__id__exact={voice.pk}", "Decision log"))
    if by.has_perm("voices.view_signature"):
        signed = Signature.objects.filter(voice=voice).order_by()
        about += [
            Link(reverse("admin:voices_signature_change", args=[pk]), "Signature")
            for pk in signed.values_list("pk", flat=True)
        ]
    return about


def group_links(voice: Any) -> list[Link]:
    """Return links to lists of the voices with the same or a reworded text.

    Also to those from the same network, if there are many.
    """
    voices = reverse("admin:voices_voice_changelist")
    found = [("same-text", "Same words", same(voice))]
    found.append(("reworded", "Reworded", reworded(voice)))
    about = [
        Link(f"{voices}?{name}={voice.pk}", f"{label}: {told(group)}")
        for name, label, group in found
        if group
    ]
    if count := voice.others_on_network:
        others = f"{count}+" if count == MAX_OTHERS else str(count)
        label = f"Same network: {others} others"
        about.append(Link(f"{voices}?same-network={voice.pk}", label))
    return about


def told(group: Group) -> str:
    """Return how many others there are, and their statuses."""
    return ", ".join(filter(None, [group.size, group.summary]))


def pending_changes(voice: Any) -> list[Change]:
    return [
        change
        for correction in voice.to_read
        for change in changes_of(voice, correction)
    ]


def actions(voice: Voice, reading: Reading | None) -> list[Action]:
    """Return the buttons that apply to this voice, the three main ones first."""
    edit = reverse("admin:voices_voice_change", args=[voice.pk]) + "?from=review"
    rest = [
        Action("E", "edit", "Edit", href=edit),
        Action("S", "skip", "Skip"),
        Action("H", "hold", "Hold", panel="hold"),
    ]
    changes = Action("C", "changes", "Needs changes", panel="changes")
    take_down = Action("T", "take-down", "Take down", "danger", "reasons")
    taken_down = reading is not None and reading.decision_id is not None
    if voice.corrected_at and voice.is_published:
        first = [
            Action("P", "publish", "Publish correction", "main"),
            Action("D", "decline", "Keep old words", panel="reasons"),
            changes,
        ]
        rest.insert(0, take_down)
        if voice.reported_at:
            rest.insert(0, Action("K", "keep", "Keep"))
    elif voice.is_published or taken_down:
        first = [Action("K", "keep", "Keep", "main"), take_down]
    else:
        first = [
            Action("P", "publish", "Publish", "main"),
            Action("D", "decline", "Decline", panel="reasons"),
            changes,
        ]
    return [*first, *rest]


def choices(rows: QuerySet) -> list[Choice]:
    return [
        Choice(digit_of(number), row.pk, str(row)) for number, row in enumerate(rows, 1)
    ]


def digit_of(number: int) -> str:
    return str(number) if number <= DIGITS else ""


def with_letters(voice: Voice) -> tuple[list[Choice], dict[str, str]]:
    """Return the reasons, each with its letter, and the letters of other actions.

    A live or taken-down voice is taken down for these reasons, any other is declined.
    """
    reasons = list(Reason.objects.filter(active=True))
    letters = previews(voice, reasons)
    why = Verdict.TAKE_DOWN if is_taken_down(voice) else Verdict.DECLINE
    return [
        Choice(digit_of(number), reason.pk, reason.label, said(letters[why, reason.pk]))
        for number, reason in enumerate(reasons, 1)
    ], {
        "publish": said(letters[Verdict.PUBLISH, None]),
        "changes": said(letters[Verdict.CHANGES, None]),
        "keep": said(letters[Verdict.KEEP, None]),
    }


def is_taken_down(voice: Voice) -> bool:
    """Return whether the reasons are for taking the voice down."""
    is_live = voice.status in {Status.PUBLISHED, Status.TAKEN_DOWN}
    return is_live and not voice.corrected_at


def said(letter: Preview | None) -> str:
    return f"Subject: {letter.subject}\n\n{letter.text}" if letter else ""


def others_reading(by: User) -> Iterator[str]:
    """Return the names of the others who have a voice open now."""
    claims = Claim.objects.of_others(by).select_related("by").order_by("by")
    return iter(dict.fromkeys(str(each.by) for each in claims[:20]))
