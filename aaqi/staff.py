"""The staff's desk: Django's admin under the site's name, behind its accounts."""

from functools import wraps
from typing import Any

from allauth.account.utils import get_next_redirect_url
from allauth.account.views import logout
from django.contrib.admin import AdminSite, ModelAdmin
from django.core.exceptions import (
    BadRequest,
    FieldDoesNotExist,
    PermissionDenied,
    ValidationError,
)
from django.db.models.base import ModelBase
from django.http import HttpRequest
from django.shortcuts import redirect, render, resolve_url
from django.urls import path, reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST

from accounts import second_factor
from core.fields import ADMIN_FIELDS
from core.ids import read_id
from voices.figures import figures
from voices.moderation.waiting import LISTS, what_waits

# The queue's admin pages carry inline styles, which the content policy refuses; those
# of allauth would show second factors, and change them without a word in a log.
LEFT_OUT = {"account", "mfa", "procrastinate", "usersessions"}

# What fields and their widgets raise at text from an address.
UNUSABLE = (
    *(AttributeError, KeyError, OverflowError, TypeError, ValueError),
    *(FieldDoesNotExist, ValidationError),
)


def is_lookup_known(
    desk: ModelAdmin, lookup: str, value: object, request: HttpRequest
) -> bool:
    """Whether the list says in `lookups` that it takes this, or has a filter for it.

    Django would try any column and operator, and fail at what the database can't read.
    """
    if hasattr(desk, "lookups"):
        return lookup in desk.lookups
    return lookup in {name_in_address(each) for each in desk.list_filter}


def name_in_address(list_filter: Any) -> str:
    match list_filter:
        case str(field):
            return f"{field}__exact"
        case (field, _):
            return f"{field}__isempty"
        case own:
            return own.parameter_name


def usable_initial(desk, request, initial):
    """Return what an address fills in, as values, without what its field can't show.

    Django hands fields the text as it is, and several fail at it.
    """
    form = desk.get_form(request)
    usable = {}
    for name, text in initial.items():
        try:
            value = desk.opts.get_field(name).to_python(text)
            str(form(initial={name: value})[name])
        except UNUSABLE:
            continue
        usable[name] = value
    return usable


class StaffSite(AdminSite):
    site_title = "AAQI staff"
    site_header = "AAQI staff"
    index_title = "The desk"
    index_template = "admin/desk.html"

    def get_urls(self):
        view = self.admin_view(self.figures)
        return [path("figures/", view, name="figures"), *super().get_urls()]

    def has_permission(self, request):
        """Whether this is staff who have shown a second factor, where one is asked."""
        return super().has_permission(request) and second_factor.is_shown(request)

    def login(self, request, extra_context=None):
        """Send strangers to the accounts' own page, and tell others that it is not."""
        wanted = get_next_redirect_url(request) or reverse("admin:index")
        if self.has_permission(request):
            return redirect(wanted)
        if request.user.is_authenticated:
            raise PermissionDenied("This account is not staff.")
        return redirect(f"{resolve_url('account_login')}?{urlencode({'next': wanted})}")

    def logout(self, request, extra_context=None):
        return require_POST(logout)(request)

    def password_change(self, request, extra_context=None):
        return redirect("account_change_password")

    def password_change_done(self, request, extra_context=None):
        return redirect("accounts_index")

    def index(self, request, extra_context=None):
        """Show above the lists what waits in those that this account may open."""
        lists = [
            listed
            for listed in LISTS
            if self.get_model_admin(listed).has_view_permission(request)
        ]
        context = {"lists": lists, "waiting": what_waits(lists)}
        return super().index(request, context | (extra_context or {}))

    def figures(self, request):
        """How the site is doing, in numbers that tell of nobody."""
        if not request.user.has_perm("voices.view_figures"):
            raise PermissionDenied
        context = self.each_context(request) | {"title": "Figures"} | figures()
        return render(request, "admin/figures.html", context)

    def register(self, model_or_iterable, admin_class=None, **options):
        """Register as usual, but leave some pages of others out.

        A list answers only to its `lookups` or, without any, to its filters.
        Every form drops what a paste brings along, and an add page what its address
        can't fill in.
        """
        if isinstance(model_or_iterable, ModelBase):
            model_or_iterable = [model_or_iterable]
        ours = [m for m in model_or_iterable if m._meta.app_label not in LEFT_OUT]
        admin_class = admin_class or ModelAdmin
        options["lookup_allowed"] = is_lookup_known
        options["get_changeform_initial_data"] = lambda desk, request: usable_initial(
            desk, request, admin_class.get_changeform_initial_data(desk, request)
        )
        options["formfield_overrides"] = ADMIN_FIELDS | admin_class.formfield_overrides
        super().register(ours, admin_class, **options)

    def admin_view(self, view, cacheable=False):
        """Answer 400 to the tampered input that Django's admin fails at."""
        inner = super().admin_view(view, cacheable)

        @wraps(inner)
        def checked(request, *args, **kwargs):
            if "%00" in request.META["QUERY_STRING"] or "\0" in request.path:
                raise BadRequest("An address holds a NUL.")
            chosen = request.POST.getlist("_selected_action")
            if None in map(read_id, chosen):
                raise BadRequest("A chosen row has no number for an id.")
            return inner(request, *args, **kwargs)

        return checked
