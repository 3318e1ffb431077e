"""Inviting somebody, taking it back, and what happens when the link is used."""

import re

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from accounts.letters import queue_invitation
from accounts.models import AccountEvent, Invitation
from accounts.roles import Role, give
from core import addresses
from core.ids import make_ref
from core.locks import USER_NAMES, take_turns

Kind = AccountEvent.Kind


class ClosedError(Exception):
    """The invitation was used, revoked, replaced or is too old."""


def accounts():
    return get_user_model()._default_manager


@transaction.atomic
def invite(email: str, role: Role | str, by=None) -> Invitation:
    """Mail a link to set up the account of this address; the one before it ends."""
    email = email.lower()
    addresses.lock(email)
    user = accounts().filter(email__iexact=email).order_by("pk").first()
    if user is None:
        lock_names()
        user = accounts().create_user(free_name(email), email, is_active=False)
    invitation = Invitation.objects.standing().filter(user=user).first()
    invitation = invitation or Invitation(user=user)
    invitation.role, invitation.invited_by = Role(role), by
    renew(invitation)
    log(Kind.INVITED, user, by, role=invitation.role)
    return invitation


def renew(invitation: Invitation) -> None:
    """Give it a new link, which counts its days from now, and mail that."""
    invitation.ref, invitation.mailed_from = make_ref(), timezone.now()
    invitation.save()
    queue_invitation(invitation)


@transaction.atomic
def resend(invitations, by) -> int:
    """Mail new links for those that stand; say how many."""
    standing = invitations.standing().select_for_update(of=["self"])
    for invitation in (found := list(standing.select_related("user"))):
        renew(invitation)
        log(Kind.INVITED, invitation.user, by, role=invitation.role)
    return len(found)


@transaction.atomic
def revoke(invitations, by) -> int:
    """End the links of those that stand; say how many."""
    standing = invitations.standing().select_for_update(of=["self"])
    for invitation in (found := list(standing.select_related("user"))):
        log(Kind.REVOKED, invitation.user, by)
    Invitation.objects.filter(pk__in=[each.pk for each in found]).update(
        revoked_at=timezone.now()
    )
    return len(found)


def take(ref: str):
    """Use the invitation up and open its account, emptied of what opened it before.

    Belongs into the transaction that gives it a password or passkey. Raises
    ClosedError when somebody was faster.
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


def end_sessions(user) -> None:
    for session in UserSession.objects.filter(user=user):
        session.end()


def log(kind: str, user, by, role: str = "") -> None:
    AccountEvent.objects.create(kind=kind, user=user, by=by, role=role)


def lock_names() -> None:
    """Let nobody else choose a name for an account until this transaction ends."""
    take_turns(USER_NAMES)


def free_name(email: str) -> str:
    """Return a user name after the address that nobody has."""
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
