"""allauth's forms in this site's words, and proof against tampered input."""

from allauth.account import forms as account
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms as mfa
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.totp.internal.auth import get_totp_secret, validate_totp_code
from allauth.mfa.webauthn import forms as webauthn
from django import forms
from django.contrib.auth.password_validation import password_validators_help_texts

from accounts import limits
from accounts.letters import queue_reset
from accounts.models import LONGEST_ADDRESS
from core.fields import CodeField, EmailField, LineField


class Plain(forms.Form):
    """Labels say what a field is for: nothing stands in it before it is filled in."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)
        if new := self.fields.get("password1"):
            new.help_text = " ".join(password_validators_help_texts())
            new.widget.attrs["aria-describedby"] = (
                f"{self['password1'].auto_id}_helptext"
            )
        if old := self.fields.get("oldpassword"):
            old.label = "Your password now"

    def full_clean(self):
        # The summary of mistakes says it apart from its field.
        for name, field in self.fields.items():
            field.error_messages["required"] = f"Fill in “{self[name].label}”"
        super().full_clean()


class LoginForm(Plain, account.LoginForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["login"] = LineField(
            label="User name or email address",
            max_length=LONGEST_ADDRESS,
            widget=forms.TextInput({"autocomplete": "username"}),
        )
        self.fields["password"].help_text = ""


class ReauthenticateForm(Plain, account.ReauthenticateForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["password"].help_text = ""


class ChangePasswordForm(Plain, account.ChangePasswordForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["oldpassword"].help_text = ""


class SetPasswordForm(Plain, account.SetPasswordForm):
    pass


class ResetPasswordKeyForm(Plain, account.ResetPasswordKeyForm):
    pass


class ResetPasswordForm(Plain):
    """Takes any address, and looks nobody up: the worker does, out of sight."""

    email = EmailField(
        label="Email address",
        max_length=LONGEST_ADDRESS,
        widget=forms.EmailInput({"autocomplete": "email"}),
    )

    def save(self, request, **kwargs):
        """Queue the mail, or with the same answer leave it at those that went out."""
        email = self.cleaned_data["email"]
        if limits.take(request, "reset", email):
            queue_reset(email)
        return email


class WithCode(Plain):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        widget = self.fields["code"].widget
        widget.attrs |= {"class": "w-m", "inputmode": "numeric"}
        label = "Code of your app, or a recovery code"
        self.fields["code"] = CodeField(label=label, widget=widget)


class CodeForm(WithCode, mfa.AuthenticateForm):
    pass


class CodeAgainForm(WithCode, mfa.ReauthenticateForm):
    pass


class ActivateAppForm(WithCode, ActivateTOTPForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["code"].label = "Six-digit code that the app shows"


class CredentialField(forms.JSONField):
    """What a key answered, as the script put it; for people there is nothing to see."""

    widget = forms.HiddenInput

    def to_python(self, value):
        try:
            # The database refuses to store a NUL.
            if "\\u0000" in (value or ""):
                raise RecursionError
            return super().to_python(value)
        except RecursionError:
            raise get_adapter().validation_error("incorrect_code") from None

    def bound_data(self, data, initial):
        # An answer is good once, so a form that comes back brings none.
        return None


class PasskeyForm(Plain):
    """Says “not right” of what is no key's answer at all, where the parent fails."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["credential"] = CredentialField()
        if "name" in self.fields:
            self.fields["name"] = LineField(
                label="A name for it, so that you know it among others",
                required=False,
                max_length=60,
            )

    def full_clean(self):
        try:
            super().full_clean()
        except (AttributeError, KeyError, TypeError, ValueError):
            self.add_error(None, get_adapter().validation_error("incorrect_code"))


class LoginPasskeyForm(PasskeyForm, webauthn.LoginWebAuthnForm):
    pass


class AuthenticatePasskeyForm(PasskeyForm, webauthn.AuthenticateWebAuthnForm):
    pass


class ReauthenticatePasskeyForm(PasskeyForm, webauthn.ReauthenticateWebAuthnForm):
    pass


class AddPasskeyForm(PasskeyForm, webauthn.SignupWebAuthnForm):
    """A passkey: a key that makes sure by itself who holds it."""


class InvitedPasswordForm(account.PasswordVerificationMixin, Plain):
    """A password and the first code of an authenticator app, in one go."""

    password1 = account.SetPasswordField(label="Password")
    password2 = account.PasswordField(
        label="Password once more", autocomplete="new-password"
    )
    code = CodeField(
        label="Six-digit code that the app shows",
        max_length=20,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "one-time-code",
                "inputmode": "numeric",
                "class": "w-s",
            }
        ),
    )

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        # The field compares the password with what is known of its owner.
        vars(self.fields["password1"])["user"] = user
        self.secret = get_totp_secret(regenerate=not self.is_bound)

    def clean_code(self):
        code = self.cleaned_data["code"]
        if not validate_totp_code(self.secret, code):
            raise get_adapter().validation_error("incorrect_code")
        return code
