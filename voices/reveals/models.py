from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from core.triggers import AppendOnly


class Reveal(models.Model):
    """That somebody of staff saw an email address: a log that is only ever added to.

    A trigger refuses UPDATE and DELETE. Who may add a row may see an address, and
    nobody sees one without adding a row. It holds the signature's number and no
    address, so it can stay when its owner erases the signature.
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

    def __str__(self):
        return f"signature {self.signature_id}"
