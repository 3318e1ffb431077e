"""allauth's forms, with our own wording and with checks for tampered input."""

from typing import Any

from allauth.account import forms as account
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms as mfa
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.totp.internal.auth import get_totp_secret, validate_totp_code
from allauth.mfa.webauthn import forms as webauthn
from django import forms
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import password_validators_help_texts
from django.http import HttpRequest

from accounts import limits
from accounts.letters import queue_reset
from accounts.models import LONGEST_ADDRESS
from core.fields import CodeField, EmailField, LineField


class Plain(forms.Form):
    """Base class of the account forms; adjusts the texts of allauth's fields.

    Removes the placeholders, which only repeat the labels. Describes the password rules
    below the field for a new password. The error for an empty field names the field.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)
        if new := self.fields.get("password1"):
            new.help_text = " ".join(password_validators_help_texts())
            new.widget.attrs["aria-describedby"] = (
                f"{self['password1'].auto_id}_helptext"
            )
        if old := self.fields.get("oldpassword"):
            old.label = "Current password"

    def full_clean(self) -> None:
        # Name the field in the message, because the error summary shows the message far
        # from the field.
        for name, field in self.fields.items():
            field.error_messages["required"] = f"Fill in “{self[name].label}”"
        super().full_clean()


class LoginForm(Plain, account.LoginForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"] = LineField(
            label="User name or email address",
            max_length=LONGEST_ADDRESS,
            widget=forms.TextInput({"autocomplete": "username"}),
        )
        self.fields["password"].help_text = ""


class ReauthenticateForm(Plain, account.ReauthenticateForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].help_text = ""


class ChangePasswordForm(Plain, account.ChangePasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["oldpassword"].help_text = ""


class SetPasswordForm(Plain, account.SetPasswordForm):
    pass


class ResetPasswordKeyForm(Plain, account.ResetPasswordKeyForm):
    pass


class ResetPasswordForm(Plain):
    """Accepts any email address, whether or not an account has it.

    The worker looks up the account, so the response time doesn't reveal whether there
    is an account.
    """

    email = EmailField(
        label="Email address",
        max_length=LONGEST_ADDRESS,
        widget=forms.EmailInput({"autocomplete": "email"}),
    )

    def save(self, request: HttpRequest, **kwargs: Any) -> str:
        """Queue the reset unless a rate limit is exceeded; return the email address."""
        email = self.cleaned_data["email"]
        if limits.take(request, "reset", email):
            queue_reset(email)
        return email


class WithCode(Plain):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        widget = self.fields["code"].widget
        widget.attrs |= {"class": "input-medium", "inputmode": "numeric"}
        label = "Code from your app, or a recovery code"
        self.fields["code"] = CodeField(label=label, widget=widget)


class CodeForm(WithCode, mfa.AuthenticateForm):
    pass


class CodeAgainForm(WithCode, mfa.ReauthenticateForm):
    pass


class ActivateAppForm(WithCode, ActivateTOTPForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].label = "Six-digit code from the app"


class CredentialField(forms.JSONField):
    """A hidden field, which our script fills with a passkey's response as JSON."""

    widget = forms.HiddenInput

    def to_python(self, value: str | None) -> Any:
        try:
            # Reject NUL characters, which PostgreSQL can't store, in the same way as
            # JSON that is nested too deeply.
            if "\\u0000" in (value or ""):
                raise RecursionError
            return super().to_python(value)
        except RecursionError:
            raise get_adapter().validation_error("incorrect_code") from None

    def bound_data(self, data: str | None, initial: object) -> None:
        # A passkey's response is valid only once, so don't redisplay it.
        return None


class PasskeyForm(Plain):
    """Reports a malformed passkey response as incorrect; allauth's form would crash."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["credential"] = CredentialField()
        if "name" in self.fields:
            self.fields["name"] = LineField(
                label="Name for this passkey, so you can tell it apart",
                required=False,
                max_length=60,
            )

    def full_clean(self) -> None:
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
    """Adds a passkey that must verify the user, for example with a PIN."""


class InvitedPasswordForm(account.PasswordVerificationMixin, Plain):
    """Asks for a new password and the first code from an authenticator app."""

    password1 = account.SetPasswordField(label="Password")
    password2 = account.PasswordField(
        label="Repeat the password", autocomplete="new-password"
    )
    code = CodeField(
        label="Six-digit code from the app",
        max_length=20,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "one-time-code",
                "inputmode": "numeric",
                "class": "input-short",
            }
        ),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # allauth's field passes `user` to the password validators, which check that the
        # password isn't similar to the user's name or email address.
        vars(self.fields["password1"])["user"] = user
        self.secret = get_totp_secret(regenerate=not self.is_bound)

    def clean_code(self) -> str:
        code = self.cleaned_data["code"]
        if not validate_totp_code(self.secret, code):
            raise get_adapter().validation_error("incorrect_code")
        return code
