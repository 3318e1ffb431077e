"""Invalidated signatures, and their signers' objections."""

from django.contrib import admin, messages
from django.contrib.admin import ActionLocation

from core import addresses
from core.admin import ActionsOnly
from voices.invalidation import change
from voices.reveals.admin import RevealsAddress
from voices.signatures.objections import InvalidatedSignature, Objection

EVERYWHERE = [ActionLocation.CHANGE_LIST, ActionLocation.CHANGE_FORM]


class ObjectedFilter(admin.SimpleListFilter):
    title = "objection"
    parameter_name = "objection"

    def lookups(self, request, model_admin):
        return [("open", "Open"), ("answered", "Answered")]

    def queryset(self, request, queryset):
        if self.value() in {"open", "answered"}:
            return queryset.filter(
                objection__isnull=False,
                objection__answered_at__isnull=self.value() == "open",
            )
        return queryset


@admin.register(InvalidatedSignature)
class InvalidatedSignatureAdmin(ActionsOnly, RevealsAddress):
    """Reinstates single signatures; a whole invalidation is undone on its own page."""

    list_display = ["signer", "invalidation", "invalidated_at", "objected", "words"]
    list_display_links = ["signer"]
    list_filter = [ObjectedFilter, "state"]
    list_select_related = ["invalidation", "objection"]
    ordering = ["objection__at", "pk"]
    show_full_result_count = False
    change_form_template = "admin/voices/signature_form.html"
    actions = ["reinstate", "leave"]
    fields = [
        "name",
        "name_display",
        "masked_email",
        "city",
        "state",
        "profession",
        "statement",
        "confirmed_at",
        "invalidation",
        "objected",
        "words",
    ]
    readonly_fields = fields  # type: ignore[assignment]

    def get_queryset(self, request):
        return InvalidatedSignature.objects.filter(
            invalidation__isnull=False, withdrawn_at=None
        )

    @admin.action(
        description="Reinstate: count them again",
        permissions=["change"],
        location=EVERYWHERE,
    )
    def reinstate(self, request, queryset):
        ids = list(queryset.values_list("pk", flat=True))
        chosen = InvalidatedSignature.objects.filter(pk__in=ids)
        count = change.reinstate(chosen, by=request.user)
        self.message_user(request, f"Counted again: {count}.", messages.SUCCESS)

    @admin.action(
        description="Keep invalidated: close the objections",
        permissions=["change"],
        location=EVERYWHERE,
    )
    def leave(self, request, queryset):
        ids = list(queryset.values_list("pk", flat=True))
        chosen = Objection.objects.filter(signature__in=ids)
        count = chosen.leave(by=request.user)
        self.message_user(request, f"Objections closed: {count}.", messages.SUCCESS)

    @admin.display(ordering="name")
    def signer(self, signature):
        return f"{signature.name}, {signature.city}, {signature.state}"

    @admin.display(description="email")
    def masked_email(self, signature):
        return addresses.masked(signature.email)

    @admin.display
    def statement(self, signature):
        return signature.voice.statement if signature.voice else ""

    @admin.display(ordering="invalidation__at")
    def invalidated_at(self, signature):
        return signature.invalidation.at

    @admin.display(description="objected", ordering="objection__at")
    def objected(self, signature):
        found = getattr(signature, "objection", None)
        return found.at if found else None

    @admin.display(description="what the signer says")
    def words(self, signature):
        found = getattr(signature, "objection", None)
        return (found.text or "(no text)") if found else ""
