"""How many forms may arrive in a while, counted where all processes see them."""

from datetime import timedelta

from django.db import connection
from django.utils import timezone

from voices import addresses
from voices.abuse import client
from voices.abuse.models import Arrival, Limit

Of = Limit.Of

# What the arrivals that a limit counts have in common.
SAME = {
    Of.NETWORK_BURST: "network_hash",
    Of.NETWORK_SUSTAINED: "network_hash",
    Of.ADDRESS_BURST: "address_hash",
    Of.ADDRESS_SUSTAINED: "address_hash",
    Of.EVERYBODY_BURST: "",
}

# A network that sends this many times its limit at once is refused.
REFUSED_AT = 20


class TooMany(Exception):
    """One network sends so many forms that none is taken for this many minutes."""

    def __init__(self, minutes: int):
        super().__init__(minutes)
        self.minutes = minutes


def arrive(form: Arrival.Form, address: str, email_key: str) -> list[str]:
    """Note that a form arrived; return the limits that it goes beyond.

    Each kind of form is counted for itself. Belongs into the transaction that stores
    the form, which a TooMany takes back as a whole.
    """
    network_hash = client.network_hash(address)
    address_hash = addresses.fingerprint(email_key) if email_key else ""
    # Forms of one network take turns, and so do forms for one address, so that each
    # sees all before it. Network first, or two forms could wait for one another.
    # Forms of everybody do not wait: their limit may be noticed a few forms late.
    for sender in filter(None, [network_hash, address_hash]):
        lock(sender)
    arrival = Arrival.objects.create(
        form=form,
        network_hash=network_hash,
        wide_network_hash=client.wide_network_hash(address),
        address_hash=address_hash,
    )
    limits = list(Limit.objects.all())
    for limit in limits:
        of_network = limit.of in {Of.NETWORK_BURST, Of.NETWORK_SUSTAINED}
        if of_network and is_beyond(limit, arrival, REFUSED_AT):
            raise TooMany(limit.minutes)
    return [limit.of for limit in limits if is_beyond(limit, arrival)]


def is_beyond(limit: Limit, arrival: Arrival, times: int = 1) -> bool:
    """Whether more have arrived in the limit's window than so many times its most."""
    arrivals = Arrival.objects.filter(
        form=arrival.form,
        at__gt=timezone.now() - timedelta(minutes=limit.minutes),
    )
    if same := SAME[Of(limit.of)]:
        value = getattr(arrival, same)
        arrivals = arrivals.filter(**{same: value}) if value else arrivals.none()
    most = limit.most * times
    # A flood is not counted to its end.
    return arrivals.order_by()[: most + 1].count() > most


def lock(sender: str) -> None:
    """Let one transaction at a time take forms of this sender, until it ends.

    It is not the lock on an address that signing takes, so a form never waits for
    what becomes of others, and its time tells nothing of the address.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 1))", [sender]
        )
