from datetime import datetime

from django import forms
from django.contrib.admin.helpers import ActionForm
from django.utils import timezone

from voices.moderation.models import Reason
from voices.plain_text import tidy_paragraphs, validate_plain_text


class ReadForm(ActionForm):
    """A choice of actions that knows when its page was read."""

    read_at = forms.DateTimeField(label="", required=False, widget=forms.HiddenInput)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial["read_at"] = timezone.now().isoformat()


def read_at(request) -> datetime:
    """Return when the page was read that an action comes from; now, if it says none."""
    names = [name for name in request.POST if name.endswith("read_at")]
    if not names:
        return timezone.now()
    # The admin has found the whole form valid before it calls an action.
    said = ReadForm.base_fields["read_at"].clean(request.POST[names[0]])
    return said or timezone.now()


class ReasonForm(forms.Form):
    reason = forms.ModelChoiceField(Reason.objects.filter(active=True))


class DeclineForm(ReasonForm):
    tell = forms.BooleanField(
        label="Mail the reason to the author",
        required=False,
        help_text="Without this the author is told nothing.",
    )


class ChangesForm(forms.Form):
    changes = forms.CharField(
        label="What should the author change?",
        max_length=600,
        validators=[validate_plain_text],
        widget=forms.Textarea({"rows": 5}),
        help_text="Mailed to the author as you write it, in your own calm words.",
    )

    def clean_changes(self):
        return tidy_paragraphs(self.cleaned_data["changes"])
