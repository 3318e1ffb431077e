"""What staff are asked about each verdict on voices, and told about its outcome."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from django import forms
from django.contrib import messages
from django.http import HttpRequest
from django.utils.html import format_html

from voices.moderation.forms import ChangesForm, DeclineForm, ReasonForm
from voices.moderation.readings import Verdict
from voices.moderation.verdicts import Outcome, Wish


class Question(NamedTuple):
    """A verdict in words, and the form for what goes with it."""

    title: str
    done: str
    form: type[forms.Form]


QUESTIONS = {
    Verdict.PUBLISH: Question("Publish", "Published", forms.Form),
    Verdict.DECLINE: Question("Decline", "Declined", DeclineForm),
    Verdict.CHANGES: Question("Ask for changes", "Changes asked for", ChangesForm),
    Verdict.KEEP: Question("Keep", "Kept", forms.Form),
    Verdict.TAKE_DOWN: Question("Take down", "Taken down", ReasonForm),
}

WHY_BARRED = (
    "A different moderator has to decide on your own statements, on appeals against "
    "your decisions, and on what you have read first. If there is no other moderator, "
    "these voices wait."
)


def wish_of(verdict: Verdict, filled: Mapping[str, Any]) -> Wish:
    """Return the wish that the verdict's form was filled in with."""
    return Wish(
        verdict,
        reason=filled.get("reason"),
        text=filled.get("changes", ""),
        tell=filled.get("tell", True),
    )


def say(
    request: HttpRequest,
    verdict: Verdict,
    outcome: Outcome,
    undo_url: str,
    left_out: int = 0,
) -> None:
    """Show how many voices are in each group of the outcome, with a link to undo."""
    groups = [
        ("Sent to a second reader", len(outcome.to_second)),
        ("A second opinion that differs, so a lead decides", len(outcome.disputed)),
        ("Someone else is reading or holding", len(outcome.busy)),
        ("Left for another moderator", len(outcome.barred)),
        ("Left out, to be decided one at a time", left_out),
    ]
    said = [f"{QUESTIONS[verdict].done}: {len(outcome.done):,}."]
    said += [f"{words}: {number:,}." for words, number in groups if number]
    message = format_html("{}", " ".join(said))
    if undo_url:
        message = format_html('{} <a href="{}">See or undo</a>', message, undo_url)
    given = outcome.done or outcome.to_second or outcome.disputed
    level = messages.SUCCESS if given else messages.WARNING
    messages.add_message(request, level, message)
    if outcome.barred:
        messages.warning(request, WHY_BARRED)
