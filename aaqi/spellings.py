"""Redirect URLs that people or mail programs misspelled."""

import re
import unicodedata
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.urls import Resolver404, resolve
from django.utils.encoding import escape_uri_path

STAFF = ("admin/", "accounts/")
# Characters that people or mail programs append to a query string, plain or
# percent-encoded: spaces, no-break spaces, and " ' ) , . : ; > ? ] } ! * » ’ ”
# The regex matches at most twenty of them, because without a limit, it would take
# seconds if there were thousands.
BEHIND_A_QUERY = re.compile(
    r"(?:[\].,;:!?)}>'\"*+]"
    r"|%(?:20|2[1279ACE]|3[ABEF]|[57]D|C2%A0|C2%BB|E2%80%99|E2%80%9D)){1,20}$",
    re.IGNORECASE,
)


def lead_to_the_one_spelling(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Redirect 404s caused by stray punctuation, slashes, spaces, or capitals."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if response.status_code == 404 and request.method in {"GET", "HEAD"}:
            return redirect_of(request) or response
        return response

    return middleware


def redirect_of(request: HttpRequest) -> HttpResponsePermanentRedirect | None:
    """Return a redirect to the page on this site that was probably meant, or None."""
    path, asked = request.path_info, request.META.get("QUERY_STRING", "")
    query = BEHIND_A_QUERY.sub("", asked)
    meant = next(filter(None, (leads_on(path, other) for other in spellings(path))), "")
    if not meant and (query == asked or not route_of(path)):
        return None
    address = escape_uri_path(meant or path) + (f"?{query}" if query else "")
    return HttpResponsePermanentRedirect(address)


def spellings(path: str) -> list[str]:
    """Return the paths that the visitor may have meant, likeliest first."""
    whole = "/" + re.sub("/{2,}", "/", trim(path)).strip("/")
    as_words = re.sub(r"[\s_]+", "-", whole.lower())
    return [
        spelled
        for each in (whole, whole.lower(), as_words)
        for spelled in (each.rstrip("/") + "/", each)
    ]


def trim(path: str) -> str:
    """Strip trailing punctuation, symbols, spaces, and invisible characters."""
    end = len(path)
    while end and is_sign(path[end - 1]):
        end -= 1
    return path[:end]


def is_sign(character: str) -> bool:
    # Keep "-" and "_", which can end a token, and NUL, which no mail program adds.
    return character not in "-_\0" and unicodedata.category(character)[0] in "CPSZ"


def leads_on(path: str, other: str) -> str:
    """Return `other` if it is a non-staff page's path and isn't `path`, else "".

    If `other` contains a token, it may differ from `path` only in slashes and stripped
    punctuation, because any other difference would change the token.
    """
    route = route_of(other)
    same = other.rstrip("/") in re.sub("/{2,}", "/", path)
    if other == path or not route or ("<token:" in route and not same):
        return ""
    return other


def route_of(path: str) -> str:
    """Return the route of the page at `path`, with a leading slash.

    Returns "" for staff pages, and if there is no such page.
    """
    try:
        route = resolve(path).route
    except Resolver404:
        return ""
    return "" if route.startswith(STAFF) else f"/{route}"
