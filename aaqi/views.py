"""Pages that belong to no single app, and error views."""

import sys
from datetime import timedelta

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.utils import timezone
from django.views import defaults
from django.views.decorators.http import require_safe

from accounts import stale_forms
from core.organizations import organization
from core.posts import answer_stale
from core.public import public_page
from faq.models import Case
from rankings.standings import current_standings
from voices.models import Voice
from voices.wall.tallies import read_figures

LATEST = 3
FEATURED = 3
CASES = 6
SECURITY_TXT_VALID = timedelta(days=180)


@require_safe
@public_page()
def home(request: HttpRequest) -> HttpResponse:
    voices = Voice.objects.published().shown()
    figures = read_figures()
    return render(
        request,
        "home.html",
        {
            "figures": figures,
            "total": figures.total,
            "latest": voices.in_wall_order()[:LATEST],
            "featured": voices.featured()[:FEATURED],
            "cases": Case.objects.featured().in_lists()[:CASES],
            "organization": organization(),
            "standings": current_standings(),
        },
    )


@require_safe
@public_page(shows=[])
def security_txt(request: HttpRequest) -> HttpResponse:
    """Tell security researchers where to report a vulnerability (RFC 9116)."""
    until = timezone.now().replace(hour=0, minute=0, second=0) + SECURITY_TXT_VALID
    lines = [
        f"# {settings.SITE_NAME} is run by {settings.OPERATOR_NAME}",
        f"Contact: mailto:{settings.CONTACT_EMAIL}",
        f"Expires: {until:%Y-%m-%dT%H:%M:%SZ}",
        "Preferred-Languages: en",
        f"Canonical: {settings.SITE_URL}{request.path}",
    ]
    text = "".join(f"{line}\n" for line in lines)
    return HttpResponse(text, content_type="text/plain; charset=utf-8")


@require_safe
@public_page(shows=[])
def robots(request: HttpRequest) -> HttpResponse:
    return render(request, "robots.txt", content_type="text/plain; charset=utf-8")


@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """Redirect to the icon, because some clients request /favicon.ico by default."""
    return redirect(static("favicon.ico"))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Show the submitted form again, with its input, if possible; else return a 403."""
    if response := answer_stale(request):
        return response
    if request.user.is_authenticated and stale_forms.store_own(request):
        # The CSRF token is old because the user has signed in again in another tab.
        return redirect("accounts_kept")
    return render(request, "403.html", {"stale": True}, status=403)


def server_error(request: HttpRequest) -> HttpResponse:
    """Return a 503 with Retry-After if the database is unavailable, else a 500."""
    if not isinstance(sys.exception(), OperationalError | InterfaceError):
        return defaults.server_error(request)
    response = render(request, "503.html", status=503)
    response["Retry-After"] = "30"
    return response
