"""Find the IP address of a request, the network of an address, and a network's hash."""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

# ISPs assign one network of this size to a household or office. Each machine there can
# use any address in the network.
IPV6_PREFIX = 64
# One customer of a hosting provider can easily get a whole block of this size.
WIDE_PREFIXES = {4: 24, 6: 48}


def address_of(request: HttpRequest) -> str:
    """Return the client's IP address in its shortest form; "" if it is unknown."""
    address = forwarded(request) or parse(request.META.get("REMOTE_ADDR", ""))
    return str(address or "")


def forwarded(request: HttpRequest) -> IPv4Address | IPv6Address | None:
    """Return the client's address as our outermost proxy saw it; None if unknown.

    The last PROXY_COUNT entries of X-Forwarded-For are from our proxies; the first of
    them is the client's address. We ignore the entries to the left of these, because
    clients can forge them.
    """
    if not settings.PROXY_COUNT:
        return None
    entries = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    if len(entries) < settings.PROXY_COUNT:
        return None
    return parse(entries[-settings.PROXY_COUNT])


def parse(text: str) -> IPv4Address | IPv6Address | None:
    """Parse an IP address, unwrapping IPv4-mapped IPv6; return None if invalid."""
    try:
        # Drop an IPv6 zone such as "%eth0", which has a meaning only on one machine.
        address = ip_address(without_port(text).partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def without_port(text: str) -> str:
    """Drop the port and quotes that some proxies add to an address (RFC 7239).

    An IPv6 address needs brackets to carry a port. Raises ValueError for an
    invalid port or an unclosed bracket.
    """
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1]
    if text.startswith("["):
        address, bracket, port = text[1:].partition("]")
        if not bracket:
            raise ValueError("Unclosed bracket.")
    elif text.count(":") == 1:
        address, colon, port = text.partition(":")
        port = colon + port
    else:
        return text
    if not re.fullmatch(r"(:[0-9]{1,5})?", port):
        raise ValueError("Invalid port.")
    return address


def network_of(address: str) -> str:
    """Return the address's /32 (IPv4) or /64 (IPv6); "" if `address` is ""."""
    if not address:
        return ""
    prefix = IPV6_PREFIX if ip_address(address).version == 6 else 32
    return str(ip_network((address, prefix), strict=False))


def wide_network_of(address: str) -> str:
    """Return the address's /24 (IPv4) or /48 (IPv6); "" if `address` is ""."""
    if not address:
        return ""
    prefix = WIDE_PREFIXES[ip_address(address).version]
    return str(ip_network((address, prefix), strict=False))


def network_hash(address: str) -> str:
    """Return a keyed hash (64 hex digits) of the address's /32 or /64.

    Returns "" if `address` is "". Without the key, the hash doesn't reveal the network.
    """
    return hash_network(network_of(address))


def wide_network_hash(address: str) -> str:
    """Return the keyed hash of the address's /24 or /48; "" if `address` is ""."""
    return hash_network(wide_network_of(address))


def hash_network(network: str) -> str:
    if not network:
        return ""
    return salted_hmac("voices.network", network, algorithm="sha256").hexdigest()
