import ipaddress
from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone


class Limit(models.Model):
    """How many forms may arrive within a window; one more exceeds the limit.

    Forms over any limit except the one on everybody get low priority (is_doubtful in
    suspicion.py). Forms other than the signing form are refused if their network
    exceeds a limit many times over (REFUSED_AT in limits.py). A network is a single
    IPv4 address or an IPv6 /64.
    """

    class Of(models.TextChoices):
        NETWORK_BURST = "network-burst", "From one network, at once"
        NETWORK_SUSTAINED = "network-sustained", "From one network, over time"
        NETWORK_FLOOD = "network-flood", "From one network, at bot speed"
        WIDE_BURST = "wide-burst", "From one /24 or /48, at once"
        WIDE_SUSTAINED = "wide-sustained", "From one /24 or /48, over time"
        WIDE_FLOOD = "wide-flood", "From one /24 or /48, at bot speed"
        ADDRESS_BURST = "address-burst", "For one address, at once"
        ADDRESS_SUSTAINED = "address-sustained", "For one address, over time"
        DOMAIN_SUSTAINED = "domain-sustained", "For one email domain, over time"
        EVERYBODY_BURST = "everybody-burst", "From everybody, at once"

    of = models.CharField(max_length=20, choices=Of, unique=True)
    most = models.PositiveIntegerField(
        help_text="Number of forms per window that don’t exceed the limit."
    )
    minutes = models.PositiveIntegerField(help_text="Length of the window, in minutes.")

    class Meta:
        ordering = ["of"]

    def __str__(self) -> str:
        return f"{self.get_of_display()}: {self.most} in {self.minutes} minutes"


class AlarmQuerySet(models.QuerySet):
    def latest_day(self) -> QuerySet:
        """Summarize the alarms of the last 24 hours: a dict per kind of form and limit.

        Each dict has the kind of form (`form`), the limit (`of`), the number of hours
        with an alarm (`hours`), and the time of the latest alarm (`latest`).
        """
        rows = self.filter(at__gt=timezone.now() - timedelta(days=1)).order_by()
        counted = rows.values("form", "of").annotate(
            hours=models.Count("pk"), latest=models.Max("at")
        )
        return counted.order_by("-latest", "form", "of")

    def old(self) -> Self:
        age = timedelta(days=settings.NETWORK_KEPT_DAYS)
        return self.filter(at__lt=timezone.now() - age)


class Alarm(models.Model):
    """A record for staff that a limit was exceeded in a given hour.

    One row per hour, limit, and kind of form, however many senders exceeded the limit.
    """

    of = models.CharField(max_length=20, choices=Limit.Of)
    form = models.CharField(max_length=10)
    hour = models.DateTimeField()
    at = models.DateTimeField(db_default=Now())

    objects = AlarmQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["hour", "of", "form"], name="alarm_once_an_hour"
            )
        ]

    def __str__(self) -> str:
        return f"{self.of} ({self.form}) at {self.at}"


class MailProvider(models.Model):
    """A large mail provider's domain, which the limit on email domains ignores."""

    domain = models.CharField(max_length=253, unique=True)

    class Meta:
        ordering = ["domain"]
        verbose_name = "large mail provider"

    def __str__(self) -> str:
        return self.domain


class BlockedDomain(models.Model):
    """A blocked email domain. Signatures from it or a subdomain are quarantined."""

    domain = models.CharField(max_length=253, unique=True)

    class Meta:
        ordering = ["domain"]

    def __str__(self) -> str:
        return self.domain


def validate_network(text: str) -> None:
    try:
        network = ipaddress.ip_network(text)
        # The column is cast to inet, which supports no zones ("fe80::%1/64").
        if getattr(network.network_address, "scope_id", None):
            raise ValueError("A network has no zone.")
    except ValueError as error:
        raise ValidationError(
            "Enter a network such as 192.0.2.0/24 or 2001:db8::/32.", code="network"
        ) from error


def longest_block() -> datetime:
    return timezone.now() + timedelta(days=settings.NETWORK_BLOCKED_DAYS)


class ListedNetworkQuerySet(models.QuerySet):
    def old(self) -> Self:
        return self.filter(until__lte=Now())


class ListedNetwork(models.Model):
    """Base class of the networks that staff block or allow until a date."""

    network = models.CharField(
        max_length=50, unique=True, validators=[validate_network]
    )
    until = models.DateTimeField()

    objects = ListedNetworkQuerySet.as_manager()

    class Meta:
        abstract = True
        ordering = ["network"]

    def __str__(self) -> str:
        # Django's admin log stores this text forever, so it must not name the network.
        return f"{str(self._meta.verbose_name).capitalize()} {self.pk}"


class BlockedNetwork(ListedNetwork):
    """A network whose forms are treated as suspicious until a date."""

    until = models.DateTimeField(
        default=longest_block,
        # This default fills existing rows. During an upgrade, it also lets the previous
        # release, which doesn't set this column, insert rows.
        db_default=Now() + timedelta(days=90),
    )


class AllowedNetwork(ListedNetwork):
    """A network that many honest people share, such as a campus or an event.

    Forms from this network don't count toward the limits on networks and on email
    domains. All other checks apply.
    """


class ArrivalQuerySet(models.QuerySet):
    def old(self) -> Self:
        """Return rows that no limit counts anymore, or older than NETWORK_KEPT_DAYS."""
        longest = Limit.objects.aggregate(longest=models.Max("minutes"))["longest"] or 0
        age = min(
            timedelta(minutes=longest + 1), timedelta(days=settings.NETWORK_KEPT_DAYS)
        )
        return self.filter(minute__lt=timezone.now() - age).order_by("minute")


class Arrival(models.Model):
    """How many forms of one kind came from one sender within a minute.

    A limit adds up the counts in its window. Counts are in the database so that all
    processes and machines share the limits. Nothing links the rows that count the same
    form, so the table doesn't show from which network an email address was entered.
    """

    class Kind(models.TextChoices):
        SIGN = "sign"
        MANAGE = "manage"
        REPORT = "report"
        # A report of an error in the rankings.
        RANKING = "ranking"
        # A request about a founding voice.
        FOUNDING = "founding"

    class Sender(models.TextChoices):
        """Kinds of senders. A value of Limit.Of begins with the kind that it limits."""

        NETWORK = "network"
        WIDE = "wide"
        ADDRESS = "address"
        DOMAIN = "domain"
        EVERYBODY = "everybody"

    pk = models.CompositePrimaryKey("form", "sender", "hash", "minute", "slot")
    form = models.CharField(max_length=10, choices=Kind)
    sender = models.CharField(max_length=10, choices=Sender)
    # A keyed hash of the sender; empty for Sender.EVERYBODY.
    hash = models.CharField(max_length=64, blank=True)
    minute = models.DateTimeField()
    # Depends on the database connection, so that concurrent forms rarely wait for the
    # same row. Always 0 for Sender.NETWORK and Sender.ADDRESS.
    slot = models.SmallIntegerField(default=0)
    count = models.PositiveIntegerField(default=1)

    objects = ArrivalQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["minute"], name="arrival_minute")]

    def __str__(self) -> str:
        return f"{self.count} × {self.form} at {self.minute}"
