"""Rate limits on forms, counted in the database so that all processes share them.

Forms are counted by minute for each sender: a network, an email address, an email
domain, or everybody. A limit's window includes every minute that it overlaps, so it can
be up to a minute longer than the limit's `minutes`, but never shorter.
"""

import logging
from typing import NamedTuple

from django.db import connection

from core import addresses, locks, networks
from voices.abuse.models import Arrival, Limit

logger = logging.getLogger(__name__)

Of = Limit.Of
Sender = Arrival.Sender

# Counts a form, and returns each limit that applies to the form, with the number of
# forms in the limit's window. The statement reads the limits and the lists of exempt
# senders, too, so changes by staff apply at once.
#
# The sums don't include the form that this statement counts, so `senders.added` is
# added to them. Each row counts at least one form, so LIMIT can end a sum after
# `most * times + 1` rows, which are certain to exceed the limit by the factor `times`.
# Every form's rows are locked in the order of `place`, so that concurrent forms can't
# deadlock. The function `lock` already makes forms from one network or for one address
# wait for each other, so the counts of these senders need only one slot (see SLOTS).
#
# VALUES tells PostgreSQL how many senders there are. With unnest() of arrays,
# PostgreSQL would overestimate the cost of a generic plan, and plan the statement again
# each time. Planning takes half of the statement's time.
COUNT = """
    WITH senders AS (
        SELECT sender, hash, place,
            CASE
                WHEN sender = 'everybody' AND %(is_bot)s::bool THEN 0
                ELSE 1
            END AS added
        FROM (VALUES
            ('network', %(network)s::text, 1),
            ('wide', %(wide)s, 2),
            ('address', %(address)s, 3),
            ('domain', %(domain)s, 4),
            ('everybody', '', 5)
        ) AS each (sender, hash, place)
        WHERE (hash <> '' OR sender = 'everybody') AND NOT (
            sender IN ('network', 'wide', 'domain') AND EXISTS (
                SELECT FROM voices_allowednetwork
                WHERE until > statement_timestamp()
                    AND network::inet >>= %(ip)s::inet
            )
        ) AND NOT (
            sender = 'domain' AND EXISTS (
                SELECT FROM voices_mailprovider WHERE domain = %(mail_domain)s
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
# One sender's count for a minute is spread over at most this many rows.
SLOTS = 16

# Inserts alarms in a fixed order, so that concurrent forms can't deadlock.
ALARM = """
    INSERT INTO voices_alarm (of, form, hour)
    SELECT of, %s::text, date_trunc('hour', statement_timestamp())
    FROM unnest(%s::text[]) AS of
    ORDER BY of
    ON CONFLICT (hour, of, form) DO NOTHING
    RETURNING of
"""

OF_ADDRESS = {Of.ADDRESS_BURST, Of.ADDRESS_SUSTAINED}

# A network's forms are refused once their number exceeds the limit times this factor.
# Signing forms are never refused; their confirmation emails get low priority instead.
REFUSED_AT = {
    Of.NETWORK_BURST: 20,
    Of.NETWORK_SUSTAINED: 20,
    Of.WIDE_BURST: 5,
    Of.WIDE_SUSTAINED: 5,
}


class TooMany(Exception):
    """A network sent so many forms that this one is refused.

    `minutes` is the length of the exceeded limit's window.
    """

    def __init__(self, minutes: int):
        super().__init__(minutes)
        self.minutes = minutes


class Window(NamedTuple):
    """A limit, the number of forms in its window, and whether staff were alerted.

    `is_alarmed` says whether staff were alerted in the current hour. `arrived`, the
    number of forms, is exact up to the limit or, for kinds of forms that can be
    refused, up to the limit times the highest factor in REFUSED_AT. Above that, the
    actual number may be higher.
    """

    of: Limit.Of
    most: int
    minutes: int
    arrived: int
    is_alarmed: bool

    def is_beyond(self, times: int = 1) -> bool:
        return self.arrived > self.most * times


class Count(NamedTuple):
    """The limits that a form's senders exceed, and whether the whole site is busy.

    `over` has the names of the exceeded limits, except the limit on everybody;
    `is_busy` says whether the limit on everybody is exceeded.
    """

    over: list[str]
    is_busy: bool


def arrive(
    kind: Arrival.Kind, address: str, email_key: str, *, is_bot: bool = False
) -> Count:
    """Count a form that arrived; return the limits that its senders now exceed.

    A bot's form counts only toward the limits on networks, so that bots can't use up
    the limits on an email address, an email domain, or everybody.

    Each kind of form is counted separately. Call this function first in the transaction
    that stores the form. Unless `kind` is SIGN, this function raises TooMany, which
    rolls back that transaction, if the form's network exceeds a limit by the factor in
    REFUSED_AT.
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
    """Return a hash for each kind of sender of the form; "" if the sender is unknown.

    COUNT adds the sender "everybody". COUNT skips unknown senders, and senders that an
    AllowedNetwork or MailProvider exempts.
    """
    return {
        Sender.NETWORK: networks.network_hash(address),
        Sender.WIDE: networks.wide_network_hash(address),
        Sender.ADDRESS: email_key and addresses.keyed_hash(email_key),
        Sender.DOMAIN: email_key
        and addresses.keyed_hash(addresses.mail_domain(email_key)),
    }


def lock(senders: dict[Sender, str]) -> None:
    """Make other forms from this network or for this email address wait.

    They wait until the transaction ends, so each form's counts include all earlier
    forms. Locking is a separate statement, because a statement doesn't see what is
    committed while it waits for a lock. The network is always locked before the
    address, so that two forms can't deadlock. The other kinds of senders aren't locked,
    so concurrent forms may exceed their limits by a few forms before COUNT notices.

    The lock on the address isn't the lock in core.addresses. So a form never waits
    while its address is being confirmed or emailed, and the response time reveals
    nothing about the address.
    """
    locked = (Sender.NETWORK, Sender.ADDRESS)
    keys = [senders[sender] for sender in locked if senders[sender]]
    locks.lock_all(locks.Lock.SENDER, keys)


def count(
    kind: Arrival.Kind,
    senders: dict[Sender, str],
    address: str,
    email_key: str,
    *,
    is_bot: bool,
) -> list[Window]:
    """Count a form; return a window for each limit that applies to its senders."""
    with connection.cursor() as cursor:
        cursor.execute(
            COUNT,
            {
                "form": kind.value,
                **{sender.value: each for sender, each in senders.items()},
                "ip": address or None,
                "mail_domain": addresses.mail_domain(email_key),
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
    """Alert staff to each exceeded limit, at most once an hour per kind of form.

    Limits on an address cause no alert, because one person can exceed them by trying
    again and again.
    """
    new = [
        window.of.value
        for window in over
        if window.of not in OF_ADDRESS and not window.is_alarmed
    ]
    if not new:
        return
    with connection.cursor() as cursor:
        # ALARM returns no row if a concurrent form has recorded the same alarm.
        cursor.execute(ALARM, [kind.value, new])
        for (of,) in cursor.fetchall():
            logger.warning("Over a limit: %s (form: %s).", Of(of).label, kind.value)
