"""How many forms may arrive in a while, counted where all processes see them."""

import logging
from datetime import timedelta
from typing import NamedTuple

from django.db.models import QuerySet
from django.utils import timezone

from core import addresses, locks, networks
from voices.abuse.models import Alarm, AllowedNetwork, Arrival, Limit, MailProvider

logger = logging.getLogger(__name__)

Of = Limit.Of

# What the arrivals that a limit counts have in common.
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

# A network that sends this many times its limit is refused, except for signing: there
# nobody is refused, and the mail waits instead.
REFUSED_AT = {
    Of.NETWORK_BURST: 20,
    Of.NETWORK_SUSTAINED: 20,
    Of.WIDE_BURST: 5,
    Of.WIDE_SUSTAINED: 5,
}


class TooMany(Exception):
    """One network sends so many forms that none is taken for this many minutes."""

    def __init__(self, minutes: int):
        super().__init__(minutes)
        self.minutes = minutes


class Count(NamedTuple):
    """The limits that a form's own senders are over, and whether everybody is."""

    over: list[str]
    is_busy: bool


def arrive(
    form: Arrival.Form, address: str, email_key: str, *, is_bot: bool = False
) -> Count:
    """Note that a form arrived; return the limits that it goes beyond.

    One that shows itself to be a program's counts toward its networks' limits alone,
    so that it can't use up those of others.

    Each kind of form is counted by itself. Belongs in the transaction that stores
    the form, which a TooMany rolls back.
    """
    arrival = make_arrival(form, address, "" if is_bot else email_key)
    arrival.is_bot = is_bot
    # Forms of one network take turns, and so do forms for one address, so that each
    # sees all before it. Network first, or two forms could wait for one another.
    # Other limits lock nothing, and may be noticed a few forms late.
    for sender in filter(None, [arrival.network_hash, arrival.address_hash]):
        lock(sender)
    arrival.save()
    limits = {Of(limit.of): limit for limit in Limit.objects.all()}
    if form != Arrival.Form.SIGN:
        refuse(arrival, limits)
    over = [of for of, limit in limits.items() if is_beyond(limit, arrival)]
    alarm(form, over)
    return Count(
        [of.value for of in over if of != Of.EVERYBODY_BURST],
        Of.EVERYBODY_BURST in over,
    )


def make_arrival(form: Arrival.Form, address: str, email_key: str) -> Arrival:
    """Return a row, unsaved, with a hash for everything that is to be counted."""
    arrival = Arrival(form=form)
    if email_key:
        arrival.address_hash = addresses.fingerprint(email_key)
    if AllowedNetwork.objects.has(address):
        return arrival
    arrival.network_hash = networks.network_hash(address)
    arrival.wide_network_hash = networks.wide_network_hash(address)
    domain = addresses.mail_domain(email_key)
    if domain and not MailProvider.objects.filter(domain=domain).exists():
        arrival.domain_hash = addresses.fingerprint(domain)
    return arrival


def refuse(arrival: Arrival, limits: dict[Limit.Of, Limit]) -> None:
    for of, times in REFUSED_AT.items():
        if of in limits and is_beyond(limits[of], arrival, times):
            raise TooMany(limits[of].minutes)


def is_beyond(limit: Limit, arrival: Arrival, times: int = 1) -> bool:
    """Whether more have arrived in the limit's window than so many times its most."""
    most = limit.most * times
    # A flood is not counted to its end.
    return counted(limit, arrival)[: most + 1].count() > most


def counted(limit: Limit, arrival: Arrival) -> QuerySet[Arrival]:
    """Return the arrivals in the limit's window that have its subject in common."""
    arrivals = Arrival.objects.order_by().filter(
        form=arrival.form,
        at__gt=timezone.now() - timedelta(minutes=limit.minutes),
    )
    same = SAME[Of(limit.of)]
    if not same:
        return arrivals.filter(is_bot=False)
    value = getattr(arrival, same)
    return arrivals.filter(**{same: value}) if value else arrivals.none()


def alarm(form: Arrival.Form, over: list[Limit.Of]) -> None:
    """Tell staff which limits somebody is over: once an hour, not once a form.

    Not of an address: one person who tries again is no news.
    """
    hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    # In one order, or two forms could wait for one another.
    for of in sorted(set(over) - OF_ADDRESS):
        _, is_new = Alarm.objects.get_or_create(of=of, form=form, hour=hour)
        if is_new:
            logger.warning("Over a limit: %s (form: %s).", of.label, form.value)


def lock(sender: str) -> None:
    """Let one transaction at a time take forms of this sender, until it ends.

    It is not the lock on an address that signing takes, so a form never waits for
    what becomes of others, and its time tells nothing of the address.
    """
    locks.lock(locks.Lock.SENDER, sender)
