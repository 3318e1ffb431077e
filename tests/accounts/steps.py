"""Steps that the tests of accounts share."""

import base64
import re
import time
from hashlib import sha256
from secrets import token_bytes
from unittest import mock

from allauth.account.internal.flows.login import (
    _AUTHENTICATION_METHODS_USER_SESSION_KEY as WHOSE,
)
from allauth.account.internal.flows.login import (
    AUTHENTICATION_METHODS_SESSION_KEY as METHODS,
)
from allauth.account.internal.userkit import user_id_to_str
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    hotp_value,
)
from allauth.mfa.webauthn.internal.auth import WebAuthn
from allauth.usersessions.models import UserSession
from cryptography.hazmat.primitives.asymmetric import ec
from django.urls import reverse
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import (
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

from accounts.roles import give, make_roles
from tests.factories import make_staff

PASSWORD = "correct horse battery"
# A valid address, but longer than an account's column.
TOO_LONG = f"{'a' * 30}@{'.'.join(['b' * 60] * 4)}.com"
SECRET = base64.b32encode(b"twenty random bytes!").decode()


def make_member(role=None, username="pat", **fields):
    """A staff member with this role, a password, and an authenticator app."""
    make_roles()
    user = make_staff(
        username,
        **{
            "is_superuser": False,
            "email": f"{username}@example.org",
            "password": PASSWORD,
            **fields,
        },
    )
    if role:
        give(user, role)
    return user


def add_app(user):
    TOTP.activate(user, SECRET)
    return RecoveryCodes.activate(user)


def code(secret=SECRET, steps=0):
    """The app's current code, or that of `steps` half-minutes from now."""
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps))


def sign_in(client, user, *, factor=True, at=None):
    """Start a session for `user`, as the sign-in pages do."""
    client.force_login(user)
    session = client.session
    at = at or time.time()
    session[WHOSE] = user_id_to_str(user)
    session[METHODS] = [
        {"method": "password", "at": at, "reauthenticated": True},
        *([{"method": "mfa", "type": "totp", "at": at}] if factor else []),
    ]
    session.save()


def log_in(client, login, password=PASSWORD, **kwargs):
    return client.post(
        reverse("account_login"), {"login": login, "password": password}, **kwargs
    )


def enter(client, login):
    """Sign in with password and app, even several times within one half-minute."""
    log_in(client, login)
    with mock.patch.object(TOTP, "_mark_code_used", return_value=True):
        client.post(reverse("mfa_authenticate"), {"code": code()})
    return client


def link_in(message):
    return re.search(r"https?://[^/\s]+(/accounts/\S+)", message.body)[1]


def add_passkey(user, name="Passkey"):
    """A passkey, registered as a browser does it; its private key is discarded."""
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    key = AttestedCredentialData.create(
        b"\x00" * 16, token_bytes(16), ES256.from_cryptography_key(public)
    )
    flags = AuthenticatorData.FLAG
    data = AuthenticatorData.create(
        sha256(b"localhost").digest(), flags.UP | flags.UV | flags.AT, 0, key
    )
    made = AttestationObject.create("none", data, {})
    client = CollectedClientData.create("webauthn.create", b"x", "http://localhost")
    registered = {
        "id": websafe_encode(key.credential_id),
        "rawId": websafe_encode(key.credential_id),
        "type": "public-key",
        "response": {
            "clientDataJSON": websafe_encode(client),
            "attestationObject": websafe_encode(made),
        },
        "clientExtensionResults": {"credProps": {"rk": True}},
    }
    return WebAuthn.add(user, name, registered).instance


def note_session(user, key, browser):
    """Add a session to its owner's list, as signing in does."""
    UserSession.objects.create(
        user=user, session_key=key, ip="192.0.2.7", user_agent=browser
    )
