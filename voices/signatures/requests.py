from datetime import timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from core.ids import make_ref
from voices.signatures.models import Signature


class AskedQuerySet(models.QuerySet):
    def stale(self) -> Self:
        """Return the rows to delete: those older than UNCONFIRMED_KEPT_DAYS."""
        age = timedelta(days=settings.UNCONFIRMED_KEPT_DAYS)
        return self.filter(asked_at__lt=timezone.now() - age)


class LinkRequest(models.Model):
    """A request for a manage link; the worker looks up the signature.

    Every request creates a row, so the response time doesn't reveal whether an address
    has signed. The worker deletes the row within seconds.
    """

    email_key = models.CharField(max_length=254)
    # A keyed hash of the requester's /24 or /48, so that networks take turns in the
    # email queue.
    wide_network_hash = models.CharField(max_length=64, blank=True, db_default="")
    asked_at = models.DateTimeField(db_default=Now())

    objects = AskedQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"asked at {self.asked_at}"


class AddressChange(models.Model):
    """A new email address for a signature, until it is confirmed."""

    signature = models.OneToOneField(
        Signature, models.CASCADE, related_name="address_change"
    )
    ref = models.CharField(max_length=30, unique=True, default=make_ref)
    email = models.EmailField()
    email_key = models.CharField(max_length=254)
    asked_at = models.DateTimeField(db_default=Now())

    objects = AskedQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"new address of signature {self.signature_id}"
