"""Override allauth's defaults that are unsafe or unsuitable for this site."""

from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend
from allauth.core.internal import ratelimit
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from accounts import limits, second_factor
from accounts.letters import queue_notice
from core.networks import address_of

# Requests without an IP address share one rate limit.
NO_ADDRESS = "::"


class AccountAdapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        **dict.fromkeys(
            ["email_password_mismatch", "username_password_mismatch"],
            "No account has this name and password. Check both, "
            "or reset your password.",
        ),
        "incorrect_password": "That password is incorrect.",
        "too_many_login_attempts": "Too many attempts failed. "
        "Wait five minutes, then try again.",
        "rate_limited": "Too many attempts. Wait a few minutes.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return address_of(request) or NO_ADDRESS

    def pre_authenticate(self, request: HttpRequest, **credentials: str) -> None:
        """Count the sign-in attempt toward the limits of the network and the account.

        Raises a validation error if the attempt is over one of the limits.
        """
        login = credentials.get("email") or credentials.get("username") or ""
        usage = ratelimit.consume(
            request,
            app="allauth.account",
            action="login_failed",
            config={"login_failed": settings.STAFF_TRIES_OF_NETWORK},
        )
        taken = limits.take(request, "password", login) if usage else None
        if not taken:
            raise self.validation_error("too_many_login_attempts")
        usage.usage += taken.usage
        # The parent class rolls back this usage if the password is correct.
        self._login_failed_rl_usage = usage

    def is_ajax(self, request: HttpRequest) -> bool:
        """Return whether to respond with JSON, which only the passkey script needs."""
        return request.path == reverse("mfa_login_webauthn") and super().is_ajax(
            request
        )

    def pre_login(
        self, request: HttpRequest, user: User, **kwargs: Any
    ) -> HttpResponse | None:
        refusal = super().pre_login(request, user, **kwargs)
        if refusal:
            return refusal
        if settings.SECOND_FACTOR and not second_factor.has_one(user):
            # Without this check, anyone who learns the password could sign in and add
            # their own second factor.
            messages.error(
                request,
                "Your account no longer has a second factor, and a password alone is "
                "not enough. Ask an administrator for a new invitation.",
            )
            return redirect("account_login")
        return None

    def send_notification_mail(
        self,
        template_prefix: str,
        user: User,
        context: dict[str, object] | None = None,
        email: str | None = None,
    ) -> None:
        """Queue an email to the account's owner, with our text instead of allauth's."""
        queue_notice(user, template_prefix.rpartition("/")[2])


class MFAAdapter(DefaultMFAAdapter):
    error_messages = DefaultMFAAdapter.error_messages | {
        "cannot_delete_authenticator": "This is your only second factor. "
        "Add another one first.",
        "incorrect_code": "That code or key is incorrect or was already used.",
    }

    def _get_site_name(self) -> str:
        return settings.SITE_NAME

    def encrypt(self, text: str) -> str:
        """Encrypt a second factor's secret, so that backups alone don't reveal it."""
        return fernet().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return fernet().decrypt(encrypted_text.encode()).decode()

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        return not second_factor.is_last(authenticator)

    def generate_authenticator_name(self, user: User, type: str) -> str:  # noqa: A002 - allauth's name
        count = Authenticator.objects.filter(user=user.pk, type=type).count()
        return f"Passkey {count + 1}" if count else "Passkey"


def fernet() -> MultiFernet:
    """Return a cipher that encrypts with SECRET_KEY; it also decrypts with old keys."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet(
        Fernet(urlsafe_b64encode(sha256(f"accounts.factors:{key}".encode()).digest()))
        for key in keys
    )


class NameOrAddressBackend(AuthenticationBackend):
    """Authenticate by user name or email address.

    This takes equally long if there is no such account, so that the response time
    doesn't reveal which accounts exist.
    """

    def _authenticate(
        self, request: HttpRequest | None, **credentials: str
    ) -> User | None:
        """Find the account with one query, and hash the password once.

        The parent class hashes the password once per matching account.
        """
        name = credentials.get("username") or credentials.get("email") or ""
        accounts = get_user_model()._default_manager.order_by("pk")
        user = accounts.filter(Q(username=name) | Q(email__iexact=name)).first()
        return self._check_password(user, credentials["password"])
