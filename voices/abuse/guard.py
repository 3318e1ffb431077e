"""Spam protection for public forms, without a CAPTCHA or a third party."""

from datetime import timedelta
from typing import NamedTuple

from django import forms
from django.core.signing import BadSignature, SignatureExpired, TimestampSigner
from django.http import HttpRequest

from core import networks
from voices.abuse import checks, limits
from voices.abuse.models import Arrival
from voices.abuse.suspicion import ALARM, SUSPICIONS, has_bot_suspicion

TOO_FAST = timedelta(seconds=2)
TOO_OLD = timedelta(days=1)

stamps = TimestampSigner(salt="voices.started")


def make_stamp() -> str:
    return stamps.sign("")


def stamp_suspicion(stamp: str) -> str:
    """Return the suspicion that the form's timestamp raises, or "" if there is none."""
    try:
        stamps.unsign(stamp, max_age=TOO_OLD)
    except SignatureExpired:
        return "too-old"
    except BadSignature:
        return "no-stamp"
    try:
        stamps.unsign(stamp, max_age=TOO_FAST)
    except SignatureExpired:
        return ""
    return "too-fast"


class GuardedForm(forms.Form):
    """A form with a honeypot field and a signed timestamp of when it was opened.

    Neither field ever causes a validation error, so that bots learn nothing. The
    template `parts/guard.html` renders them.
    """

    # Neither the name nor the label contains a word, such as "email", that would make a
    # browser or a password manager fill in the field.
    untouched = forms.Field(
        label="Leave this empty. It is there to catch spam bots.",
        required=False,
    )
    started = forms.Field(required=False, initial=make_stamp, widget=forms.HiddenInput)

    def suspicions(self) -> list[str]:
        """Return the suspicions that the two fields raise. The form must be valid."""
        found = ["honeypot"] if self.cleaned_data["untouched"] else []
        suspicion = stamp_suspicion(self.cleaned_data["started"] or "")
        return [*found, suspicion] if suspicion else found


class Receipt(NamedTuple):
    """The network hashes and suspicions to store with a form."""

    network_hash: str
    wide_network_hash: str
    suspicions: list[str]


def receive(
    request: HttpRequest,
    kind: Arrival.Kind,
    form: GuardedForm,
    *,
    email_key: str = "",
    text: str = "",
) -> Receipt:
    """Record that a valid form arrived; return the hashes and suspicions to store.

    Call this function first in the transaction that stores the form. Raises
    limits.TooMany if the network has sent too many forms of this kind; signing forms
    are never refused.
    """
    address = networks.address_of(request)
    own = form.suspicions()
    count = limits.arrive(kind, address, email_key, is_bot=has_bot_suspicion(own))
    found = {
        *count.over,
        *own,
        *checks.suspicions(address, email_key, text),
    }
    if found and count.is_busy:
        found.add(ALARM)
    return Receipt(
        networks.network_hash(address),
        networks.wide_network_hash(address),
        [name for name in SUSPICIONS if name in found],
    )
