"""Drop the query parameters that a public page doesn't declare.

So a URL with `?fbclid=…` or a tag (`?from=poster`) has the same cache key as the plain
URL. This module is for the cache in memory; `deploy/parameters.vcl` has the same
rules for the cache in front of the site. Pages don't need the tag, because
`static/site.js` reads it in the browser.
"""

from collections.abc import Callable
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import Resolver404, resolve

from core.public import Parameter


def parameters_of(view: Callable) -> tuple[Parameter, ...] | None:
    """Return the parameters that `view` declares; None if it isn't a public page."""
    return getattr(view, "parameters", None)


def canonical_query(known: tuple[Parameter, ...], query: QueryDict) -> str:
    """Return the query string with only the parameters in `known`, in `known`'s order.

    Also drop empty values, and values that a parameter doesn't allow.
    """
    pairs = []
    for parameter in known:
        values = [
            value
            for value in query.getlist(parameter.name)
            if value and (not parameter.values or value in parameter.values)
        ]
        kept = values if parameter.repeats else values[-1:]
        pairs += [(parameter.name, value) for value in kept]
    return urlencode(pairs)


def drop_unknown_parameters(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Return middleware that drops the parameters a public page doesn't declare."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.META.get("QUERY_STRING") and request.method in {"GET", "HEAD"}:
            reduce_query(request)
        return get_response(request)

    return middleware


def reduce_query(request: HttpRequest) -> None:
    try:
        known = parameters_of(resolve(request.path_info).func)
    except Resolver404:
        return
    if known is not None:
        query = canonical_query(known, request.GET)
        request.META["QUERY_STRING"] = query
        request.GET = QueryDict(query)
