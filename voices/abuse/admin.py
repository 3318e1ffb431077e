from datetime import timedelta
from ipaddress import ip_network

from django import forms
from django.conf import settings
from django.contrib import admin

from voices import addresses
from voices.abuse.models import BlockedDomain, BlockedNetwork, Limit, longest_block

# Arrivals are forgotten after this long, so no window can be longer.
LONGEST_WINDOW = timedelta(days=settings.NETWORK_KEPT_DAYS) // timedelta(minutes=1)


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
class LimitAdmin(admin.ModelAdmin):
    """How much is taken as it comes; beyond it, quarantine."""

    form = LimitForm
    list_display = ["of", "most", "minutes"]
    readonly_fields = ["of"]

    def has_add_permission(self, request):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


class BlockedDomainForm(forms.ModelForm):
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
class BlockedDomainAdmin(admin.ModelAdmin):
    form = BlockedDomainForm
    search_fields = ["domain"]


class BlockedNetworkForm(forms.ModelForm):
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
                f"At most {settings.NETWORK_BLOCKED_DAYS} days from now; if it goes on "
                "then, block it again.",
                code="too-late",
            )
        return until


@admin.register(BlockedNetwork)
class BlockedNetworkAdmin(admin.ModelAdmin):
    form = BlockedNetworkForm
    list_display = ["network", "until"]
    search_fields = ["network"]
