"""Sign-in by name or address that takes as long for an unknown account."""

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth import get_user_model
from django.db.models import Q


class NameOrAddressBackend(AuthenticationBackend):
    def _authenticate(self, request, **credentials):
        """Look the account up with one query and hash the password once.

        The parent hashes the password once per matching account.
        """
        name = credentials.get("username") or credentials.get("email") or ""
        accounts = get_user_model()._default_manager.order_by("pk")
        user = accounts.filter(Q(username=name) | Q(email__iexact=name)).first()
        return self._check_password(user, credentials["password"])
