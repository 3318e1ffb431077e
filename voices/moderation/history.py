"""List what happened to a voice before, for the moderator who reads it."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from django.db.models import Count, Exists, OuterRef, QuerySet
from django.template.defaultfilters import pluralize
from django.urls import reverse
from django.utils import timezone
from django.utils.dateformat import format as format_date
from django.utils.text import Truncator, capfirst

from voices.letters.models import Letter
from voices.moderation.decide import LETTERS
from voices.moderation.models import Decision
from voices.moderation.readings import Reading
from voices.reports.models import Report
from voices.wall.corrections import Correction
from voices.wall.edits import field_of
from voices.wall.models import Voice

# At most this many events are listed. Of each kind of rows, this many are read for
# them, because decisions that were undone aren't listed.
MOST, MOST_READ = 20, 60
# How many characters of an appeal are shown.
EXCERPT = 80
# What the letters about a voice said.
SAID = {
    Letter.Kind.PUBLISHED: "It said that the words are published.",
    Letter.Kind.DECLINED: "It said that the statement was declined.",
    Letter.Kind.CORRECTION_DECLINED: "It said that the correction was declined.",
    Letter.Kind.CHANGES_ASKED: "It asked for changes.",
    Letter.Kind.EDIT_PROPOSED: "It asked the author to approve an edit.",
    Letter.Kind.REVERSED: "It said that a decision was reversed.",
}


class Event(NamedTuple):
    """Something that happened to a voice, such as "Declined on October 2".

    `detail` has sentences with more about it, or is "". `url` is a page of the admin.
    """

    at: datetime
    label: str
    detail: str
    url: str


def history(voice: Voice) -> list[Event]:
    """Return what happened to the voice, newest first, in three statements.

    A second reader may see it: while a reading is open, it doesn't tell what the first
    reader decided, not even if that took effect at once.
    """
    log = reverse("admin:voices_decision_changelist") + f"?voice__id__exact={voice.pk}"
    page = reverse("admin:voices_voice_change", args=[voice.pk])
    decisions, unmatched = list(decisions_of(voice)), list(letters_about(voice))
    found = [corrected(each, page) for each in voice.corrections.all()[:MOST_READ]]
    for decision in decisions:
        letter = take_letter(unmatched, decision)
        if not hasattr(decision, "undone_by"):
            found += [decided(decision, letter, log), *answers(decision, page)]
        elif letter and letter.sent_at:
            # The author was told before the decision was undone.
            unmatched.append(letter)
    found += [mailed(letter, log) for letter in unmatched]
    return sorted(found, key=lambda event: event.at, reverse=True)[:MOST]


def decisions_of(voice: Voice) -> QuerySet[Decision]:
    """Return the voice's latest decisions, newest first, undone ones included.

    Leaves out what a first reader decided in a reading that is open.
    """
    in_reading = Reading.objects.still_open().filter(decision=OuterRef("pk"))
    closed = Report.objects.filter(decision=OuterRef("pk")).order_by()
    return (
        Decision.objects.filter(~Exists(in_reading), voice=voice)
        .exclude(kind=Decision.Kind.UNDONE)
        .select_related("reason", "appeal", "proposed_edit", "undone_by")
        .annotate(
            reports_closed=closed.values("decision")
            .annotate(count=Count("pk"))
            .values("count")
        )
        .order_by("-pk")[:MOST_READ]
    )


def letters_about(voice: Voice) -> QuerySet[Letter]:
    """Return the latest letters about the voice, newest first."""
    letters = Letter.objects.filter(signature__voice=voice, kind__in=SAID)
    return letters.select_related("signature").order_by("-pk")[:MOST_READ]


def take_letter(letters: list[Letter], decision: Decision) -> Letter | None:
    """Remove from `letters` the one about this decision, and return it.

    It is the first of its kind that was queued after the decision. The caller takes
    those of later decisions before.
    """
    kind = LETTERS.get(Decision.Kind(decision.kind))
    about = [each for each in letters if each.kind == kind]
    about = [each for each in about if each.queued_at >= decision.at]
    if not about:
        return None
    letters.remove(about[-1])
    return about[-1]


def decided(decision: Decision, letter: Letter | None, url: str) -> Event:
    count = getattr(decision, "reports_closed", None)
    sentences = [
        f"{decision.reason}." if decision.reason else "",
        f"Closed {count} report{pluralize(count)}." if count else "",
        delivery(letter) if letter else "",
    ]
    label = f"{decision.get_kind_display()} on {day(decision.at)}"
    return Event(decision.at, label, " ".join(filter(None, sentences)), url)


def answers(decision: Decision, url: str) -> Iterator[Event]:
    """Yield what the author answered to this decision."""
    if appeal := getattr(decision, "appeal", None):
        text = Truncator(appeal.text).chars(EXCERPT)
        state = "" if appeal.answer_id else "It waits for a different moderator."
        detail = " ".join(filter(None, [f"“{text}”" if text else "", state]))
        yield Event(appeal.at, f"Appealed on {day(appeal.at)}", detail, url)
    edit = getattr(decision, "proposed_edit", None)
    for at, answer in (
        (edit and edit.approved_at, "approved"),
        (edit and edit.rejected_at, "rejected"),
    ):
        if at:
            yield Event(at, f"Edit {answer} by the author on {day(at)}", "", url)


def corrected(correction: Correction, url: str) -> Event:
    fields = [str(field_of(name).verbose_name) for name in correction.words]
    state = "" if correction.decision_id else " It waits for a decision."
    label = f"Correction sent on {day(correction.sent_at)}"
    detail = f"{capfirst(', '.join(fields))}.{state}"
    return Event(correction.sent_at, label, detail, url)


def mailed(letter: Letter, url: str) -> Event:
    at = letter.sent_at or letter.queued_at
    detail = f"{SAID[Letter.Kind(letter.kind)]} {delivery(letter)}"
    return Event(at, f"Email of {day(at)}", detail, url)


def delivery(letter: Letter) -> str:
    """Say in a sentence whether the letter arrived, as far as we know."""
    signature = letter.signature
    if letter.sent_at:
        bounced = signature and signature.bounced_at
        if bounced and bounced >= letter.sent_at:
            return f"Email sent; the address has refused mail since {day(bounced)}."
        return "Email sent."
    if letter.dropped_at is None:
        return "Email not sent yet."
    # The mail server may have taken it without our learning of it.
    return (
        "Email not sent."
        if letter.failures == letter.attempts
        else "Email perhaps sent."
    )


def day(at: datetime) -> str:
    """Return the day as in "October 2", with the year unless it is this one."""
    local = timezone.localtime(at)
    this_year = local.year == timezone.localtime().year
    return format_date(local, "F j" if this_year else "F j, Y")
