from typing import Self

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from core.plain_text import validate_plain_text
from voices.signatures.models import Signature

OBJECTION_LENGTH = 600


class InvalidatedSignature(Signature):
    """A signature that staff removed from the count."""

    class Meta:
        proxy = True
        ordering = ["objection__at", "pk"]
        verbose_name = "invalidated signature"


class ObjectionQuerySet(models.QuerySet):
    def still_open(self) -> Self:
        return self.filter(answered_at=None)

    def leave(self, by: User) -> int:
        """Close the open objections, but leave the signatures invalidated.

        Return how many objections were closed.
        """
        return self.still_open().update(answered_at=timezone.now(), answered_by=by)


class Objection(models.Model):
    """A signer's objection to the invalidation of their signature; one per signature.

    The objection is deleted when the signature is deleted or counts again.
    """

    signature = models.OneToOneField(
        Signature, models.CASCADE, related_name="objection"
    )
    text = models.TextField(
        max_length=OBJECTION_LENGTH, blank=True, validators=[validate_plain_text]
    )
    at = models.DateTimeField(db_default=Now())
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    objects = ObjectionQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        indexes = [
            models.Index(
                fields=["at"],
                name="objection_open",
                condition=models.Q(answered_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"signature {self.signature_id}"
