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
    """A request to email somebody a link to the page for managing their signature.

    The web process only stores the request, so the response time doesn't reveal whether
    the address has signed. The worker looks up the signature, and deletes the request
    within seconds.
    """

    email_key = models.CharField(max_length=254)
    # A keyed hash of the requester's /24 (IPv4) or /48 (IPv6). The email queue uses it
    # to let networks take turns.
    wide_network_hash = models.CharField(max_length=64, blank=True, db_default="")
    asked_at = models.DateTimeField(db_default=Now())

    objects = AskedQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"asked at {self.asked_at}"


class AddressChange(models.Model):
    """A signer's new email address, stored until the signer confirms the change."""

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
