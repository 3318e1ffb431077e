"""Middleware for all staff pages."""

import time
from collections.abc import Callable
from typing import Any

from allauth.account.internal import flows
from django.conf import settings
from django.contrib import messages
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.utils.cache import add_never_cache_headers
from django.utils.http import urlencode

from accounts import limits, second_factor, stale_forms

STAFF_PATHS = ("/admin/", "/accounts/")
# Session keys for the times when the session began and when it was last used.
BEGAN, USED = "accounts.began", "accounts.used"
# Don't update USED more often than this, to save database writes.
WRITE_SECONDS = 30


def keep_staff_pages_private(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Keep staff pages out of caches and search engines."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.path.startswith(STAFF_PATHS):
            del response["Cache-Control"]
            add_never_cache_headers(response)
            response["X-Robots-Tag"] = "noindex"
        return response

    return middleware


def begin(sender: object, request: HttpRequest, **kwargs: Any) -> None:
    """Start the session's timers, and record the network that the user signed in from.

    Also delete form input that is stored in the session for another account. Called
    after every sign-in, whatever the method.
    """
    request.session[BEGAN] = request.session[USED] = time.time()
    limits.note_network(kwargs["user"], request)
    stale_forms.forget_others(request, kwargs["user"])


def seconds_left(session: SessionBase) -> int:
    """Return in how many seconds the session ends if the user stays idle."""
    now = time.time()
    idle_until = session.get(USED, 0) + settings.STAFF_IDLE_MINUTES * 60
    end = session.get(BEGAN, 0) + settings.SESSION_COOKIE_AGE
    return int(min(idle_until, end) - now)


def end_stale_sessions(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Sign out users who were idle or signed in for too long.

    Also sign out users who signed in without a required second factor.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        if not request.path.startswith(STAFF_PATHS):
            return get_response(request)
        if request.user.is_anonymous:
            return keep_late_form(request) or get_response(request)
        session = request.session
        if seconds_left(session) <= 0:
            minutes = settings.STAFF_IDLE_MINUTES
            return end(
                request,
                f"You were signed out because you were idle for {minutes} minutes or "
                "your session reached its time limit.",
            )
        if not second_factor.is_shown(request):
            return end(request, "Please sign in with your second factor.")
        # The idle warning's script polls for the time left. Don't count that as use.
        looks_only = request.method == "GET" and "X-Idle" in request.headers
        if not looks_only and time.time() - session[USED] > WRITE_SECONDS:
            session[USED] = time.time()
        stale_forms.forget_sent(request)
        response = get_response(request)
        if request.user.is_authenticated and request.path.startswith(stale_forms.FORMS):
            stale_forms.mark_browser(request, response)
        return response

    return middleware


def keep_late_form(request: HttpRequest) -> HttpResponse | None:
    """Store a form that was submitted after the session had ended.

    A cookie says which account the form is stored for. Return a redirect to the sign-in
    page, or None if nothing was stored, such as when there is no cookie.
    """
    owner = stale_forms.owner_of(request) if stale_forms.is_form(request) else None
    return stale_forms.ask_to_sign_in(request, owner) if owner else None


def end(request: HttpRequest, why: str) -> HttpResponse:
    owner = ""
    if stale_forms.is_form(request) and second_factor.is_shown(request):
        owner = str(request.user.pk)
    flows.logout.logout(request, show_message=False)
    if owner and (response := stale_forms.ask_to_sign_in(request, owner)):
        return response
    messages.warning(request, why)
    query = (
        urlencode({"next": request.get_full_path()}) if request.method == "GET" else ""
    )
    return HttpResponseRedirect(
        f"{resolve_url(settings.LOGIN_URL)}?{query}".rstrip("?")
    )
