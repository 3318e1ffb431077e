"""Select signatures to invalidate, and preview the effect on the public counts."""

import re
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import CharField, Count, Q, QuerySet, StringAgg, Value
from django.db.models.functions import MD5, Cast
from django.utils import timezone

from core.fields import LineField
from rankings.states import PLACES
from voices.invalidation.links import HASH_SHOWN
from voices.signatures.models import Signature
from voices.tags.models import Tag
from voices.wall.tallies import Tally

SAMPLE = 10
# The value of the choice “No tag”. It can't be the slug of a tag, because slugs don't
# start with a hyphen.
NO_TAG = "-"


class MomentField(forms.DateTimeField):
    widget = forms.DateTimeInput(
        {"type": "datetime-local", "step": 1}, "%Y-%m-%dT%H:%M:%S"
    )


def tag_choices() -> list[tuple[str, str]]:
    tags = Tag.objects.values_list("slug", "name")
    return [("", "Any"), *tags, (NO_TAG, "No tag")]


class Criteria(forms.Form):
    """A form that filters counted signatures; an empty field excludes nothing."""

    network = LineField(
        required=False,
        max_length=64,
        help_text="The network hash that a signature's page shows, or at least its "
        f"first {HASH_SHOWN} characters. Finds signatures whose network, or wider "
        "network (/24 or /48), has this hash.",
    )
    domain = LineField(
        label="Email domain",
        required=False,
        max_length=253,
        help_text="The part after the @ sign; subdomains are included.",
    )
    since = MomentField(label="Confirmed from", required=False)
    until = MomentField(
        label="Confirmed before",
        required=False,
        help_text="Leave empty for the time when you press Show.",
    )
    tag = forms.ChoiceField(
        required=False,
        choices=tag_choices,
        help_text="Where the link to the form was placed.",
    )

    def clean_network(self) -> str:
        network = self.cleaned_data["network"].strip().rstrip("…").lower()
        if network and not re.fullmatch(rf"[0-9a-f]{{{HASH_SHOWN},64}}", network):
            raise ValidationError(
                f"Enter at least the first {HASH_SHOWN} digits of the hash (0-9, a-f)."
            )
        return network

    def clean_domain(self) -> str:
        domain = self.cleaned_data["domain"].strip().lower().lstrip("@.").rstrip(".")
        if domain and not re.fullmatch(r"[^\s@%_\\/]+\.[^\s@%_\\/]+", domain):
            raise ValidationError("Enter a domain such as example.com.")
        return domain

    def clean(self) -> None:
        super().clean()
        if self.errors:
            return
        given = {name for name, value in self.cleaned_data.items() if value}
        if not given:
            raise ValidationError("Fill in at least one field.")
        since, until = self.cleaned_data["since"], self.cleaned_data["until"]
        if since and until and since >= until:
            self.add_error("until", "This must be later than the start.")
        if not until:
            # Without an end time, the selection would grow while staff look at it.
            self.cleaned_data["until"] = timezone.now()

    @property
    def query(self) -> str:
        """Return the criteria as a URL query string."""
        return urlencode({name: text(value) for name, value in self.given.items()})

    @property
    def given(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if value}

    @property
    def to_log(self) -> dict[str, str]:
        """Return the criteria for the log, with only the start of a network's hash."""
        kept = {name: text(value) for name, value in self.given.items()}
        if "network" in kept:
            kept["network"] = kept["network"][:HASH_SHOWN]
        return kept

    def select(self) -> QuerySet[Signature]:
        """Return the counted signatures that match all criteria."""
        found = Signature.objects.counting()
        chosen = self.cleaned_data
        if network := chosen["network"]:
            found = found.filter(of_network(network))
        if domain := chosen["domain"]:
            found = found.filter(
                Q(email_key__endswith=f"@{domain}")
                | Q(email_key__endswith=f".{domain}")
                | Q(email__iendswith=f"@{domain}")
            )
        if since := chosen["since"]:
            found = found.filter(confirmed_at__gte=since)
        if tag := chosen["tag"]:
            found = found.filter(tag=None if tag == NO_TAG else tag)
        return found.filter(confirmed_at__lt=chosen["until"])


def text(value: str | datetime) -> str:
    return value if isinstance(value, str) else value.isoformat()


def of_network(network_hash: str) -> Q:
    # Only a full hash can use the index.
    lookup = "" if len(network_hash) == 64 else "__startswith"
    return Q(**{f"network_hash{lookup}": network_hash}) | Q(
        **{f"wide_network_hash{lookup}": network_hash}
    )


def count_and_checksum(signatures: QuerySet[Signature]) -> tuple[int, str]:
    """Return the number of signatures, and a checksum of their IDs."""
    ids = StringAgg(Cast("pk", CharField()), Value(","), order_by="pk")
    found = signatures.order_by().aggregate(count=Count("pk"), ids=MD5(ids))
    return found["count"], f"{found['count']}-{found['ids'] or ''}"


class Change(NamedTuple):
    """The number of signers from a place, now and without the selected signatures."""

    place: str
    now: int
    then: int


def effect(signatures: QuerySet[Signature]) -> list[Change]:
    """Return the change in the total, then the change in each affected state."""
    by_state = signatures.order_by().values_list("state").annotate(count=Count("pk"))
    less = dict(by_state)
    now = Tally.objects.signers().by_state()
    total = sum(now.values())
    return [
        Change("Everybody", total, total - sum(less.values())),
        *(
            Change(PLACES.get(state, state), now[state], now[state] - less[state])
            for state in sorted(less)
        ),
    ]


def sample(signatures: QuerySet[Signature]) -> QuerySet[Signature]:
    """Return up to SAMPLE signatures, in a pseudorandom order that stays the same."""
    spread = signatures.order_by(MD5(Cast("pk", CharField())))
    return spread.select_related("voice")[:SAMPLE]
