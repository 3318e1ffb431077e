"""Helpers for views that handle a form."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods


def takes_form(stale: Callable[..., HttpResponse | None] | None = None) -> Callable:
    """Restrict a view to GET, HEAD, and POST.

    If the CSRF check of a POST fails, `stale` is called with the view's arguments. It
    returns a page with the form and its input, or None for the usual 403 page.
    """

    def decorate(view: Callable) -> Callable:
        limited = require_http_methods(["GET", "HEAD", "POST"])(view)
        # Functions can have attributes, but their type doesn't declare this one.
        limited.stale = stale  # type: ignore[attr-defined]
        return limited

    return decorate


def answer_stale(request: HttpRequest) -> HttpResponse | None:
    """Return the result of the requested view's `stale`, or None (see `takes_form`)."""
    match = request.resolver_match
    stale = getattr(match.func, "stale", None) if match else None
    return stale(request, *match.args, **match.kwargs) if match and stale else None


def see_other(to: str, *args: object) -> HttpResponseRedirect:
    """Redirect after a POST with a 303, so that the next request is a GET."""
    response = redirect(to, *args)
    response.status_code = 303
    return response
