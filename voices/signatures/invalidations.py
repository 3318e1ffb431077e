from typing import Self

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from core import addresses
from core.triggers import AppendOnly


class Invalidation(models.Model):
    """A row in the append-only log of invalidating signatures and counting them again.

    A trigger rejects UPDATE and DELETE. A signature points to the row that invalidated
    it, so undoing finds exactly the signatures that are still invalidated by that row.
    """

    class Kind(models.TextChoices):
        INVALIDATED = "invalidated", "Invalidated"
        UNDONE = "undone", "Undone"
        REINSTATED = "reinstated", "Reinstated"

    kind = models.CharField(max_length=11, choices=Kind)
    # The invalidation that an undo or reinstatement refers to.
    of = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="followed_by"
    )
    # How the signatures were selected (voices/invalidation/select.py), or the IDs of
    # the reinstated signatures.
    criteria = models.JSONField(default=dict, blank=True)
    reason = models.TextField(max_length=600, blank=True)
    count = models.PositiveIntegerField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="invalidations"
    )
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind="invalidated", of=None)
                | (~models.Q(kind="invalidated") & models.Q(of__isnull=False)),
                name="invalidation_following_names_one",
                violation_error_message="An undo or reinstatement, and nothing else, "
                "must refer to an invalidation.",
            ),
            models.UniqueConstraint(
                fields=["of"],
                condition=models.Q(kind="undone"),
                name="invalidation_undone_once",
                violation_error_message="This invalidation is undone already.",
            ),
        ]
        triggers = [AppendOnly(log="invalidations")]

    def __str__(self) -> str:
        return f"No. {self.pk}: {self.get_kind_display()}, {self.count}"


class InvalidatedAddressQuerySet(models.QuerySet):
    def keep(self, email_key: str, invalidation_id: int) -> None:
        address_hash = addresses.keyed_hash(email_key)
        self.update_or_create(
            address_hash=address_hash, defaults={"invalidation_id": invalidation_id}
        )

    def of(self, email_key: str) -> Self:
        return self.filter(address_hash__in=addresses.keyed_hashes(email_key))

    def take(self, email_key: str) -> int | None:
        """Delete the address's row; return the ID of its invalidation, or None."""
        held = self.of(email_key)
        invalidation_id = held.values_list("invalidation_id", flat=True).first()
        if invalidation_id:
            held.delete()
        return invalidation_id


class InvalidatedAddress(models.Model):
    """The keyed hash of an address whose invalidated signature was erased or moved.

    Without this row, a signer could erase the signature, or move it to a new address,
    then sign again and be counted. Undoing the invalidation deletes the row.
    """

    address_hash = models.CharField(max_length=64, unique=True)
    invalidation = models.ForeignKey(
        Invalidation, models.PROTECT, related_name="addresses"
    )

    objects = InvalidatedAddressQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"held by invalidation {self.invalidation_id}"
