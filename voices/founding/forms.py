from typing import Any

from django import forms

from core.fields import EmailField, NameField, TidyCharField
from core.plain_text import tidy_paragraphs, validate_plain_text
from voices.abuse.guard import GuardedForm
from voices.founding.models import FoundingRequest
from voices.wall.models import Voice

EMAIL_MESSAGE = "Enter an email address in the form name@example.com"


class VoiceField(forms.ModelChoiceField):
    def label_from_instance(self, voice: Voice) -> str:
        return f"No. {voice.founding_number}, {voice.name}"


class FoundingRequestForm(GuardedForm, forms.ModelForm):
    """A form for a request about a founding voice. It asks who the requester is."""

    voice = VoiceField(
        label="Which voice is it about?",
        queryset=Voice.objects.on_the_wall().founding().in_wall_order(),
        empty_label="Choose a voice",
        error_messages={
            "required": "Choose a voice",
            "invalid_choice": "Choose a voice from the list",
        },
    )
    kind = forms.ChoiceField(
        label="What should we do with it?",
        choices=FoundingRequest.Kind,
        error_messages={
            "required": "Choose whether to correct it or to remove it",
            "invalid_choice": "Choose one of the two",
        },
        widget=forms.RadioSelect,
    )
    text = TidyCharField(
        label="What is wrong, and what is correct?",
        required=False,
        tidy=tidy_paragraphs,
        max_length=2000,
        help_text="Up to 2,000 characters. Required for a correction. A removal needs "
        "no reason.",
        validators=[validate_plain_text],
        widget=forms.Textarea({"rows": 6, "data-count": ""}),
    )
    relation = forms.ChoiceField(
        label="Who are you?",
        choices=FoundingRequest.Relation,
        error_messages={
            "required": "Choose who you are",
            "invalid_choice": "Choose one of the answers shown here",
        },
        widget=forms.RadioSelect,
    )
    name = NameField(
        label="Your name",
        max_length=100,
        error_messages={"required": "Enter your name"},
    )
    email = EmailField(
        label="Your email",
        max_length=254,
        help_text="Never published. We write to it to confirm who is asking, and to "
        "tell you what we decided.",
        error_messages={"required": EMAIL_MESSAGE, "invalid": EMAIL_MESSAGE},
        widget=forms.EmailInput({"autocomplete": "email"}),
    )

    class Meta:
        model = FoundingRequest
        fields = ["voice", "kind", "text", "relation", "name", "email"]

    def clean(self) -> dict[str, Any]:
        super().clean()
        needs_text = self.cleaned_data.get("kind") == FoundingRequest.Kind.CORRECT
        if needs_text and self.cleaned_data.get("text") == "":
            self.add_error("text", "Tell us what is wrong, and what is correct")
        return self.cleaned_data
