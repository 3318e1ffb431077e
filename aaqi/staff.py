"""The staff's desk: Django's admin under the site's name."""

from functools import wraps

from django.contrib.admin import AdminSite
from django.core.exceptions import BadRequest, PermissionDenied
from django.db.models.base import ModelBase
from django.shortcuts import render
from django.urls import path

from voices.figures import figures


class StaffSite(AdminSite):
    site_title = "AAQI staff"
    site_header = "AAQI staff"
    index_title = "The desk"
    index_template = "admin/desk.html"

    def get_urls(self):
        view = self.admin_view(self.figures)
        return [path("figures/", view, name="figures"), *super().get_urls()]

    def figures(self, request):
        """How the site is doing, in numbers that tell of nobody."""
        if not request.user.has_perm("voices.view_signature"):
            raise PermissionDenied
        context = self.each_context(request) | {"title": "Figures"} | figures()
        return render(request, "admin/figures.html", context)

    def register(self, model_or_iterable, admin_class=None, **options):
        """Register as usual, but leave the queue's own pages out.

        Procrastinate's admin pages carry inline styles, which the content policy
        refuses.
        """
        if isinstance(model_or_iterable, ModelBase):
            model_or_iterable = [model_or_iterable]
        ours = [m for m in model_or_iterable if m._meta.app_label != "procrastinate"]
        super().register(ours, admin_class, **options)

    def admin_view(self, view, cacheable=False):
        """Answer 400 to two kinds of tampered input that Django's admin fails at."""
        inner = super().admin_view(view, cacheable)

        @wraps(inner)
        def checked(request, *args, **kwargs):
            if "%00" in request.META["QUERY_STRING"]:
                raise BadRequest("A query holds a NUL.")
            chosen = request.POST.getlist("_selected_action")
            if not all(value.isdecimal() for value in chosen):
                raise BadRequest("A chosen row has no number for an id.")
            return inner(request, *args, **kwargs)

        return checked
