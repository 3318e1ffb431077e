"""Views that take a form, and what they answer."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods


def takes_form(stale: Callable[..., HttpResponse | None] | None = None) -> Callable:
    """Let a view answer GET, HEAD, and POST.

    `stale` is called as the view is when the CSRF check of a POST failed: it shows the
    form again with what was typed, or returns None for the usual 403 page.
    """

    def decorate(view):
        limited = require_http_methods(["GET", "HEAD", "POST"])(view)
        limited.stale = stale
        return limited

    return decorate


def answer_stale(request: HttpRequest) -> HttpResponse | None:
    """Return the page that gives back what was typed, if the view has one."""
    match = request.resolver_match
    stale = getattr(match.func, "stale", None) if match else None
    return stale(request, *match.args, **match.kwargs) if match and stale else None


def see_other(*to) -> HttpResponseRedirect:
    """Redirect after a POST with 303, so that the next request is a GET."""
    response = redirect(*to)
    response.status_code = 303
    return response
