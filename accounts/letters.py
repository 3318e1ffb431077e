"""Emails to staff, which worker tasks render and send."""

from datetime import UTC, datetime

from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.contrib.auth.tokens import default_token_generator
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from procrastinate.contrib.django import app

from accounts.models import Invitation, ResetRequest
from core import mail

SEND_INVITATION = "accounts.send_invitation"
SEND_NOTICE = "accounts.send_notice"
ANSWER_RESET = "accounts.answer_reset"
URGENT = 10

# The text for each kind of notice. All keys except the last are the names of allauth's
# email templates.
NOTICES = {
    "password_changed": "Your password was changed.",
    "password_reset": "Your password was reset with a link that we emailed.",
    "password_set": "A password was set.",
    "recovery_codes_generated": "New recovery codes were generated.",
    "totp_activated": "An authenticator app was added.",
    "totp_deactivated": "The authenticator app was removed.",
    "webauthn_added": "A passkey was added.",
    "webauthn_removed": "A passkey was removed.",
    "factors_removed": "An administrator removed all second factors.",
}


def queue_invitation(invitation: Invitation) -> None:
    app.configure_task(SEND_INVITATION, priority=URGENT).defer(
        invitation_id=invitation.pk
    )


def queue_notice(user: User, notice: str) -> None:
    app.configure_task(SEND_NOTICE, priority=URGENT).defer(
        user_id=user.pk, notice=notice, at=int(timezone.now().timestamp())
    )


@transaction.atomic
def queue_reset(email: str) -> None:
    """Queue the account lookup, so the response time doesn't reveal its result."""
    request = ResetRequest.objects.create(email=email)
    app.configure_task(ANSWER_RESET, priority=URGENT).defer(request_id=request.pk)


def send_invitation(invitation_id: int) -> None:
    """Email the invitation's link if the link still works."""
    open_ones = Invitation.objects.open().select_related("user", "invited_by")
    invitation = open_ones.filter(pk=invitation_id).first()
    if invitation:
        send(
            "invitation",
            invitation.user,
            link=settings.SITE_URL + invitation.path,
            role=invitation.get_role_display().lower(),
            days=settings.INVITATION_DAYS,
        )


def answer_reset(request_id: int) -> None:
    """Email a password reset link if the address has an active account."""
    request = ResetRequest.objects.filter(pk=request_id).first()
    if request is None:
        return
    accounts = get_user_model()._default_manager.filter(is_active=True)
    user = accounts.filter(email__iexact=request.email).order_by("pk").first()
    if user:
        token = default_token_generator.make_token(user)
        address = reverse(
            "account_reset_password_from_key", args=[user_pk_to_url_str(user), token]
        )
        send(
            "reset",
            user,
            link=settings.SITE_URL + address,
            minutes=settings.PASSWORD_RESET_TIMEOUT // 60,
        )
    request.delete()


def send_notice(user_id: int, notice: str, at: int) -> None:
    """Notify an account's owner of a change to the account."""
    user = get_user_model()._default_manager.filter(pk=user_id, is_active=True).first()
    if user and user.email:
        when = timezone.localtime(datetime.fromtimestamp(at, UTC))
        send("notice", user, what=NOTICES[notice], at=when)


def send(template: str, user: User, **context: object) -> None:
    context |= {
        "username": user.get_username(),
        "account_url": settings.SITE_URL + reverse("accounts_index"),
    }
    mail.draft(f"accounts/letters/{template}", context, to=user.email).send()
