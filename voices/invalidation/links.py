"""Link from a signature's admin page to selections of similar signatures."""

from urllib.parse import urlencode

from django.urls import reverse
from django.utils.html import format_html_join

from voices.signatures.models import Signature

HASH_SHOWN = 8


def alike(signature: Signature) -> str:
    """Return links that select counted signatures to compare with this signature.

    The links select the signatures from the same network, from the same wider network
    (/24 or /48), and from the same email domain.
    """
    domain = signature.email_key.rpartition("@")[2]
    found = [
        ("network", signature.network_hash, f"network {short(signature.network_hash)}"),
        (
            "network",
            signature.wide_network_hash,
            f"wider network {short(signature.wide_network_hash)}",
        ),
        ("domain", domain, f"email domain {domain}"),
    ]
    page = reverse("admin:voices_invalidation_add")
    return (
        format_html_join(
            " · ",
            '<a href="{}">{}</a>',
            (
                (f"{page}?{urlencode({name: value})}", label)
                for name, value, label in found
                if value
            ),
        )
        or "-"
    )


def short(network_hash: str) -> str:
    """Shorten a network's hash for display: its first characters, then "…"."""
    return f"{network_hash[:HASH_SHOWN]}…"
