from django.contrib import admin
from django.db.models import Q

from core import addresses
from core.admin import LargeTable, ReadOnly
from core.searching import FoldedSearch
from voices.invalidation.links import alike
from voices.reveals.admin import RevealsAddress
from voices.signatures.models import Signature


@admin.register(Signature)
class SignatureAdmin(ReadOnly, FoldedSearch, LargeTable, RevealsAddress):
    """Signatures, read-only: signers create and change them."""

    list_display = ["name", "masked_email", "city", "state", "confirmed_at", "updates"]
    list_filter = ["state", "name_display"]
    search_fields = ["name", "=email_key"]
    search_help_text = (
        "Searches for a whole email address, or for words or beginnings of words in "
        "the name. If more than 1,000 match, add a word."
    )
    sortable_by = ("confirmed_at",)
    change_form_template = "admin/voices/signature_form.html"
    fields = [
        "name",
        "name_display",
        "masked_email",
        "city",
        "state",
        "profession",
        "updates",
        "petition",
        "consent_version",
        "privacy_version",
        "consent_at",
        "submitted_at",
        "confirmed_at",
        "counted_at",
        "invalidation",
        "alike",
        "withdrawn_at",
        "bounced_at",
    ]
    readonly_fields = ["masked_email", "alike"]

    def exact(self, term: str) -> Q:
        """Return a Q that matches an email address; an empty Q if `term` isn't one."""
        try:
            return Q(email_key=addresses.canonical(term)) if "@" in term else Q()
        except ValueError:
            return Q()

    lookups = {"state__exact", "name_display__exact"}

    @admin.display(description="select to invalidate")
    def alike(self, signature: Signature) -> str:
        """Return links that select similar signatures to invalidate."""
        return alike(signature)

    @admin.display(description="email")
    def masked_email(self, signature: Signature) -> str:
        return addresses.masked(signature.email)
