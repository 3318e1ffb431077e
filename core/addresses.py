"""Normalize and hash email addresses to find duplicates; take locks for addresses."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

import idna
from django.conf import settings
from django.utils.crypto import salted_hmac

from core import locks


@dataclass(frozen=True)
class MailboxRule:
    """A rule that says which addresses a mail host delivers to the same mailbox."""

    dots_ignored: bool = False
    # The host ignores this character and the text after it ("ana+news" is "ana").
    tag: str = ""
    # Another domain whose addresses reach the same mailboxes.
    same_as: str = ""


# These rules come from the hosts' own help pages. Other hosts have no rule, because a
# wrong guess would treat two people as one.
RULES = {
    "gmail.com": MailboxRule(dots_ignored=True, tag="+"),
    "googlemail.com": MailboxRule(dots_ignored=True, tag="+", same_as="gmail.com"),
    "outlook.com": MailboxRule(tag="+"),
    "hotmail.com": MailboxRule(tag="+"),
    "live.com": MailboxRule(tag="+"),
    "msn.com": MailboxRule(tag="+"),
    "icloud.com": MailboxRule(tag="+"),
    "me.com": MailboxRule(tag="+", same_as="icloud.com"),
    "mac.com": MailboxRule(tag="+", same_as="icloud.com"),
    "fastmail.com": MailboxRule(tag="+"),
    "proton.me": MailboxRule(tag="+"),
    "protonmail.com": MailboxRule(tag="+", same_as="proton.me"),
    "pm.me": MailboxRule(tag="+", same_as="proton.me"),
    "hey.com": MailboxRule(tag="+"),
}


def canonical(address: str) -> str:
    """Return one spelling for all addresses that are known to reach the same mailbox.

    Normalizes (NFKC) and case-folds the local part, converts the domain to ASCII, and
    applies the host's rule. Raises ValueError for an invalid domain.
    """
    local, _, domain = unicodedata.normalize("NFKC", address.strip()).rpartition("@")
    local = local.casefold()
    try:
        domain = idna.encode(domain.casefold(), uts46=True).decode()
    except idna.IDNAError as error:
        raise ValueError(f"No such domain: {error}") from error
    rule = RULES.get(domain, MailboxRule())
    if rule.tag:
        # Keep the tag if there is nothing in front of it.
        local = local.partition(rule.tag)[0] or local
    if rule.dots_ignored:
        local = local.replace(".", "") or local
    return f"{local}@{rule.same_as or domain}"


def mail_domain(canonical_address: str) -> str:
    """Return the registered domain, whose owner can create any number of subdomains.

    Returns the last two labels, or three under a country code ("k12.oh.us"). Without
    the public suffix list, this is a guess, but good enough for rate limits by domain.
    """
    labels = canonical_address.rpartition("@")[2].split(".")
    return ".".join(labels[-3 if len(labels[-1]) == 2 else -2 :])


def keyed_hash(canonical_address: str, secret: str | None = None) -> str:
    """Return a keyed hash (64 hex digits) of an address.

    Two hashes under the same key are equal only if the addresses are equal. Without the
    key, a hash doesn't reveal the address.
    """
    return salted_hmac(
        "voices.address", canonical_address, secret=secret, algorithm="sha256"
    ).hexdigest()


def keyed_hashes(canonical_address: str) -> list[str]:
    """Return the address's hash under the current key, then under each fallback key."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return [keyed_hash(canonical_address, key) for key in keys]


def masked(address: str) -> str:
    """Mask an address so that its owner can still recognize it: `al•••@example.com`."""
    local, _, domain = address.rpartition("@")
    shown = 2 if len(local) > 3 else 1 if len(local) > 1 else 0
    return f"{local[:shown]}•••@{domain}"


def lock(canonical_address: str) -> None:
    """Take the advisory lock of this address until the transaction ends."""
    lock_hash(keyed_hash(canonical_address))


def lock_all(canonical_addresses: Iterable[str]) -> None:
    """Take the advisory locks of these addresses until the transaction ends.

    Takes them in the order of the addresses' hashes, to avoid deadlocks.
    """
    locks.lock_all(locks.Lock.ADDRESS, sorted(map(keyed_hash, canonical_addresses)))


def lock_hash(address_hash: str) -> None:
    """Take the lock of the address with this hash until the transaction ends."""
    locks.lock(locks.Lock.ADDRESS, address_hash)
