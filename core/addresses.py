"""Email addresses: when two of them are the same person's mailbox."""

import unicodedata
from dataclasses import dataclass

import idna
from django.conf import settings
from django.utils.crypto import salted_hmac

from core import locks


@dataclass(frozen=True)
class MailboxRule:
    """How a mail host reads the part before the @ sign."""

    dots_ignored: bool = False
    # The sign behind which a host ignores the rest ("ana+news" is "ana").
    tag: str = ""
    same_as: str = ""


# As the hosts' own help pages describe it. A host that is not here is taken at its
# word: the whole local part counts, for a wrong guess would merge two people.
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
    """Return the one spelling under which the mailbox of `address` is known.

    The local part is Unicode-normalized (NFKC) and case folded, the domain put into
    its ASCII form, and the host's rule applied. Raises ValueError for a domain that
    cannot exist.
    """
    local, _, domain = unicodedata.normalize("NFKC", address.strip()).rpartition("@")
    local = local.casefold()
    try:
        domain = idna.encode(domain.casefold(), uts46=True).decode()
    except idna.IDNAError as error:
        raise ValueError(f"No such domain: {error}") from error
    rule = RULES.get(domain, MailboxRule())
    if rule.tag:
        # An address that is nothing but a tag keeps it.
        local = local.partition(rule.tag)[0] or local
    if rule.dots_ignored:
        local = local.replace(".", "") or local
    return f"{local}@{rule.same_as or domain}"


def mail_domain(canonical_address: str) -> str:
    """Return the domain under which its owner can make up any number of others.

    That is the last two labels, or three below a country ("k12.oh.us"). Without the
    list of public suffixes this is a guess, good enough to count by.
    """
    labels = canonical_address.rpartition("@")[2].split(".")
    return ".".join(labels[-3 if len(labels[-1]) == 2 else -2 :])


def fingerprint(canonical_address: str, secret: str | None = None) -> str:
    """Return a keyed hash (64 hexadecimal digits) that stands for an address.

    It tells whether two addresses are the same to whoever has the key, and nothing to
    anybody else.
    """
    return salted_hmac(
        "voices.address", canonical_address, secret=secret, algorithm="sha256"
    ).hexdigest()


def fingerprints(canonical_address: str) -> list[str]:
    """Return the hash under the key in use, then those under the keys before it."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return [fingerprint(canonical_address, key) for key in keys]


def masked(address: str) -> str:
    """Return what its owner recognizes and nobody else can use: `al•••@example.com`."""
    local, _, domain = address.rpartition("@")
    shown = 2 if len(local) > 3 else 1 if len(local) > 1 else 0
    return f"{local[:shown]}•••@{domain}"


def lock(canonical_address: str) -> None:
    """Let one transaction at a time work on this address, until it ends."""
    lock_hash(fingerprint(canonical_address))


def lock_hash(address_hash: str) -> None:
    """Take the lock of the address that has this fingerprint."""
    locks.lock(locks.Lock.ADDRESS, address_hash)
