"""Rate limits on forms, counted in the database so that all processes share them."""

import logging
from datetime import timedelta
from typing import NamedTuple

from django.db.models import QuerySet
from django.utils import timezone

from core import addresses, locks, networks
from voices.abuse.models import Alarm, AllowedNetwork, Arrival, Limit, MailProvider

logger = logging.getLogger(__name__)

Of = Limit.Of

# The column by which a limit groups arrivals.
SAME = {
    Of.NETWORK_BURST: "network_hash",
    Of.NETWORK_SUSTAINED: "network_hash",
    Of.NETWORK_FLOOD: "network_hash",
    Of.WIDE_BURST: "wide_network_hash",
    Of.WIDE_SUSTAINED: "wide_network_hash",
    Of.WIDE_FLOOD: "wide_network_hash",
    Of.ADDRESS_BURST: "address_hash",
    Of.ADDRESS_SUSTAINED: "address_hash",
    Of.DOMAIN_SUSTAINED: "domain_hash",
    Of.EVERYBODY_BURST: "",
}

OF_ADDRESS = {Of.ADDRESS_BURST, Of.ADDRESS_SUSTAINED}

# A network that exceeds its limit this many times over is refused. Signing is never
# refused; its email waits instead.
REFUSED_AT = {
    Of.NETWORK_BURST: 20,
    Of.NETWORK_SUSTAINED: 20,
    Of.WIDE_BURST: 5,
    Of.WIDE_SUSTAINED: 5,
}


class TooMany(Exception):
    """One network sends so many forms that they are refused for this many minutes."""

    def __init__(self, minutes: int):
        super().__init__(minutes)
        self.minutes = minutes


class Count(NamedTuple):
    """Limits that a form's own senders exceed, and whether the whole site is busy."""

    over: list[str]
    is_busy: bool


def arrive(
    kind: Arrival.Kind, address: str, email_key: str, *, is_bot: bool = False
) -> Count:
    """Record that a form arrived; return the limits that it exceeds.

    A bot's form counts only toward its networks' limits, so that it can't use up the
    limits of an address or a domain.

    Each kind of form is counted separately. Call it in the transaction that stores the
    form; TooMany rolls that back.
    """
    arrival = make_arrival(kind, address, "" if is_bot else email_key)
    arrival.is_bot = is_bot
    # Serialize forms from one network and forms for one address, so that each sees all
    # earlier ones. Lock the network first, to avoid a deadlock. The other limits take
    # no lock and may trigger a few forms late.
    for sender in filter(None, [arrival.network_hash, arrival.address_hash]):
        lock(sender)
    arrival.save()
    limits = {Of(limit.of): limit for limit in Limit.objects.all()}
    if kind != Arrival.Kind.SIGN:
        refuse(arrival, limits)
    over = [of for of, limit in limits.items() if is_beyond(limit, arrival)]
    alarm(kind, over)
    return Count(
        [of.value for of in over if of != Of.EVERYBODY_BURST],
        Of.EVERYBODY_BURST in over,
    )


def make_arrival(kind: Arrival.Kind, address: str, email_key: str) -> Arrival:
    """Return an unsaved row with a hash for each thing to count."""
    arrival = Arrival(form=kind)
    if email_key:
        arrival.address_hash = addresses.keyed_hash(email_key)
    if AllowedNetwork.objects.has(address):
        return arrival
    arrival.network_hash = networks.network_hash(address)
    arrival.wide_network_hash = networks.wide_network_hash(address)
    domain = addresses.mail_domain(email_key)
    if domain and not MailProvider.objects.filter(domain=domain).exists():
        arrival.domain_hash = addresses.keyed_hash(domain)
    return arrival


def refuse(arrival: Arrival, limits: dict[Limit.Of, Limit]) -> None:
    for of, times in REFUSED_AT.items():
        if of in limits and is_beyond(limits[of], arrival, times):
            raise TooMany(limits[of].minutes)


def is_beyond(limit: Limit, arrival: Arrival, times: int = 1) -> bool:
    """Whether more than `times` the limit have arrived within its window."""
    most = limit.most * times
    # During a flood, stop counting at the limit.
    return counted(limit, arrival)[: most + 1].count() > most


def counted(limit: Limit, arrival: Arrival) -> QuerySet[Arrival]:
    """Return the arrivals within the limit's window that it counts together."""
    arrivals = Arrival.objects.order_by().filter(
        form=arrival.form,
        at__gt=timezone.now() - timedelta(minutes=limit.minutes),
    )
    same = SAME[Of(limit.of)]
    if not same:
        return arrivals.filter(is_bot=False)
    value = getattr(arrival, same)
    return arrivals.filter(**{same: value}) if value else arrivals.none()


def alarm(kind: Arrival.Kind, over: list[Limit.Of]) -> None:
    """Alert staff to exceeded limits: once per hour, not once per form.

    Not to address limits: one person who tries again is not worth an alert.
    """
    hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    # Sorted, to avoid a deadlock between two forms.
    for of in sorted(set(over) - OF_ADDRESS):
        _, is_new = Alarm.objects.get_or_create(of=of, form=kind, hour=hour)
        if is_new:
            logger.warning("Over a limit: %s (form: %s).", of.label, kind.value)


def lock(sender: str) -> None:
    """Lock this sender's forms until the transaction ends.

    This is not the address lock that signing takes, so a form never waits for later
    steps of other forms, and its response time reveals nothing about the address.
    """
    locks.lock(locks.Lock.SENDER, sender)
