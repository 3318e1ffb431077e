import ipaddress
from datetime import timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone


class Limit(models.Model):
    """How much of something may arrive within a window before it looks suspicious."""

    class Of(models.TextChoices):
        NETWORK_BURST = "network-burst", "From one network, at once"
        NETWORK_SUSTAINED = "network-sustained", "From one network, over time"
        ADDRESS_BURST = "address-burst", "For one address, at once"
        ADDRESS_SUSTAINED = "address-sustained", "For one address, over time"
        EVERYBODY_BURST = "everybody-burst", "From everybody, at once"

    of = models.CharField(max_length=20, choices=Of, unique=True)
    most = models.PositiveIntegerField(help_text="Forms that are taken as they come.")
    minutes = models.PositiveIntegerField(help_text="The length of the window.")

    class Meta:
        ordering = ["of"]

    def __str__(self):
        return f"{self.get_of_display()}: {self.most} in {self.minutes} minutes"


class BlockedDomain(models.Model):
    """A mail domain, subdomains included, whose forms go into quarantine."""

    domain = models.CharField(max_length=253, unique=True)

    class Meta:
        ordering = ["domain"]

    def __str__(self):
        return self.domain


def validate_network(text: str) -> None:
    try:
        ipaddress.ip_network(text)
    except ValueError as error:
        raise ValidationError(
            "Enter a network such as 192.0.2.0/24 or 2001:db8::/32.", code="network"
        ) from error


def longest_block():
    return timezone.now() + timedelta(days=settings.NETWORK_BLOCKED_DAYS)


class BlockedNetworkQuerySet(models.QuerySet):
    def standing(self):
        return self.filter(until__gt=Now())

    def forget_old(self):
        return self.filter(until__lte=Now()).delete()


class BlockedNetwork(models.Model):
    """A network whose forms go into quarantine for a while."""

    network = models.CharField(
        max_length=50, unique=True, validators=[validate_network]
    )
    until = models.DateTimeField(
        default=longest_block,
        # Of what stood there before, and of a process of the version before.
        db_default=Now() + timedelta(days=90),
    )

    objects = BlockedNetworkQuerySet.as_manager()

    class Meta:
        ordering = ["network"]

    def __str__(self):
        # Django's log keeps this; the network itself is to be forgotten.
        return f"Blocked network {self.pk}"


class ArrivalQuerySet(models.QuerySet):
    def forget_old(self):
        """Delete those that are past the days that a network is remembered."""
        age = timedelta(days=settings.NETWORK_KEPT_DAYS)
        return self.filter(at__lt=timezone.now() - age).delete()


class Arrival(models.Model):
    """That a form arrived, and from where as keyed hashes, to keep the limits.

    The database holds it, so the limits hold over all processes and machines.
    """

    class Form(models.TextChoices):
        SIGN = "sign"
        MANAGE = "manage"
        REPORT = "report"
        # An error in the rankings.
        RANKING = "ranking"

    form = models.CharField(max_length=10, choices=Form)
    network_hash = models.CharField(max_length=64)
    wide_network_hash = models.CharField(max_length=64, blank=True, db_default="")
    address_hash = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField(db_default=Now())

    objects = ArrivalQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["network_hash", "at"], name="arrival_network"),
            models.Index(fields=["wide_network_hash", "at"], name="arrival_wide"),
            models.Index(fields=["address_hash", "at"], name="arrival_address"),
            models.Index(fields=["at"], name="arrival_at"),
        ]

    def __str__(self):
        return f"{self.form} at {self.at}"
