from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from core.fields import TidyCharField
from core.plain_text import tidy_paragraphs, validate_plain_text
from voices.moderation.holds import NOTE_LENGTH
from voices.moderation.models import Reason
from voices.moderation.readings import Verdict
from voices.moderation.verdicts import Wish

# A hold ends at most this long from now.
LONGEST_HOLD_DAYS = 90
# The verdict that each button stands for.
VERDICTS = {
    "publish": Verdict.PUBLISH,
    "decline": Verdict.DECLINE,
    "changes": Verdict.CHANGES,
    "keep": Verdict.KEEP,
    "take-down": Verdict.TAKE_DOWN,
}


class NoteForm(forms.Form):
    """A note to other moderators, or a message to the author."""

    text = TidyCharField(
        tidy=tidy_paragraphs,
        max_length=NOTE_LENGTH,
        required=False,
        validators=[validate_plain_text],
    )


class VerdictForm(NoteForm):
    """A verdict with what the author is told: a reason or a message."""

    reason = forms.ModelChoiceField(
        Reason.objects.filter(active=True),
        required=False,
        error_messages={
            "invalid_choice": "This reason has been retired. Choose another one."
        },
    )

    def __init__(self, verdict: Verdict, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.verdict = verdict

    def clean(self) -> dict[str, Any] | None:
        needs_reason = self.verdict in {Verdict.DECLINE, Verdict.TAKE_DOWN}
        if (
            needs_reason
            and "reason" not in self.errors
            and not self.cleaned_data["reason"]
        ):
            self.add_error("reason", "Choose a reason.")
        if self.verdict == Verdict.CHANGES and not self.cleaned_data.get("text"):
            self.add_error("text", "Write what the author should change.")
        return super().clean()

    def wish(self, seconds: int | None) -> Wish:
        return Wish(
            self.verdict,
            reason=self.cleaned_data["reason"],
            text=self.cleaned_data["text"],
            seconds=seconds,
        )


class HoldForm(NoteForm):
    """When, or after which answer, others may decide on the voice again."""

    until = forms.DateField(required=False)

    def clean_until(self) -> datetime | None:
        day = self.cleaned_data["until"]
        if day is None:
            return None
        today = timezone.localdate()
        if not today < day <= today + timedelta(days=LONGEST_HOLD_DAYS):
            raise forms.ValidationError(
                f"Choose a date in the next {LONGEST_HOLD_DAYS} days."
            )
        return timezone.make_aware(datetime.combine(day, time()))

    def clean(self) -> dict[str, Any] | None:
        cleaned = self.cleaned_data
        if not self.errors and not cleaned["until"] and not cleaned["text"]:
            raise forms.ValidationError(
                "Choose a date, or write a note for somebody to answer."
            )
        return super().clean()
