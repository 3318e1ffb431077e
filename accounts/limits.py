"""How often a password may be tried, or a new one asked for, from where.

Each account has a limit for each network, and one for all the networks that it has
never been used from. So strangers can lock themselves out, and one another, but not a
person who is where they signed in before. Unknown accounts have the same limits, and
cost the same.
"""

from allauth.core.internal import ratelimit
from allauth.core.internal.ratelimit import RateLimitUsage
from django.contrib.auth import get_user_model
from django.db.models import Exists, OuterRef, Q
from django.http import HttpRequest

from accounts.models import KnownNetwork
from core import networks

RATES = {"password": "5/5m/key", "reset": "3/h/key"}


def note_network(user, request: HttpRequest) -> None:
    """Remember that this account was used from this network."""
    if network := networks.network_hash(networks.address_of(request)):
        KnownNetwork.objects.note(user, network)


def take(request: HttpRequest, action: str, login: str) -> RateLimitUsage | None:
    """Count a try for the account that `login` names; None if there were too many."""
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
    """Return what the limit of the network goes by, and what the strangers' one does.

    Where the account has been used before, the second is of this network alone too,
    so that the time it takes doesn't tell whether it has been.
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
