"""Rate limits on password attempts and resets, by account and network.

A network is known to an account if somebody recently signed in to the account from that
network. Each account has one limit per network, and one limit that all unknown networks
share. So strangers can lock out themselves and one another, but not a user on a known
network. If no account matches a login, the same limits apply, and checking them takes
the same time.
"""

from allauth.core.internal import ratelimit
from allauth.core.internal.ratelimit import RateLimitUsage
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, Q
from django.http import HttpRequest

from accounts.models import KnownNetwork
from core import networks

RATES = {"password": "5/5m/key", "reset": "3/h/key"}


def note_network(user: User, request: HttpRequest) -> None:
    """Record that somebody signed in to this account from the request's network."""
    if network := networks.network_hash(networks.address_of(request)):
        KnownNetwork.objects.note(user, network)


def take(request: HttpRequest, action: str, login: str) -> RateLimitUsage | None:
    """Count an attempt on the account named by `login`, and return the counted usage.

    If the attempt is over a limit, don't count it, and return None.
    """
    taken = RateLimitUsage(usage=[])
    for key in keys(request, login):
        usage = ratelimit.consume(
            request, app="accounts", action=action, config=RATES, key=key
        )
        if not usage:
            taken.rollback()
            return None
        taken.usage += usage.usage
    return taken


def keys(request: HttpRequest, login: str) -> tuple[str, str]:
    """Return two rate limit keys for the account named by `login`.

    The first key is for the request's network. If the network is unknown to the
    account, all unknown networks share the second key. Otherwise, no other network uses
    the second key. There are always two keys, so the response time doesn't reveal
    whether the network is known.
    """
    network = networks.network_hash(networks.address_of(request))
    known = KnownNetwork.objects.filter(user=OuterRef("pk"), network_hash=network)
    accounts = get_user_model()._default_manager.filter(
        Q(username=login) | Q(email__iexact=login)
    )
    found = accounts.order_by("pk").values_list("pk", Exists(known)).first()
    pk, is_known = found or (None, False)
    account = f"account {pk}" if pk else f"name {login.casefold()}"
    here = f"{account} from {network}"
    return here, f"{here}, known" if is_known else f"{account} from anywhere"
