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

# A link is derived from a random reference and SECRET_KEY; links aren't stored.
links = Signer(salt="accounts.invitation", sep=".")
# The length of the column for an account's email address. Django's email validator
# accepts longer addresses.
LONGEST_ADDRESS = 254


class Account(User):
    """Django's user, as a proxy that declares a trigger on the user table."""

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
        """Return invitations neither used nor revoked; they may have expired."""
        return self.filter(used_at=None, revoked_at=None)

    def open(self) -> Self:
        """Return invitations whose link works."""
        age = timedelta(days=settings.INVITATION_DAYS)
        return self.pending().filter(mailed_from__gt=timezone.now() - age)

    def for_link(self, token: str) -> "InvitationQuerySet":
        """Return the link's invitation in any state; empty if the link is invalid."""
        try:
            return self.filter(ref=links.unsign(token))
        except BadSignature:
            return self.none()


class Invitation(models.Model):
    """An emailed link that sets up an account, and works once.

    The account exists from the start but is inactive until the link is used. An active
    account can be invited too, to set it up from scratch.
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
    # The link is valid from this time on. Resending makes a new link and resets this.
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
        """The link's path; not `get_absolute_url`, because the admin links to that."""
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

    Every request creates a row, so the page takes as long for an unknown address as for
    a staff member's. The worker deletes the row within seconds.
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
    """A network that an account signed in from, as a keyed hash.

    Failed attempts from other networks don't lock the account on this one.
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
    """Append-only log of what was done to an account, and by whom.

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
    # The account may have been deleted if its invitation was never used.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.DO_NOTHING,
        null=True,
        db_constraint=False,
        related_name="+",
    )
    role = models.CharField(max_length=20, choices=Role, blank=True)
    # None if the change was made from a shell on the server.
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-pk"]
        triggers = [AppendOnly(log="accounts")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: account {self.user_id}"
