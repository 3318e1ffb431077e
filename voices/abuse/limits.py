"""Rate limits on forms, counted in the database so that all processes share them.

Forms are counted by sender and minute. A window counts all minutes that it touches, so
a limit is never looser than its number, and at most a minute stricter.
"""

import logging
from typing import NamedTuple

from django.db import connection

from core import addresses, locks, networks
from voices.abuse.models import Arrival, Limit

logger = logging.getLogger(__name__)

Of = Limit.Of
Sender = Arrival.Sender

# Counts a form, and returns each limit with the number of forms in its window. The
# lists and limits are read here, so changes by staff apply at once.
#
# The sums don't include the rows that this statement inserts, so `senders.added` is
# added to them. Each sum reads at most as many rows as its limit allows forms, because
# each row counts at least one form. Rows are locked in the order of `place`, the same
# for all forms, to avoid a deadlock. Networks and addresses have an advisory lock, so
# they need only one slot.
COUNT = """
    WITH senders AS (
        SELECT sender, hash, place,
            CASE
                WHEN sender = 'everybody' AND %(is_bot)s::bool THEN 0
                ELSE 1
            END AS added
        FROM unnest(%(senders)s::text[], %(hashes)s::text[])
            WITH ORDINALITY AS each (sender, hash, place)
        WHERE NOT (
            sender IN ('network', 'wide', 'domain') AND EXISTS (
                SELECT FROM voices_allowednetwork
                WHERE until > statement_timestamp()
                    AND network::inet >>= %(address)s::inet
            )
        ) AND NOT (
            sender = 'domain' AND EXISTS (
                SELECT FROM voices_mailprovider WHERE domain = %(domain)s
            )
        )
    ), counted AS (
        INSERT INTO voices_arrival AS known (form, sender, hash, minute, slot, count)
        SELECT %(form)s::text, sender, hash,
            date_trunc('minute', statement_timestamp()),
            CASE
                WHEN sender IN ('network', 'address') THEN 0
                ELSE pg_backend_pid() %% %(slots)s
            END,
            1
        FROM senders
        WHERE added = 1
        ORDER BY place
        ON CONFLICT (form, sender, hash, minute, slot)
        DO UPDATE SET count = known.count + 1
    )
    SELECT rule.of, rule.most, rule.minutes,
        senders.added + coalesce((
            SELECT sum(count) FROM (
                SELECT count FROM voices_arrival AS known
                WHERE known.form = %(form)s
                    AND known.sender = senders.sender
                    AND known.hash = senders.hash
                    AND known.minute > statement_timestamp()
                        - make_interval(mins => rule.minutes + 1)
                LIMIT rule.most * %(times)s + 1
            ) AS minutes
        ), 0),
        EXISTS (
            SELECT FROM voices_alarm AS alarm
            WHERE alarm.of = rule.of
                AND alarm.form = %(form)s
                AND alarm.hour = date_trunc('hour', statement_timestamp())
        )
    FROM voices_limit AS rule
    JOIN senders ON senders.sender = split_part(rule.of, '-', 1)
"""
SLOTS = 16

# The rows are sorted, to avoid a deadlock between two forms.
ALARM = """
    INSERT INTO voices_alarm (of, form, hour)
    SELECT of, %s::text, date_trunc('hour', statement_timestamp())
    FROM unnest(%s::text[]) AS of
    ORDER BY of
    ON CONFLICT (hour, of, form) DO NOTHING
    RETURNING of
"""

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


class Window(NamedTuple):
    """A limit, the forms in its window, and whether staff were alerted this hour.

    `arrived` is exact up to the limit, or to the number at which forms are refused.
    """

    of: Limit.Of
    most: int
    minutes: int
    arrived: int
    is_alarmed: bool

    def is_beyond(self, times: int = 1) -> bool:
        return self.arrived > self.most * times


class Count(NamedTuple):
    """Limits that a form's own senders exceed, and whether the whole site is busy."""

    over: list[str]
    is_busy: bool


def arrive(
    kind: Arrival.Kind, address: str, email_key: str, *, is_bot: bool = False
) -> Count:
    """Count a form that arrived; return the limits that it exceeds.

    A bot's form counts only toward its networks' limits, so that it can't use up the
    limits of an address or a domain.

    Each kind of form is counted separately. Call it first in the transaction that
    stores the form; TooMany rolls that transaction back.
    """
    email_key = "" if is_bot else email_key
    senders = find_senders(address, email_key)
    lock(senders)
    windows = count(kind, senders, address, email_key, is_bot=is_bot)
    if kind != Arrival.Kind.SIGN:
        refuse(windows)
    over = [window for window in windows if window.is_beyond()]
    alarm(kind, over)
    return Count(
        [window.of.value for window in over if window.of != Of.EVERYBODY_BURST],
        any(window.of == Of.EVERYBODY_BURST for window in over),
    )


def find_senders(address: str, email_key: str) -> dict[Sender, str]:
    """Return the hash of each sender that a form may count toward."""
    senders = {
        Sender.NETWORK: networks.network_hash(address),
        Sender.WIDE: networks.wide_network_hash(address),
        Sender.ADDRESS: email_key and addresses.keyed_hash(email_key),
        Sender.DOMAIN: email_key
        and addresses.keyed_hash(addresses.mail_domain(email_key)),
    }
    known = {sender: each for sender, each in senders.items() if each}
    return known | {Sender.EVERYBODY: ""}


def lock(senders: dict[Sender, str]) -> None:
    """Lock forms of this network and for this address until the transaction ends.

    That way, each form sees all earlier ones. Locking is a separate statement, because
    a statement doesn't see what is committed while it waits. The network comes first,
    to avoid a deadlock. The other limits take no lock and may trigger a few forms late.

    This is not the address lock that signing takes, so a form never waits for later
    steps of other forms, and its response time reveals nothing about the address.
    """
    locked = (Sender.NETWORK, Sender.ADDRESS)
    keys = [senders[sender] for sender in locked if sender in senders]
    locks.lock_all(locks.Lock.SENDER, keys)


def count(
    kind: Arrival.Kind,
    senders: dict[Sender, str],
    address: str,
    email_key: str,
    *,
    is_bot: bool,
) -> list[Window]:
    """Count a form; return all limits of its senders, except those of no sender."""
    with connection.cursor() as cursor:
        cursor.execute(
            COUNT,
            {
                "form": kind.value,
                "senders": [sender.value for sender in senders],
                "hashes": list(senders.values()),
                "address": address or None,
                "domain": addresses.mail_domain(email_key),
                "is_bot": is_bot,
                "slots": SLOTS,
                "times": 1 if kind == Arrival.Kind.SIGN else max(REFUSED_AT.values()),
            },
        )
        return [Window(Of(of), *rest) for of, *rest in cursor.fetchall()]


def refuse(windows: list[Window]) -> None:
    found = {window.of: window for window in windows}
    for of, times in REFUSED_AT.items():
        if of in found and found[of].is_beyond(times):
            raise TooMany(found[of].minutes)


def alarm(kind: Arrival.Kind, over: list[Window]) -> None:
    """Alert staff to exceeded limits: once per hour, not once per form.

    Address limits cause no alert: one person who tries again is not worth one.
    """
    new = [
        window.of.value
        for window in over
        if window.of not in OF_ADDRESS and not window.is_alarmed
    ]
    if not new:
        return
    with connection.cursor() as cursor:
        # A concurrent form may have recorded the alarm first.
        cursor.execute(ALARM, [kind.value, new])
        for (of,) in cursor.fetchall():
            logger.warning("Over a limit: %s (form: %s).", Of(of).label, kind.value)
