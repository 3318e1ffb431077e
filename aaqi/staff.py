"""Django's admin with our own login, second factor, index page, and input checks."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, time
from functools import wraps
from typing import Any, cast

from allauth.account.utils import get_next_redirect_url
from allauth.account.views import logout
from django.conf import settings
from django.contrib.admin import AdminSite, ModelAdmin, ShowFacets
from django.contrib.auth.models import User
from django.core.exceptions import (
    BadRequest,
    FieldDoesNotExist,
    PermissionDenied,
    ValidationError,
)
from django.db.models import Field, Model
from django.db.models.base import ModelBase
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render, resolve_url
from django.template.defaultfilters import pluralize
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_POST

from accounts import second_factor
from core.fields import ADMIN_FIELDS
from core.ids import read_id
from faq.models import TEXTS
from faq.publishing import Text
from faq.to_check import list_dates, list_rows
from voices.figures import figures
from voices.finding.views import find, find_part
from voices.moderation.agreement import LATEST, SPANS, agreement, reasons_used
from voices.moderation.my_day import my_day
from voices.moderation.waiting import (
    LISTS,
    READINGS,
    Waiting,
    count_quarantined,
    what_waits,
)
from voices.review.views import review

# Apps without admin pages. The job queue's admin has inline styles, which the CSP
# blocks. allauth's admin would show second factors and let staff change them without a
# log entry.
LEFT_OUT = {"account", "mfa", "procrastinate", "usersessions"}

# Exceptions that fields and their widgets raise for invalid text in a query string.
UNUSABLE = (
    *(AttributeError, KeyError, OverflowError, TypeError, ValueError),
    *(FieldDoesNotExist, ValidationError),
)


def is_lookup_known(
    model_admin: ModelAdmin, lookup: str, value: object, request: HttpRequest
) -> bool:
    """Return whether a changelist accepts this lookup.

    It accepts the lookups in the model admin's attribute `lookups` or, without that
    attribute, the lookups of its filters. Django would accept any column and operator,
    and return a 500 for values that the database can't parse.
    """
    if hasattr(model_admin, "lookups"):
        return lookup in model_admin.lookups
    return lookup in {name_in_address(each) for each in model_admin.list_filter}


def name_in_address(list_filter: Any) -> str:
    match list_filter:
        case str(field):
            return f"{field}__exact"
        case (field, _):
            return f"{field}__isempty"
        case own:
            return own.parameter_name


def usable_initial(
    model_admin: ModelAdmin,
    request: HttpRequest,
    initial: Mapping[str, str | list[str]],
) -> dict[str, object]:
    """Return the initial values from a query string, without the invalid values.

    Django would pass any text to the form fields, and some fields raise an exception if
    the text is invalid.
    """
    form = model_admin.get_form(request)
    usable = {}
    for name, text in initial.items():
        try:
            value = cast(Field, model_admin.opts.get_field(name)).to_python(text)
            str(form(initial={name: value})[name])
        except UNUSABLE:
            continue
        usable[name] = value
    return usable


def texts_waiting(kinds: list[type[Text]]) -> list[Waiting]:
    """Return a list with the admin index's row about texts to check, if any."""
    dates = list_dates(kinds) if kinds else []
    if not dates:
        return []
    words = f"text{pluralize(dates)} with an old “as of” date"
    since = datetime.combine(dates[0], time(), timezone.get_current_timezone())
    return [Waiting(len(dates), words, since, reverse("admin:texts_to_check"))]


class StaffSite(AdminSite):
    site_title = "AAQI staff"
    site_header = "AAQI staff"
    index_title = "Admin"
    index_template = "admin/staff_index.html"

    def get_urls(self) -> list[URLResolver | URLPattern]:
        figures = self.admin_view(self.figures)
        texts = self.admin_view(self.texts_to_check)
        return [
            path("agreement/", self.admin_view(self.agreement), name="agreement"),
            path("figures/", figures, name="figures"),
            path("my-day/", self.admin_view(self.my_day), name="my_day"),
            path("texts-to-check/", texts, name="texts_to_check"),
            path("review/", self.admin_view(review), name="review"),
            path("find/", self.admin_view(find), name="find"),
            path("find/part/", self.admin_view(find_part), name="find_part"),
            *super().get_urls(),
        ]

    def has_permission(self, request: HttpRequest) -> bool:
        """Return whether the user is staff and, if required, used a second factor."""
        return super().has_permission(request) and second_factor.is_shown(request)

    def login(
        self, request: HttpRequest, extra_context: dict[str, object] | None = None
    ) -> HttpResponse:
        """Redirect to our login page, or to the requested page if already signed in.

        Raises PermissionDenied for accounts that aren't staff.
        """
        wanted = get_next_redirect_url(request) or reverse("admin:index")
        if self.has_permission(request):
            return redirect(wanted)
        if request.user.is_authenticated:
            raise PermissionDenied("This account is not staff.")
        return redirect(f"{resolve_url('account_login')}?{urlencode({'next': wanted})}")

    # Django's type stubs don't let the next three views return a redirect.

    def logout(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, object] | None = None
    ) -> HttpResponse:
        return require_POST(logout)(request)

    def password_change(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, object] | None = None
    ) -> HttpResponse:
        return redirect("account_change_password")

    def password_change_done(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, object] | None = None
    ) -> HttpResponse:
        return redirect("accounts_index")

    def index(
        self, request: HttpRequest, extra_context: dict[str, object] | None = None
    ) -> TemplateResponse:
        """Show what needs attention in the changelists that this account may view."""
        lists = self.may_view(request, LISTS)
        kinds = self.may_view(request, TEXTS)
        readings = filter(cast(User, request.user).has_perm, READINGS)
        waiting = [*what_waits(lists, readings), *texts_waiting(kinds)]
        context: dict[str, object] = {"lists": lists or kinds, "waiting": waiting}
        if self.only_counts_quarantine(request):
            context["quarantined"] = count_quarantined()
        return super().index(request, context | (extra_context or {}))

    def only_counts_quarantine(self, request: HttpRequest) -> bool:
        """Return whether the account sees how many signatures are in quarantine.

        Moderators do. Administrators see the list instead, among what waits.
        """
        may = request.user.has_perm
        return may("voices.view_voice") and not may("voices.view_quarantinedsignature")

    def may_view[Listed: type[Model]](
        self, request: HttpRequest, models: Iterable[Listed]
    ) -> list[Listed]:
        """Return those of `models` that this account may view."""
        return [
            model
            for model in models
            if self.get_model_admin(model).has_view_permission(request)
        ]

    def texts_to_check(self, request: HttpRequest) -> HttpResponse:
        """List the site's texts with an old “as of” date that this account may view."""
        kinds = self.may_view(request, TEXTS)
        if not kinds:
            raise PermissionDenied
        context = self.each_context(request) | {
            "title": "Texts to check",
            "rows": list_rows(kinds),
            "days": settings.AS_OF_DAYS,
        }
        return render(request, "admin/texts_to_check.html", context)

    def figures(self, request: HttpRequest) -> HttpResponse:
        """Show the site's statistics, which contain no personal data."""
        if not request.user.has_perm("voices.view_figures"):
            raise PermissionDenied
        context = self.each_context(request) | {"title": "Figures"} | figures()
        return render(request, "admin/figures.html", context)

    def my_day(self, request: HttpRequest) -> HttpResponse:
        """Show moderators what they have done today."""
        user = cast(User, request.user)
        if not user.has_perm("voices.change_awaitingvoice"):
            raise PermissionDenied
        context = self.each_context(request) | {"title": "My day"} | my_day(user)
        return render(request, "admin/my_day.html", context)

    def agreement(self, request: HttpRequest) -> HttpResponse:
        """Show how often two readers agree, and which reasons moderators choose."""
        if not request.user.has_perm("voices.view_reading"):
            raise PermissionDenied
        asked = request.GET.get("days")
        days = next((each for each in SPANS if str(each) == asked), SPANS[0])
        context = self.each_context(request) | {
            "title": "Agreement and reasons",
            "days": days,
            "spans": SPANS,
            "latest": LATEST,
            "agreement": agreement(days),
            **reasons_used(days),
        }
        return render(request, "admin/agreement.html", context)

    def register(
        self,
        model_or_iterable: type[Model] | Iterable[type[Model]],
        admin_class: type[ModelAdmin] | None = None,
        **options: Any,
    ) -> None:
        """Register models as usual, except those of the apps in `LEFT_OUT`.

        Changelists accept only the lookups that `is_lookup_known` allows, and don't
        count all rows or the matches of each filter. Forms clean up pasted text. The
        form for a new row ignores invalid initial values in the query string.
        """
        if isinstance(model_or_iterable, ModelBase):
            model_or_iterable = [model_or_iterable]
        ours = [m for m in model_or_iterable if m._meta.app_label not in LEFT_OUT]
        admin_class = admin_class or ModelAdmin
        options["lookup_allowed"] = is_lookup_known
        options["show_facets"] = ShowFacets.NEVER
        options["show_full_result_count"] = False
        options["get_changeform_initial_data"] = lambda own, request: usable_initial(
            own, request, admin_class.get_changeform_initial_data(own, request)
        )
        options["formfield_overrides"] = {
            **ADMIN_FIELDS,
            **admin_class.formfield_overrides,
        }
        super().register(ours, admin_class, **options)

    def admin_view[View: Callable[..., HttpResponseBase]](
        self, view: View, cacheable: bool = False
    ) -> View:
        """Wrap a view to return a 400 for tampered input; Django would return a 500."""
        inner = super().admin_view(view, cacheable)

        @wraps(inner)
        def checked(
            request: HttpRequest, *args: object, **kwargs: object
        ) -> HttpResponseBase:
            if "%00" in request.META["QUERY_STRING"] or "\0" in request.path:
                raise BadRequest("The URL contains a NUL character.")
            chosen = request.POST.getlist("_selected_action")
            if None in map(read_id, chosen):
                raise BadRequest("The id of a selected row is not a number.")
            return inner(request, *args, **kwargs)

        return cast(View, checked)
