"""Invite staff, revoke invitations, and set up accounts when links are used."""

import re

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User, UserManager
from django.db import transaction
from django.utils import timezone

from accounts.letters import queue_invitation
from accounts.models import AccountEvent, Invitation, InvitationQuerySet
from accounts.roles import Role, give
from core import addresses
from core.ids import make_ref
from core.locks import USER_NAMES, lock_site

Kind = AccountEvent.Kind


class ClosedError(Exception):
    """The invitation was used, revoked, or replaced, or has expired."""


def accounts() -> UserManager[User]:
    return get_user_model()._default_manager


@transaction.atomic
def invite(email: str, role: Role | str, by: User | None = None) -> Invitation:
    """Email a link that sets up an account for the address `email`.

    If the address has no account yet, create an inactive one. The link replaces any
    earlier link.
    """
    email = email.lower()
    addresses.lock(email)
    user = accounts().filter(email__iexact=email).order_by("pk").first()
    if user is None:
        lock_names()
        user = accounts().create_user(free_name(email), email, is_active=False)
    invitation = Invitation.objects.pending().filter(user=user).first()
    invitation = invitation or Invitation(user=user)
    invitation.role, invitation.invited_by = Role(role), by
    renew(invitation)
    log(Kind.INVITED, user, by, role=invitation.role)
    return invitation


def renew(invitation: Invitation) -> None:
    """Give the invitation a new link, valid from now, and email the link."""
    invitation.ref, invitation.mailed_from = make_ref(), timezone.now()
    invitation.save()
    queue_invitation(invitation)


@transaction.atomic
def resend(invitations: InvitationQuerySet, by: User) -> int:
    """Email new links for the pending invitations; return how many there were."""
    pending = invitations.pending().select_for_update(of=["self"])
    for invitation in (found := list(pending.select_related("user"))):
        renew(invitation)
        log(Kind.INVITED, invitation.user, by, role=invitation.role)
    return len(found)


@transaction.atomic
def revoke(invitations: InvitationQuerySet, by: User) -> int:
    """Revoke the pending invitations; return how many there were."""
    pending = invitations.pending().select_for_update(of=["self"])
    for invitation in (found := list(pending.select_related("user"))):
        log(Kind.REVOKED, invitation.user, by)
    Invitation.objects.filter(pk__in=[each.pk for each in found]).update(
        revoked_at=timezone.now()
    )
    return len(found)


def take(ref: str) -> User:
    """Mark the invitation as used; activate its account, and delete old credentials.

    Returns the account. Call this in the transaction that sets the new credentials.
    Raises ClosedError if the invitation is no longer open.
    """
    invitation = Invitation.objects.open().select_for_update().filter(ref=ref).first()
    if invitation is None:
        raise ClosedError
    invitation.used_at = timezone.now()
    invitation.save()
    user = accounts().select_for_update().get(pk=invitation.user_id)
    user.is_active = user.is_staff = True
    user.set_unusable_password()
    user.save()
    Authenticator.objects.filter(user=user).delete()
    end_sessions(user)
    give(user, invitation.role)
    log(Kind.SET_UP, user, user, role=invitation.role)
    return user


def end_sessions(user: User) -> None:
    for session in UserSession.objects.filter(user=user):
        session.end()


def log(kind: str, user: User, by: User | None, role: str = "") -> None:
    AccountEvent.objects.create(kind=kind, user=user, by=by, role=role)


def lock_names() -> None:
    """Lock the choice of user names until the transaction ends."""
    lock_site(USER_NAMES)


def free_name(email: str) -> str:
    """Return an unused user name based on the email address."""
    name = re.sub(r"[^\w.+-]", "", email.partition("@")[0])[:100] or "staff"
    taken = set(
        accounts().filter(username__istartswith=name).values_list("username", flat=True)
    )
    taken = {each.lower() for each in taken}
    number, free = 1, name
    while free.lower() in taken:
        number += 1
        free = f"{name}{number}"
    return free
