"""Staff pages that find a person."""

from typing import cast

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import BadRequest, PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from core.ids import read_id
from core.search_budget import SearchTooLong, time_limit
from voices.finding import search
from voices.finding.forms import AddressForm, DetailsForm, PartForm
from voices.finding.people import cards_of, may_view
from voices.finding.search import Found
from voices.moderation.models import QuarantinedSignature
from voices.moderation.waiting import count_quarantined
from voices.reveals.models import AddressSearch
from voices.signatures.models import Signature
from voices.wall.models import Voice

# The page has two forms, so their fields need different HTML ids.
ADDRESS_ID = "address_%s"
TOO_LONG = "The search took too long and was stopped. {}"


def find(request: HttpRequest) -> HttpResponse:
    """Find people by details or by network (GET), or by a whole address (POST)."""
    if not may_view(request.user, Voice):
        raise PermissionDenied
    if request.method == "POST":
        return find_address(request)
    if "network" in request.GET:
        return find_network(request)
    form = details_form(request)
    if not form.fields.keys() & request.GET.keys():
        return show(request)
    return find_details(request, form)


def find_address(request: HttpRequest) -> HttpResponse:
    form = AddressForm(request.POST, auto_id=ADDRESS_ID)
    if not form.is_valid():
        return show(request, address_form=form, status=422)
    with transaction.atomic():
        found = search.by_address(form.email_key)
        log_search(request, found)
    waiting = search.unconfirmed(form.email_key)
    return show(request, found, by="address", unconfirmed=waiting)


def find_network(request: HttpRequest) -> HttpResponse:
    pk = read_number(request, "network")
    signature = get_object_or_404(Signature, pk=pk)
    if not signature.network_hash:
        return show(request, by="network", is_network_gone=True)
    found = search.by_network(signature.network_hash, read_number(request, "before"))
    return show(request, found, by="network")


def find_details(request: HttpRequest, form: DetailsForm) -> HttpResponse:
    before = read_number(request, "before")
    if form.is_valid():
        try:
            with time_limit(search.LONGEST_MS):
                found = search.by_details(form.cleaned_data, before)
            return show(request, found, by="details", details_form=form)
        except SearchTooLong:
            advice = "Add a word, a city, or a state."
            form.add_error(None, TOO_LONG.format(advice))
    return show(request, details_form=form, status=422)


def find_part(request: HttpRequest) -> HttpResponse:
    """Find the newest signatures by a part of their addresses, and log the search."""
    user = request.user
    if not (user.has_perm("voices.add_reveal") and may_view(user, Signature)):
        raise PermissionDenied
    template = "admin/find_part.html"
    if request.method != "POST":
        return show(request, template=template, part_form=PartForm())
    form = PartForm(request.POST)
    if form.is_valid():
        given = form.cleaned_data
        try:
            with time_limit(search.LONGEST_MS):
                found = search.by_part(given["how"], given["part"])
                log_search(request, found, given["reason"])
            return show(request, found, by="part", template=template, part_form=form)
        except SearchTooLong:
            form.add_error("part", TOO_LONG.format("Enter more characters."))
    return show(request, template=template, part_form=form, status=422)


def log_search(request: HttpRequest, found: Found, reason: str = "") -> None:
    """Log the search in its transaction, so that nothing is shown without a log row."""
    AddressSearch.objects.create(
        reason=reason, found=len(found.people), by=cast(User, request.user)
    )


def details_form(request: HttpRequest) -> DetailsForm:
    sees_full_names = may_view(request.user, Signature)
    return DetailsForm(request.GET, sees_full_names=sees_full_names)


def read_number(request: HttpRequest, name: str) -> int | None:
    """Return the ID in this query parameter, or None if it isn't there."""
    typed = request.GET.get(name)
    number = None if typed is None else read_id(typed)
    if typed is not None and number is None:
        raise BadRequest(f"The URL's parameter “{name}” is not a number.")
    return number


def show(
    request: HttpRequest,
    found: Found | None = None,
    *,
    by: str = "",
    template: str = "admin/find.html",
    status: int = 200,
    **context: object,
) -> HttpResponse:
    """Render a page for finding people; `by` says how `found` was searched for."""
    user = request.user
    sees_signatures = may_view(user, Signature)
    with_addresses = by in {"address", "part"}
    people = found.people if found else []
    defaults = admin.site.each_context(request) | {
        "title": "Find a person",
        "found": found,
        "cards": cards_of(people, user, with_addresses=with_addresses),
        "by": by,
        "most_listed": search.MOST_FOUND,
        "network_days": settings.NETWORK_KEPT_DAYS,
        "failed": status == 422,
        "address_form": AddressForm(auto_id=ADDRESS_ID),
        "details_form": DetailsForm(sees_full_names=sees_signatures),
        "quarantined": count_quarantined(),
        "decides_on_quarantine": may_view(user, QuarantinedSignature),
        "may_search_parts": user.has_perm("voices.add_reveal") and sees_signatures,
    }
    return render(request, template, defaults | context, status=status)
