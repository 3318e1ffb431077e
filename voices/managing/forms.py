from typing import Any

from django import forms
from django.http import QueryDict

from core.fields import TidyCharField
from core.plain_text import tidy_paragraphs, validate_plain_text
from voices.abuse.guard import GuardedForm
from voices.flags.forms import ShowsDetails
from voices.signatures.models import NameDisplay, Signature, shown_name
from voices.signatures.objections import OBJECTION_LENGTH
from voices.signing.forms import AddressMixin, SignForm, SuggestsAddress, email_field
from voices.wall.appeals import APPEAL_LENGTH
from voices.wall.models import STATEMENT_LENGTH

# The fields of VoiceForm that changes.correct_details() saves in the signature.
DETAILS = ("name", "city", "state", "profession")


class AddressForm(AddressMixin, forms.Form):
    """A form with an email address."""

    email = email_field(label="Email", enter="done")


class AskForm(AddressForm, GuardedForm):
    """The form to request a manage link by email; anybody can enter any address."""


class NewAddressForm(SuggestsAddress, AddressForm):
    """The form in which signers enter their new email address.

    The manage page has several forms, so `auto_id` keeps their HTML IDs unique.
    """

    def __init__(self, data: QueryDict | None = None) -> None:
        super().__init__(data, auto_id="new_%s")
        self.fields["email"].label = "New email address"
        self.fields[
            "email"
        ].help_text = "We email this address, and switch to it once you confirm."


class VoiceForm(ShowsDetails, forms.Form):
    """The form in which signers correct their details and statement.

    New public text is reviewed before it appears; see changes.submit().
    """

    name = SignForm.base_fields["name"]
    name_display = forms.ChoiceField(
        label="How your name appears",
        error_messages={
            "required": "Choose how your name should appear",
            "invalid_choice": "Choose one of the ways shown here",
        },
        widget=forms.RadioSelect,
    )
    city = SignForm.base_fields["city"]
    state = SignForm.base_fields["state"]
    profession = SignForm.base_fields["profession"]
    statement = TidyCharField(
        label="Statement",
        required=False,
        tidy=tidy_paragraphs,
        max_length=STATEMENT_LENGTH,
        help_text=f"Up to {STATEMENT_LENGTH} characters.",
        validators=[validate_plain_text],
        widget=forms.Textarea({"rows": 5, "data-count": ""}),
    )
    updates = forms.BooleanField(label="Send me occasional updates.", required=False)

    def __init__(self, *args: Any, signature: Signature, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name_display"].choices = [  # type: ignore[attr-defined]
            (value, shown_name(signature.name, value) or label)
            for value, label in NameDisplay.choices
        ]


class ObjectionForm(forms.Form):
    """A signer's objection to the invalidation of their signature."""

    text = TidyCharField(
        label="What should we know?",
        required=False,
        tidy=tidy_paragraphs,
        max_length=OBJECTION_LENGTH,
        help_text=f"Optional, up to {OBJECTION_LENGTH} characters. Pressing the "
        "button is enough.",
        validators=[validate_plain_text],
        widget=forms.Textarea({"rows": 4, "data-count": ""}),
    )

    def __init__(self, data: QueryDict | None = None) -> None:
        super().__init__(data, auto_id="objection_%s")


class AppealForm(forms.Form):
    """A signer's appeal against a decision not to publish their words."""

    text = TidyCharField(
        label="Why should we decide otherwise?",
        required=False,
        tidy=tidy_paragraphs,
        max_length=APPEAL_LENGTH,
        help_text=f"Up to {APPEAL_LENGTH} characters. Only moderators read it.",
        validators=[validate_plain_text],
        widget=forms.Textarea({"rows": 4, "data-count": ""}),
    )

    def __init__(self, data: QueryDict | None = None) -> None:
        super().__init__(data, auto_id="appeal_%s")


class SureForm(forms.Form):
    """A checkbox to confirm something that can't be undone."""

    sure = forms.BooleanField(error_messages={"required": "Check the box to continue"})

    def __init__(
        self, data: QueryDict | None = None, *, label: str, auto_id: str
    ) -> None:
        super().__init__(data, auto_id=auto_id)
        self.fields["sure"].label = label
