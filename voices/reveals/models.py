from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from core.triggers import AppendOnly


class Reveal(models.Model):
    """A row in the append-only log of staff who saw a signer's email address.

    A trigger rejects UPDATE and DELETE. Staff with permission to add a row may see
    addresses, and each time they see an address, a row is added. The row has the
    signature's ID but no address, so it can stay when the signature is erased.
    """

    signature = models.ForeignKey(
        "voices.Signature",
        models.DO_NOTHING,
        db_constraint=False,
        related_name="+",
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="reveals"
    )
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-pk"]
        verbose_name = "revealed address"
        verbose_name_plural = "revealed addresses"
        triggers = [AppendOnly(log="revealed addresses")]

    def __str__(self) -> str:
        return f"signature {self.signature_id}"


class AddressSearch(models.Model):
    """A row in the append-only log of searches for signatures by email address.

    The row doesn't have the search text, which can be an address. `reason` is empty for
    a search for a whole address, and `found` is the number of signatures shown.
    """

    reason = models.CharField(max_length=200)
    found = models.PositiveSmallIntegerField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="address_searches"
    )
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-pk"]
        verbose_name_plural = "address searches"
        triggers = [AppendOnly(log="address searches")]

    def __str__(self) -> str:
        return f"address search {self.pk}"
