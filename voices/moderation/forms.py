from datetime import datetime
from typing import Any

from django import forms
from django.contrib.admin import ActionLocation
from django.contrib.admin.helpers import ActionForm
from django.core.exceptions import BadRequest
from django.http import HttpRequest
from django.utils import timezone

from core.fields import TidyCharField
from core.plain_text import tidy_paragraphs, validate_plain_text
from voices.moderation.models import Reason

# The names that the field `read_at` has in POST data from a changelist, and from a
# voice's change form.
NAMES = ["read_at", f"{ActionLocation.CHANGE_FORM.value}-read_at"]


class ReadForm(ActionForm):
    """An action form that also sends the time when its page was rendered."""

    read_at = forms.DateTimeField(label="", required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["read_at"] = timezone.now().isoformat()


def read_at(request: HttpRequest) -> datetime:
    """Return when the action's page was rendered; the current time if not submitted."""
    said = next((request.POST[name] for name in NAMES if name in request.POST), None)
    try:
        return ReadForm.base_fields["read_at"].clean(said) or timezone.now()
    except forms.ValidationError:
        # Only a forged value gets here: the admin has already validated its own field.
        raise BadRequest("The time when the page was read is invalid.") from None


class ReasonForm(forms.Form):
    reason = forms.ModelChoiceField(Reason.objects.filter(active=True))


class DeclineForm(ReasonForm):
    tell = forms.BooleanField(
        label="Email the reason to the author",
        required=False,
        help_text="If unchecked, no email is sent; the author sees the decision and "
        "the reason only at “Manage my voice”.",
    )


class ChangesForm(forms.Form):
    changes = TidyCharField(
        label="What should the author change?",
        tidy=tidy_paragraphs,
        max_length=600,
        validators=[validate_plain_text],
        widget=forms.Textarea({"rows": 5}),
        help_text="Emailed to the author exactly as you write it. Please write calmly.",
    )
