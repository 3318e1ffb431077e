from typing import cast

from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path, reverse

from core.admin import LargeTable, ReadOnly
from voices.reveals.models import AddressSearch, Reveal


class RevealsAddress(admin.ModelAdmin):
    """Adds a button that reveals a signature's email address and logs who saw it."""

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_reveal"
        view = self.admin_site.admin_view(self.reveal_view)
        return [path("<int:pk>/reveal/", view, name=name), *super().get_urls()]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, object] | None = None,
    ) -> HttpResponse:
        extra_context = {"may_reveal": request.user.has_perm("voices.add_reveal")} | (
            extra_context or {}
        )
        return super().change_view(request, object_id, form_url, extra_context)

    def reveal_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        may = request.user.has_perm("voices.add_reveal")
        if not may or not self.has_view_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        signature = get_object_or_404(self.get_queryset(request), pk=pk)
        Reveal.objects.create(signature_id=signature.pk, by=cast(User, request.user))
        context = self.admin_site.each_context(request) | {
            "title": f"The address of {signature.name}",
            "opts": self.opts,
            "signature": signature,
            "changelist_url": reverse(
                f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"
            ),
        }
        return render(request, "admin/voices/revealed.html", context)


@admin.register(Reveal)
class RevealAdmin(ReadOnly, LargeTable):
    """Read-only log of revealed email addresses."""

    list_display = ["at", "by", "signature_id"]
    list_filter = ["by"]
    list_select_related = ["by"]
    fields = ["at", "by", "signature_id"]
    readonly_fields = ["at", "by", "signature_id"]
    ordering = ["-pk"]

    lookups = {"by__id__exact"}


@admin.register(AddressSearch)
class AddressSearchAdmin(ReadOnly, LargeTable):
    """Read-only log of searches by email address."""

    list_display = ["at", "by", "what", "found"]
    list_filter = ["by"]
    list_select_related = ["by"]
    fields = ["at", "by", "what", "found"]
    readonly_fields = ["at", "by", "what", "found"]
    ordering = ["-pk"]

    lookups = {"by__id__exact"}

    @admin.display(description="reason")
    def what(self, row: AddressSearch) -> str:
        return row.reason or "(a whole address)"
