"""Check whether a session used a second factor, and whether an account has one."""

from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest

FACTORS = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]


def is_shown(request: HttpRequest) -> bool:
    """Return whether the user signed in with a second factor.

    Returns True if the site doesn't require a second factor.
    """
    if not settings.SECOND_FACTOR:
        return True
    records = get_authentication_records(request, request.user)
    return any(record.get("method") == "mfa" for record in records)


def has_one(user: User) -> bool:
    return Authenticator.objects.filter(user=user, type__in=FACTORS).exists()


def is_last(authenticator: Authenticator) -> bool:
    """Return whether this is the account's only second factor.

    Returns False for recovery codes, and if the site doesn't require a second factor.
    """
    if not settings.SECOND_FACTOR or authenticator.type not in FACTORS:
        return False
    others = Authenticator.objects.filter(user=authenticator.user_id, type__in=FACTORS)
    return not others.exclude(pk=authenticator.pk).exists()
