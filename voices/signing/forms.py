import re
from typing import Any, cast

from django import forms
from django.http import QueryDict
from django.utils import timezone
from django.utils.functional import cached_property

from core import addresses, mail_hosts
from core.fields import CodeField, EmailField, NameField, TidyCharField
from core.ids import derive_ref
from core.plain_text import (
    tidy_paragraphs,
    validate_city,
    validate_plain_text,
    validate_profession,
)
from rankings.states import PLACES, PlaceSelect
from voices.abuse.guard import GuardedForm
from voices.flags.forms import ShowsDetails
from voices.petition.models import Petition, Petitions
from voices.signatures.models import NameDisplay, Submission
from voices.signatures.tokens import CODE_DIGITS
from voices.signing.agreements import (
    CONSENT_TEXT,
    CONSENT_VERSION,
    PRIVACY_TEXT,
    PRIVACY_VERSION,
)
from voices.wall.models import STATEMENT_LENGTH

EMAIL_MESSAGE = "Enter an email address in the form name@example.com"
# The value of `suggestion_seen` after the signer has pressed "No, keep mine".
NEVER_AGAIN = "-"
# The fields of the optional part of the form, which is collapsed at first.
SECOND_STEP = {"statement", "city", "profession", "name_display"}


class AddressMixin(forms.BaseForm):
    """Cleans the field `email` and sets `email_key` to its canonical form."""

    def clean_email(self) -> str:
        email = self.cleaned_data["email"]
        # Reject spellings that are valid but unused, such as quoted ones: they would
        # give one mailbox many spellings, and some mail programs misread them.
        if not re.fullmatch(r"[^\s\x00-\x20\x7f\"\\]+@[^@]+\.[^@]+", email):
            raise forms.ValidationError(EMAIL_MESSAGE, code="invalid")
        try:
            self.email_key = addresses.canonical(email)
        except ValueError:
            raise forms.ValidationError(EMAIL_MESSAGE, code="invalid") from None
        if len(self.email_key) > 254:
            raise forms.ValidationError(EMAIL_MESSAGE, code="invalid")
        return email


class SuggestsAddress(forms.BaseForm):
    """A form that suggests a correction, once, if the email domain looks mistyped.

    The signer answers with one of two buttons, which send `email_suggestion` as "use"
    or "keep". Any other button, pressed while the suggestion is shown, also keeps the
    address. The suggestion depends only on the typed address, so it reveals nothing
    about which addresses we know.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The suggestion that was shown, or NEVER_AGAIN. Forging this value can only
        # hide a suggestion, or show it again.
        self.fields["suggestion_seen"] = forms.Field(
            required=False, widget=forms.HiddenInput
        )
        if self.is_bound:
            self.take_answer()

    def take_answer(self) -> None:
        answer = self.data.get("email_suggestion")
        email = str(self.data.get("email", ""))
        if answer == "keep":
            self.change_data(suggestion_seen=NEVER_AGAIN)
        elif answer == "use":
            self.change_data(email=mail_hosts.suggest(email) or email)

    def suggest_address(self) -> str:
        """Return the address that the signer probably meant.

        Return "" if the typed address looks right, if the same suggestion was shown
        before, or if the signer has pressed "No, keep mine".
        """
        suggestion = mail_hosts.suggest(str(self.data.get("email", "")))
        seen = self.data.get("suggestion_seen")
        if not suggestion or seen in (NEVER_AGAIN, suggestion):
            return ""
        self.change_data(suggestion_seen=suggestion)
        described = f"{self['email'].aria_describedby or ''} email-suggestion".strip()
        self.fields["email"].widget.attrs["aria-describedby"] = described
        return suggestion

    def change_data(self, **fields: str) -> None:
        data = cast(QueryDict, self.data).copy()
        for name, value in fields.items():
            data[name] = value
        self.data = data


def email_field(*, label: str, enter: str, help_text: str = "") -> EmailField:
    """Return a field for the signer's email address.

    `enter` is the value of `enterkeyhint`: the label of a phone's Enter key.
    """
    return EmailField(
        label=label,
        max_length=254,
        help_text=help_text,
        error_messages={"required": EMAIL_MESSAGE, "invalid": EMAIL_MESSAGE},
        widget=forms.EmailInput({"autocomplete": "email", "enterkeyhint": enter}),
    )


class SignForm(
    SuggestsAddress, ShowsDetails, AddressMixin, GuardedForm, forms.ModelForm
):
    """The form at `/voices/add/`; saving it creates an unconfirmed submission."""

    name = NameField(
        label="Your name",
        max_length=100,
        error_messages={"required": "Enter your name"},
    )
    name_display = forms.ChoiceField(
        label="How should your name appear?",
        choices=NameDisplay,
        initial=NameDisplay.FULL,
        help_text="Ana Cruz would appear as “Ana Cruz”, “Ana C.”, or “Ana”. Before you "
        "confirm, we show you how your own name will appear.",
        error_messages={
            "required": "Choose how your name should appear",
            "invalid_choice": "Choose one of the ways shown here",
        },
        widget=forms.RadioSelect,
    )
    email = email_field(label="Email", enter="next", help_text="Never published.")
    city = TidyCharField(
        label="City or town",
        required=False,
        max_length=80,
        validators=[validate_city],
        widget=forms.TextInput(
            {
                "autocomplete": "address-level2",
                "autocapitalize": "words",
                "spellcheck": "false",
                "enterkeyhint": "next",
                "class": "input-medium",
            }
        ),
    )
    state = forms.ChoiceField(
        # PlaceSelect also accepts what browsers fill in automatically, such as a
        # state's name.
        label="State",
        # A callable, because each form instance deep-copies its fields, and with them
        # any list of choices.
        choices=lambda: [("", "Choose a state"), *PLACES.items()],
        error_messages={
            "required": "Choose your state, or D.C.",
            "invalid_choice": "Choose a state from the list",
        },
        widget=PlaceSelect({"autocomplete": "address-level1", "class": "input-medium"}),
    )
    profession = TidyCharField(
        required=False,
        max_length=80,
        help_text="For example: nurse, farmer, retired officer, student.",
        validators=[validate_profession],
        widget=forms.TextInput(
            # Autofill would enter a job title, which few people want published.
            {
                "autocomplete": "off",
                "autocapitalize": "sentences",
                "spellcheck": "true",
                "enterkeyhint": "done",
                "class": "input-medium",
            }
        ),
    )
    statement = TidyCharField(
        label="Why do you want qualified immunity ended?",
        required=False,
        tidy=tidy_paragraphs,
        max_length=STATEMENT_LENGTH,
        help_text=f"Up to {STATEMENT_LENGTH} characters. Your own words, about the "
        "rule. Please don’t name private people.",
        validators=[validate_plain_text],
        widget=forms.Textarea({"rows": 5, "data-count": ""}),
    )
    consent = forms.BooleanField(
        label=CONSENT_TEXT,
        error_messages={"required": "Check the box to agree, so that we may count you"},
    )
    privacy = forms.BooleanField(
        label=PRIVACY_TEXT,
        error_messages={
            "required": "Read the privacy notice, and check the box to agree to it"
        },
    )
    updates = forms.BooleanField(
        label="Send me occasional updates (optional).",
        required=False,
    )

    class Meta:
        model = Submission
        fields = [
            "name",
            "name_display",
            "email",
            "city",
            "state",
            "profession",
            "statement",
            "updates",
        ]

    def clean(self) -> dict[str, Any]:
        super().clean()
        if self.cleaned_data.get("name_display") == NameDisplay.UNLISTED:
            self.cleaned_data["statement"] = ""
        return self.cleaned_data

    def is_second_step_open(self) -> bool:
        """Return whether to show the optional part expanded.

        True if a field of the optional part has an error or a changed value.
        """
        return self.is_bound and any(
            self[name].errors or (self[name].value() or "") != (field.initial or "")
            for name, field in self.fields.items()
            if name in SECOND_STEP
        )

    @cached_property
    def petition(self) -> Petition:
        """The petition version that the form showed, or the current one if unknown."""
        return Petitions.read().seen(self.data.get("petition", ""))

    def is_outdated(self) -> bool:
        """Return whether the petition's demands changed after the form was opened."""
        return self.petition.series != Petitions.read().current.series

    def make_ref(self, browser: str) -> str:
        """Return the submission's ref: the same if the same data is sent again today.

        `browser` is the secret of the browser's CSRF cookie. So nobody who knows the
        data can find the submission's check-your-email page. The day is part of it, so
        that signing again later doesn't revive the links of an erased signature.
        """
        entered = [self.cleaned_data[name] for name in self.Meta.fields]
        day = timezone.localdate().isoformat()
        return derive_ref("voices.form", browser, day, self.petition.pk, entered)

    def save(self, commit: bool = True) -> Submission:
        submission = self.instance
        submission.petition = self.petition
        words = self.petition.words(submission.state)
        submission.email_key = self.email_key
        submission.email_masked = addresses.masked(submission.email)
        submission.consent_version = CONSENT_VERSION
        submission.consent_text = f"{words}\n\n{CONSENT_TEXT}"
        submission.privacy_version = PRIVACY_VERSION
        submission.privacy_text = PRIVACY_TEXT
        submission.consent_at = timezone.now()
        return super().save(commit)


class CorrectForm(SuggestsAddress, AddressMixin, GuardedForm):
    """The form on the check-your-email page that corrects a mistyped address."""

    email = email_field(label="Your email address", enter="done")
    # A signed ref, made by correct.make_next(); a forged value is ignored.
    next = forms.Field(required=False, widget=forms.HiddenInput)


class CodeForm(forms.Form):
    """The form on the check-your-email page for the six digits from the email."""

    code = CodeField(
        label="Six-digit code",
        max_length=20,
        help_text="It is in the message, below the link.",
        error_messages={"required": "Enter the six digits from the message"},
        widget=forms.TextInput(
            {
                "autocomplete": "one-time-code",
                "inputmode": "numeric",
                "class": "input-short",
            }
        ),
    )

    def clean_code(self) -> str:
        # Accept "code: 123456" as well.
        code = re.sub("[^0-9]", "", self.cleaned_data["code"])
        if not re.fullmatch(rf"[0-9]{{{CODE_DIGITS}}}", code):
            raise forms.ValidationError(
                "Enter the six digits from the message", code="invalid"
            )
        return code
