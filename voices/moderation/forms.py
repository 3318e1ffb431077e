from django import forms

from voices.moderation.models import Reason
from voices.plain_text import tidy_paragraphs, validate_plain_text


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
