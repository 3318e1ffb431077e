"""Invitation pages, where staff set up their account with a passkey or a password."""

import base64
from collections.abc import Callable
from typing import Any

from allauth.account.adapter import get_adapter as account_adapter
from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.adapter import get_adapter as mfa_adapter
from allauth.mfa.base.internal.flows import post_authentication
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from allauth.mfa.webauthn.internal import auth as webauthn
from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.csp import CSP
from django.views.decorators.csp import csp_override
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts import inviting
from accounts.forms import AddPasskeyForm, InvitedPasswordForm
from accounts.models import Invitation

# The content security policy of pages that inline a QR code as a data: URL.
WITH_QR_CODE = settings.SECURE_CSP | {"img-src": [CSP.SELF, "data:"]}

page = require_http_methods(["GET", "HEAD", "POST"])


def open_invitation(token: str) -> tuple[Invitation | None, str]:
    """Return the invitation and "" if the link works.

    If the link doesn't work, return None and the invitation's state, or None and
    "unknown" if there is no such invitation.
    """
    invitations = Invitation.objects.for_link(token).select_related("user")
    found = invitations.first()
    if found and found.state == "open":
        return found, ""
    return None, found.state if found else "unknown"


def refuse(request: HttpRequest, state: str) -> HttpResponse:
    status = 404 if state == "unknown" else 410
    return render(
        request, "accounts/invitation_problem.html", {"state": state}, status=status
    )


@page
def take_with_passkey(request: HttpRequest, token: str) -> HttpResponse:
    invitation, state = open_invitation(token)
    if invitation is None:
        return refuse(request, state)
    form = AddPasskeyForm(request.POST or None, user=invitation.user)
    if request.method == "POST" and form.is_valid():
        return enter(
            request,
            invitation,
            lambda user: webauthn.WebAuthn.add(
                user, form.cleaned_data["name"], form.cleaned_data["credential"]
            ),
        )
    context = {
        "invitation": invitation,
        "form": form,
        "options": {
            "creation_options": webauthn.begin_registration(invitation.user, True)
        },
        "password_url": reverse("accounts_invitation_password", args=[token]),
    }
    return render(
        request, "accounts/invitation.html", context, status=422 if form.errors else 200
    )


@page
@csp_override(WITH_QR_CODE)
@sensitive_post_parameters("password1", "password2", "code")
def take_with_password(request: HttpRequest, token: str) -> HttpResponse:
    invitation, state = open_invitation(token)
    if invitation is None:
        return refuse(request, state)
    form = InvitedPasswordForm(request.POST or None, user=invitation.user)
    if request.method == "POST" and form.is_valid():
        return enter(
            request,
            invitation,
            lambda user: TOTP.activate(user, form.secret),
            password=form.cleaned_data["password1"],
        )
    context = {
        "invitation": invitation,
        "form": form,
        "passkey_url": reverse("accounts_invitation", args=[token]),
        **qr_code(invitation.user, form.secret),
    }
    return render(
        request,
        "accounts/invitation_password.html",
        context,
        status=422 if form.errors else 200,
    )


def qr_code(user: User, secret: str) -> dict[str, str]:
    adapter = mfa_adapter()
    svg = adapter.build_totp_svg(adapter.build_totp_url(user, secret))
    data = base64.b64encode(svg.encode()).decode()
    return {"secret": secret, "qr_code": f"data:image/svg+xml;base64,{data}"}


def enter(
    request: HttpRequest,
    invitation: Invitation,
    add_factor: Callable[[User], Any],
    password: str = "",
) -> HttpResponse:
    """Set up the account, mark the invitation as used, and sign the user in."""
    try:
        with transaction.atomic():
            user = inviting.take(invitation.ref)
            if password:
                user.set_password(password)
                user.save()
            factor = add_factor(user).instance
            RecoveryCodes.activate(user)
    except inviting.ClosedError:
        return refuse(request, "used")
    # If another account is signed in, sign it out first.
    logout(request)
    if password:
        record_authentication(request, user, "password", username=user.username)
    factor.user = user
    post_authentication(
        request, factor, reauthenticated=True, passwordless=not password
    )
    adapter = account_adapter()
    adapter.login(request, user)
    return adapter.post_login(
        request,
        user,
        email_verification="none",
        signal_kwargs=None,
        email=None,
        signup=False,
        redirect_url=reverse("mfa_view_recovery_codes"),
    )
