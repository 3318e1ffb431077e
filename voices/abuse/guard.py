"""What stands between a public form and what it writes: no puzzle, no third party."""

from datetime import timedelta
from typing import NamedTuple

from django import forms
from django.core.signing import BadSignature, SignatureExpired, TimestampSigner
from django.http import HttpRequest

from core import networks
from voices.abuse import checks, limits
from voices.abuse.models import Arrival
from voices.abuse.suspicion import ALARM, SUSPICIONS, has_bot_mark

TOO_FAST = timedelta(seconds=2)
TOO_OLD = timedelta(days=1)

stamps = TimestampSigner(salt="voices.started")


def make_stamp() -> str:
    return stamps.sign("")


def stamp_suspicion(stamp: str) -> str:
    """Return what speaks against the time between showing a form and its sending."""
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
    """A form with a field that only programs fill in and the time it was opened.

    Neither field is ever refused, so that a program learns nothing. The template
    `parts/guard.html` shows them.
    """

    # The name and label contain no word by which browsers and password managers
    # recognize a field; the data attributes tell three of them to leave it alone.
    untouched = forms.Field(
        label="Leave this empty. It is there to catch programs.",
        required=False,
        widget=forms.TextInput(
            {
                "tabindex": "-1",
                "autocomplete": "off",
                "data-1p-ignore": "",
                "data-bwignore": "",
                "data-lpignore": "true",
            }
        ),
    )
    started = forms.Field(required=False, initial=make_stamp, widget=forms.HiddenInput)

    def suspicions(self) -> list[str]:
        """Return what speaks against a valid form, as its two guards see it."""
        found = ["honeypot"] if self.cleaned_data["untouched"] else []
        suspicion = stamp_suspicion(self.cleaned_data["started"] or "")
        return [*found, suspicion] if suspicion else found


class Receipt(NamedTuple):
    """What is stored about where a form came from, and what speaks against it."""

    network_hash: str
    wide_network_hash: str
    suspicions: list[str]


def receive(
    request: HttpRequest,
    kind: Arrival.Form,
    form: GuardedForm,
    *,
    email_key: str = "",
    text: str = "",
) -> Receipt:
    """Note that a valid form arrived; return what to store with it.

    Belongs in the transaction that stores the form. Raises limits.TooMany for any kind
    but signing, and then nothing may be stored.
    """
    address = networks.address_of(request)
    own = form.suspicions()
    count = limits.arrive(kind, address, email_key, is_bot=has_bot_mark(own))
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
