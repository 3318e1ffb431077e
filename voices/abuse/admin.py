from datetime import timedelta
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

# Arrivals are forgotten after this long, so no window can be longer.
LONGEST_WINDOW = timedelta(days=settings.NETWORK_KEPT_DAYS) // timedelta(minutes=1)

# The widest network that may be let through, by version of IP.
WIDEST = {4: 16, 6: 32}


class LimitForm(forms.ModelForm):
    # None at all would refuse everybody; to turn signing off there is a setting.
    most = forms.IntegerField(
        min_value=1,
        max_value=1_000_000,
        help_text=Limit._meta.get_field("most").help_text,
    )
    minutes = forms.IntegerField(
        min_value=1,
        max_value=LONGEST_WINDOW,
        help_text=Limit._meta.get_field("minutes").help_text,
    )


@admin.register(Limit)
class LimitAdmin(FixedRows):
    """How many forms are mailed as they come; the mail of others waits."""

    form = LimitForm
    list_display = ["of", "most", "minutes"]
    readonly_fields = ["of"]


class DomainForm(forms.ModelForm):
    def clean_domain(self):
        """Put it into the spelling in which addresses are known."""
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
    def clean_domain(self):
        """Cut it to the domain by which forms are counted."""
        return addresses.mail_domain(super().clean_domain())


@admin.register(MailProvider)
class MailProviderAdmin(FoldedSearch, admin.ModelAdmin):
    form = MailProviderForm
    search_fields = ["domain"]


class NetworkForm(forms.ModelForm):
    def clean_network(self):
        """Put it into its short form, in which each network has one spelling."""
        network = self.cleaned_data["network"]
        try:
            return str(ip_network(network))
        except ValueError:
            # The model's validator has the words for it.
            return network

    def clean_until(self):
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
    def clean_network(self):
        """Refuse what would let half the internet through."""
        text = super().clean_network()
        try:
            network = ip_network(text)
        except ValueError:
            return text
        widest = WIDEST[network.version]
        if network.prefixlen < widest:
            raise forms.ValidationError(
                f"At most a /{widest}. Ask the people there for their network.",
                code="too-wide",
            )
        return text


@admin.register(AllowedNetwork)
class AllowedNetworkAdmin(FoldedSearch, admin.ModelAdmin):
    """Networks whose forms are not counted, such as an event's, up to a date."""

    form = AllowedNetworkForm
    list_display = ["network", "until"]
    search_fields = ["network"]
