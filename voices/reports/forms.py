from typing import Any

from django import forms

from core.fields import TidyCharField
from core.plain_text import tidy_paragraphs, validate_plain_text
from voices.abuse.guard import GuardedForm
from voices.reports.models import Report


class ReportForm(GuardedForm, forms.ModelForm):
    """A form to report a voice. It doesn't ask who the reader is."""

    kind = forms.ChoiceField(
        label="What is wrong with it?",
        choices=Report.Kind,
        error_messages={
            "required": "Choose what is wrong",
            "invalid_choice": "Choose one of the reasons shown here",
        },
        widget=forms.RadioSelect,
    )
    text = TidyCharField(
        label="Tell us more",
        required=False,
        tidy=tidy_paragraphs,
        max_length=1000,
        help_text="Up to 1,000 characters, read only by our moderators. Required if "
        "you chose “something else”.",
        validators=[validate_plain_text],
        widget=forms.Textarea({"rows": 5, "data-count": ""}),
    )

    class Meta:
        model = Report
        fields = ["kind", "text"]

    def clean(self) -> dict[str, Any]:
        super().clean()
        needs_text = self.cleaned_data.get("kind") == Report.Kind.OTHER
        if needs_text and self.cleaned_data.get("text") == "":
            self.add_error("text", "Tell us what is wrong")
        return self.cleaned_data
