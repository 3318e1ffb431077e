"""Where a request comes from: the client's address, its network and that one's hash."""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

# What a provider gives to one household or office. Within it a machine takes any
# address it likes.
IPV6_PREFIX = 64
# What one customer of a hosting provider can easily get: many neighboring networks.
WIDE_PREFIXES = {4: 24, 6: 48}


def address_of(request: HttpRequest) -> str:
    """Return the client's address in its short form; "" where there is none."""
    address = forwarded(request) or parse(request.META.get("REMOTE_ADDR", ""))
    return str(address or "")


def forwarded(request: HttpRequest) -> IPv4Address | IPv6Address | None:
    """Return the client as the outermost of our proxies saw it, if that can be read.

    Each of our proxies adds one entry to the right of X-Forwarded-For. What stands
    further left can be written by anybody and is never believed.
    """
    if not settings.PROXY_COUNT:
        return None
    entries = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    if len(entries) < settings.PROXY_COUNT:
        return None
    return parse(entries[-settings.PROXY_COUNT])


def parse(text: str) -> IPv4Address | IPv6Address | None:
    """Return the address that `text` names, an IPv4 one without its IPv6 wrapping."""
    try:
        # A zone ("%eth0") names a socket of the machine that it was seen on.
        address = ip_address(without_port(text).partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def without_port(text: str) -> str:
    """Drop the port and quotes that some proxies put around an address (RFC 7239).

    An IPv6 address needs brackets to carry a port. Raises ValueError for a port that
    is no number.
    """
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1]
    if text.startswith("["):
        address, bracket, port = text[1:].partition("]")
        if not bracket:
            raise ValueError("An open bracket.")
    elif text.count(":") == 1:
        address, colon, port = text.partition(":")
        port = colon + port
    else:
        return text
    if not re.fullmatch(r"(:[0-9]{1,5})?", port):
        raise ValueError("Not a port.")
    return address


def network_of(address: str) -> str:
    """Return what its neighbors have in common: all of IPv4, the /64 of IPv6."""
    if not address:
        return ""
    prefix = IPV6_PREFIX if ip_address(address).version == 6 else 32
    return str(ip_network((address, prefix), strict=False))


def wide_network_of(address: str) -> str:
    """Return the address's /24 (IPv4) or /48 (IPv6); "" for none."""
    if not address:
        return ""
    prefix = WIDE_PREFIXES[ip_address(address).version]
    return str(ip_network((address, prefix), strict=False))


def network_hash(address: str) -> str:
    """Return a keyed hash (64 hexadecimal digits) of its network; "" for none.

    Only somebody with the key can tell that two hashes belong to one network.
    """
    return hash_network(network_of(address))


def wide_network_hash(address: str) -> str:
    """Return the keyed hash of its /24 or /48; "" for none."""
    return hash_network(wide_network_of(address))


def hash_network(network: str) -> str:
    if not network:
        return ""
    return salted_hmac("voices.network", network, algorithm="sha256").hexdigest()
