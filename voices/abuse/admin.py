from datetime import datetime, timedelta
from ipaddress import ip_network

from django import forms
from django.conf import settings
from django.contrib import admin

from core import addresses
from core.admin import FixedRows
from core.searching import FoldedSearch
from voices.abuse.models import (
    AllowedNetwork,
    BlockedDomain,
    BlockedNetwork,
    Limit,
    MailProvider,
    longest_block,
)

# The longest window that a limit may have, in minutes. Arrival rows older than this are
# deleted.
LONGEST_WINDOW = timedelta(days=settings.NETWORK_KEPT_DAYS) // timedelta(minutes=1)

# Prefix length of the widest network that staff may allow, by IP version.
WIDEST = {4: 16, 6: 32}


class LimitForm(forms.ModelForm):
    # At least 1, because every form would exceed a limit of 0. To close signing, set
    # SIGNING_OPEN=0 instead.
    most = forms.IntegerField(
        min_value=1,
        max_value=1_000_000,
        help_text="Number of forms per window that don’t exceed the limit.",
    )
    minutes = forms.IntegerField(
        min_value=1,
        max_value=LONGEST_WINDOW,
        help_text="Length of the window, in minutes. If you make it longer, counts "
        "may be too low at first, because older forms are no longer on record.",
    )


@admin.register(Limit)
class LimitAdmin(FixedRows):
    """The limits. Staff can change a limit's numbers, but not add or delete limits."""

    form = LimitForm
    list_display = ["of", "most", "minutes"]
    readonly_fields = ["of"]


class DomainForm(forms.ModelForm):
    def clean_domain(self) -> str:
        """Normalize the domain the way email addresses are normalized."""
        domain = self.cleaned_data["domain"].removeprefix("@")
        try:
            return addresses.canonical(f"all@{domain}").partition("@")[2]
        except ValueError:
            raise forms.ValidationError(
                "Enter a domain such as example.com.", code="domain"
            ) from None


@admin.register(BlockedDomain)
class BlockedDomainAdmin(FoldedSearch, admin.ModelAdmin):
    form = DomainForm
    search_fields = ["domain"]


class MailProviderForm(DomainForm):
    def clean_domain(self) -> str:
        """Reduce the domain to its registered domain, as the limit on domains does."""
        return addresses.mail_domain(super().clean_domain())


@admin.register(MailProvider)
class MailProviderAdmin(FoldedSearch, admin.ModelAdmin):
    form = MailProviderForm
    search_fields = ["domain"]


class NetworkForm(forms.ModelForm):
    def clean_network(self) -> str:
        """Normalize the network's spelling, so that duplicates are rejected."""
        network = self.cleaned_data["network"]
        try:
            return str(ip_network(network))
        except ValueError:
            # The model's validator reports the error.
            return network

    def clean_until(self) -> datetime:
        until = self.cleaned_data["until"]
        if until > longest_block():
            raise forms.ValidationError(
                f"At most {settings.NETWORK_BLOCKED_DAYS} days from now. After that, "
                "add it again if you still need it.",
                code="too-late",
            )
        return until


@admin.register(BlockedNetwork)
class BlockedNetworkAdmin(FoldedSearch, admin.ModelAdmin):
    form = NetworkForm
    list_display = ["network", "until"]
    search_fields = ["network"]


class AllowedNetworkForm(NetworkForm):
    def clean_network(self) -> str:
        """Reject a network wider than WIDEST, which would exempt too many strangers."""
        text = super().clean_network()
        try:
            network = ip_network(text)
        except ValueError:
            return text
        widest = WIDEST[network.version]
        if network.prefixlen < widest:
            raise forms.ValidationError(
                f"Use a /{widest} or narrower. Ask the people there for their network.",
                code="too-wide",
            )
        return text


@admin.register(AllowedNetwork)
class AllowedNetworkAdmin(FoldedSearch, admin.ModelAdmin):
    """Networks exempt from some limits until a date, such as an event's end."""

    form = AllowedNetworkForm
    list_display = ["network", "until"]
    search_fields = ["network"]
