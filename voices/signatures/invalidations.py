from collections.abc import Iterable

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from core import addresses
from core.triggers import AppendOnly


class Invalidation(models.Model):
    """A log entry: staff invalidated signatures, or made them count again.

    A trigger rejects UPDATE and DELETE. An invalidated signature points to the entry of
    its invalidation, so an undo finds exactly the signatures that this invalidation
    still keeps from counting.
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
    # For an invalidation, how the signatures were selected
    # (voices/invalidation/select.py); for a reinstatement, the signatures' IDs.
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

    def take(self, email_keys: Iterable[str]) -> dict[str, int]:
        """Delete the rows of these addresses.

        Return the ID of the invalidation that each deleted row referred to, by address.
        """
        keys = {each: key for key in email_keys for each in addresses.keyed_hashes(key)}
        held = self.filter(address_hash__in=keys)
        found = dict(held.values_list("address_hash", "invalidation_id"))
        if found:
            held.delete()
        return {keys[each]: invalidation_id for each, invalidation_id in found.items()}


class InvalidatedAddress(models.Model):
    """The keyed hash of an address that used to have an invalidated signature.

    The signer has since erased the signature or changed its address. Without this row,
    the signer could sign again with the old address and be counted. Signing again
    deletes this row, but the new signature is invalidated, too. If the new signature is
    quarantined instead, this row stays. Undoing the invalidation deletes this row.
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
