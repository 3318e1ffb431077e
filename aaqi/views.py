"""Pages of the site as a whole."""

import sys
from datetime import timedelta

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.utils import timezone
from django.views import defaults
from django.views.decorators.http import require_safe

from accounts import kept
from core.public import public_page
from faq.models import Case
from rankings.models import Edition
from rankings.standings import Standings
from voices.managing.forms import AskForm
from voices.managing.views import ask_page, lost_cookie
from voices.models import Submission, Tally, Voice
from voices.ranking_errors.forms import RankingErrorForm
from voices.ranking_errors.views import render_report as render_error
from voices.reports.forms import ReportForm
from voices.reports.views import render_report
from voices.signing.forms import CodeForm, SignForm
from voices.signing.views import render_add, render_check, render_closed

LATEST = 3
FEATURED = 3
CASES = 6
SECURITY_TXT_VALID = timedelta(days=180)


@require_safe
@public_page()
def home(request):
    voices = Voice.objects.published()
    edition = Edition.objects.current()
    return render(
        request,
        "home.html",
        {
            "total": Tally.objects.signers().total(),
            "latest": voices.newest_first()[:LATEST],
            "featured": voices.featured()[:FEATURED],
            "cases": Case.objects.featured().defer("body")[:CASES],
            "organization": organization(),
            "standings": Standings(edition) if edition else None,
        },
    )


@require_safe
@public_page()
def security_txt(request):
    """Where to report a weakness: RFC 9116. It is valid for half a year from today."""
    until = timezone.now().replace(hour=0, minute=0, second=0) + SECURITY_TXT_VALID
    lines = [
        f"Contact: mailto:{settings.CONTACT_EMAIL}",
        f"Expires: {until:%Y-%m-%dT%H:%M:%SZ}",
        "Preferred-Languages: en",
        f"Canonical: {settings.SITE_URL}{request.path}",
    ]
    text = "".join(f"{line}\n" for line in lines)
    return HttpResponse(text, content_type="text/plain; charset=utf-8")


def organization() -> dict:
    """Who runs the site, as search engines read it: schema.org/Organization."""
    return {
        "@type": "Organization",
        "name": settings.SITE_NAME,
        "alternateName": "AAQI",
        "url": f"{settings.SITE_URL}/",
        "logo": settings.SITE_URL + static("icon-512.png"),
        "email": settings.CONTACT_EMAIL,
    }


@require_safe
@public_page()
def robots(request):
    return render(request, "robots.txt", content_type="text/plain; charset=utf-8")


@require_safe
def favicon(request):
    """Lead those who ask without having read a page."""
    return redirect(static("favicon.ico"))


def csrf_failure(request, reason=""):
    """Answer 403, and give back what was typed."""
    match = request.resolver_match
    name = match.view_name if match else ""
    if name == "voices:add" and not settings.SIGNING_OPEN:
        return render_closed(request, status=403)
    if name == "voices:add":
        form = SignForm(request.POST)
        return render_add(request, form, stale=True, status=403)
    if name == "voices:manage-ask":
        return ask_page(request, AskForm(request.POST), stale=True, status=403)
    if name == "voices:manage":
        return lost_cookie(request, **match.kwargs)
    if name == "voices:check":
        submission = Submission.objects.filter(**match.kwargs).first()
        if submission:
            typed = CodeForm(request.POST)
            return render_check(request, submission, typed, stale=True, status=403)
    if name == "voices:report":
        typed_report = ReportForm(request.POST)
        pk = match.kwargs["pk"]
        return render_report(request, pk, typed_report, stale=True, status=403)
    if name == "rankings-report":
        typed_error = RankingErrorForm(request.POST)
        return render_error(request, typed_error, stale=True, status=403)
    if request.user.is_authenticated and kept.keep_stale(request):
        # Somebody of staff who has signed in again in another tab since.
        return redirect("accounts_kept")
    return render(request, "403.html", {"stale": True}, status=403)


def server_error(request):
    """Answer 503, and when to come back, while the database is away; else 500."""
    if not isinstance(sys.exception(), OperationalError | InterfaceError):
        return defaults.server_error(request)
    response = render(request, "503.html", status=503)
    response["Retry-After"] = "30"
    return response
