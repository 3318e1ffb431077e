from django import forms

from core.fields import AS_TYPED, TidyCharField
from core.plain_text import tidy_line, tidy_paragraphs, validate_plain_text
from rankings.states import JURISDICTIONS, PlaceSelect
from voices.abuse.guard import GuardedForm
from voices.ranking_errors.models import RankingError


class RankingErrorForm(GuardedForm, forms.ModelForm):
    """A form to report an error in the rankings. It doesn't ask who the reader is."""

    state = forms.ChoiceField(
        label="Which state is it about?",
        required=False,
        choices=[("", "The rankings as a whole"), *JURISDICTIONS.items()],
        widget=PlaceSelect,
        error_messages={"invalid_choice": "Choose a state from the list"},
    )
    text = TidyCharField(
        label="What is wrong, and what is correct?",
        tidy=tidy_paragraphs,
        max_length=2000,
        help_text="Up to 2,000 characters.",
        error_messages={"required": "Tell us what is wrong"},
        validators=[validate_plain_text],
        widget=forms.Textarea({"rows": 6, "data-count": ""}),
    )
    source = TidyCharField(
        label="Where can we check it?",
        required=False,
        tidy=tidy_line,
        max_length=500,
        help_text="The statute or ruling, or a web address.",
        validators=[validate_plain_text],
        widget=forms.TextInput(AS_TYPED),
    )

    class Meta:
        model = RankingError
        fields = ["state", "text", "source"]
