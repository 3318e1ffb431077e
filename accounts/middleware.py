"""What holds for every staff page."""

import time

from allauth.account.internal import flows
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponseRedirect
from django.shortcuts import resolve_url
from django.utils.cache import add_never_cache_headers
from django.utils.http import urlencode

from accounts import kept, limits, second_factor

STAFF_PATHS = ("/admin/", "/accounts/")
# In the session: when it began, and when it was last used.
BEGAN, USED = "accounts.began", "accounts.used"
# The clock is written down this often at most.
WRITE_SECONDS = 30


def keep_staff_pages_private(get_response):
    """Let nobody keep a staff page, and no search engine name it."""

    def middleware(request):
        response = get_response(request)
        if request.path.startswith(STAFF_PATHS):
            del response["Cache-Control"]
            add_never_cache_headers(response)
            response["X-Robots-Tag"] = "noindex"
        return response

    return middleware


def begin(sender, request, **kwargs):
    """Start the clocks of a session, in whatever way somebody signed in."""
    request.session[BEGAN] = request.session[USED] = time.time()
    limits.note_network(kwargs["user"], request)
    kept.forget_others(request, kwargs["user"])


def seconds_left(session) -> int:
    """Return how long a session lasts if nobody does anything."""
    now = time.time()
    idle_until = session.get(USED, 0) + settings.STAFF_IDLE_MINUTES * 60
    end = session.get(BEGAN, 0) + settings.SESSION_COOKIE_AGE
    return int(min(idle_until, end) - now)


def end_stale_sessions(get_response):
    """Sign out whoever has been away too long, or never showed a second factor."""

    def middleware(request):
        if not request.path.startswith(STAFF_PATHS):
            return get_response(request)
        if request.user.is_anonymous:
            return keep_late_form(request) or get_response(request)
        session = request.session
        if seconds_left(session) <= 0:
            minutes = settings.STAFF_IDLE_MINUTES
            return end(
                request,
                f"You were signed out, because nothing happened for {minutes} minutes "
                "or your session had lasted its longest time.",
            )
        if not second_factor.is_shown(request):
            return end(request, "Sign in with your second factor, please.")
        # Asking how much time is left is not to use it.
        looks_only = request.method == "GET" and "X-Idle" in request.headers
        if not looks_only and time.time() - session[USED] > WRITE_SECONDS:
            session[USED] = time.time()
        kept.forget_sent(request)
        response = get_response(request)
        if request.user.is_authenticated and request.path.startswith(kept.FORMS):
            kept.mark_browser(request, response)
        return response

    return middleware


def keep_late_form(request):
    """Keep what a browser sends whose session is gone, if it tells whose that was."""
    owner = kept.owner_of(request) if kept.is_form(request) else None
    return kept.ask_to_sign_in(request, owner) if owner else None


def end(request, why):
    owner = ""
    if kept.is_form(request) and second_factor.is_shown(request):
        owner = str(request.user.pk)
    flows.logout.logout(request, show_message=False)
    if owner and (response := kept.ask_to_sign_in(request, owner)):
        return response
    messages.warning(request, why)
    query = (
        urlencode({"next": request.get_full_path()}) if request.method == "GET" else ""
    )
    return HttpResponseRedirect(
        f"{resolve_url(settings.LOGIN_URL)}?{query}".rstrip("?")
    )
