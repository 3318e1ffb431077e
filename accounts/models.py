from datetime import datetime, timedelta
from typing import Self

import pgtrigger
from django.conf import settings
from django.contrib.auth.models import User
from django.core.signing import BadSignature, Signer
from django.db import models
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone

from accounts.roles import Role
from core.ids import make_ref
from core.public import Content
from core.triggers import AppendOnly, PagesChange

# Signs invitation links. The links aren't stored; each is derived from an invitation's
# random reference and SECRET_KEY.
links = Signer(salt="accounts.invitation", sep=".")
# The length of the column for an account's email address. Django's email validator
# accepts longer addresses.
LONGEST_ADDRESS = 254


class Account(User):
    """A proxy of Django's user model; exists to declare a trigger on the user table."""

    class Meta:
        proxy = True
        default_permissions = ()
        triggers = [
            # Signing in must not fire this trigger, so `last_login` isn't in the list.
            PagesChange(
                Content.FLAGGED,
                name="staff_names_change",
                operation=pgtrigger.Insert
                | pgtrigger.Delete
                | pgtrigger.UpdateOf(
                    *("username", "email", "first_name", "last_name", "is_staff")
                ),
            )
        ]


class InvitationQuerySet(models.QuerySet):
    def pending(self) -> Self:
        """Return invitations that weren't used or revoked; some may have expired."""
        return self.filter(used_at=None, revoked_at=None)

    def open(self) -> Self:
        """Return the invitations whose link still works."""
        age = timedelta(days=settings.INVITATION_DAYS)
        return self.pending().filter(mailed_from__gt=timezone.now() - age)

    def for_link(self, token: str) -> "InvitationQuerySet":
        """Return a queryset of the invitation for a link's token, whatever its state.

        The queryset is empty if the token is invalid.
        """
        try:
            return self.filter(ref=links.unsign(token))
        except BadSignature:
            return self.none()


class Invitation(models.Model):
    """An invitation to set up an account with an emailed link, which works once.

    Inviting an address without an account creates an inactive account, and using the
    link activates it. The owner of an existing account can be invited too; using the
    link then sets up that account from scratch.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="invitations"
    )
    role = models.CharField(max_length=20, choices=Role)
    ref = models.CharField(max_length=30, unique=True, default=make_ref, editable=False)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
    )
    # The time from which the current link is valid. Resending creates a new link.
    mailed_from = models.DateTimeField(default=timezone.now, editable=False)
    used_at = models.DateTimeField(null=True, editable=False)
    revoked_at = models.DateTimeField(null=True, editable=False)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering = ["-mailed_from", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["user"],
                condition=models.Q(used_at=None, revoked_at=None),
                name="invitation_one_pending_for_each",
                violation_error_message="This account has an invitation already.",
            ),
            models.CheckConstraint(
                condition=models.Q(used_at=None) | models.Q(revoked_at=None),
                name="invitation_used_or_revoked",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_role_display()}, {self.state}"

    @property
    def path(self) -> str:
        """The path of the invitation link.

        This isn't named `get_absolute_url`, because then the admin would link to it.
        """
        return reverse("accounts_invitation", args=[links.sign(self.ref)])

    @property
    def expires_at(self) -> datetime:
        return self.mailed_from + timedelta(days=settings.INVITATION_DAYS)

    @property
    def state(self) -> str:
        if self.used_at:
            return "used"
        if self.revoked_at:
            return "revoked"
        return "open" if self.expires_at > timezone.now() else "expired"


class ResetRequest(models.Model):
    """A password reset request; the worker looks up the account.

    Within the rate limits, every request creates a row, so the response takes as long
    for an unknown address as for the address of an account. The worker usually deletes
    the row within seconds.
    """

    email = models.EmailField()
    asked_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"asked at {self.asked_at}"


class KnownNetworkQuerySet(models.QuerySet):
    def note(self, user: User, network_hash: str) -> None:
        self.update_or_create(
            user=user, network_hash=network_hash, defaults={"used_at": timezone.now()}
        )

    def forget_old(self) -> None:
        age = timedelta(days=settings.STAFF_NETWORK_KEPT_DAYS)
        self.filter(used_at__lt=timezone.now() - age).delete()


class KnownNetwork(models.Model):
    """The keyed hash of a network from which a user recently signed in.

    Failed attempts from other networks don't lock the user out on this network.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="known_networks"
    )
    network_hash = models.CharField(max_length=64)
    used_at = models.DateTimeField()

    objects = KnownNetworkQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "network_hash"], name="known_network_once"
            ),
        ]

    def __str__(self) -> str:
        return f"of account {self.user_id}"


class AccountEvent(models.Model):
    """A change to an account, and who made it, in an append-only log.

    A trigger rejects UPDATE and DELETE.
    """

    class Kind(models.TextChoices):
        INVITED = "invited", "Invited"
        REVOKED = "revoked", "Invitation revoked"
        SET_UP = "set-up", "Set up"
        DISABLED = "disabled", "Disabled"
        ENABLED = "enabled", "Enabled again"
        ROLE_GIVEN = "role-given", "Role changed"
        FACTORS_REMOVED = "factors-removed", "Second factor removed"

    kind = models.CharField(max_length=20, choices=Kind)
    # Has no database constraint, because an account is deleted if nobody sets it up.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.DO_NOTHING,
        null=True,
        db_constraint=False,
        related_name="+",
    )
    role = models.CharField(max_length=20, choices=Role, blank=True)
    # The account that made the change; None for a change from a shell on the server.
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-pk"]
        triggers = [AppendOnly(log="accounts")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: account {self.user_id}"
