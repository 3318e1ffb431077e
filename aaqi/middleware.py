"""Middleware for every request and response."""

from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import Resolver404, resolve
from django.utils.cache import add_never_cache_headers

FORM = "application/x-www-form-urlencoded"
FILES = "multipart/form-data"
PROBES = {"/healthz", "/readyz"}
# Browser features that no page uses. The features for passkeys, copying, and sharing
# aren't listed, because our pages use them.
REFUSED_FEATURES = [
    *("accelerometer", "autoplay", "browsing-topics"),
    *("camera", "display-capture", "encrypted-media", "geolocation", "gyroscope"),
    *("hid", "idle-detection", "local-fonts", "magnetometer", "microphone", "midi"),
    *("payment", "picture-in-picture", "screen-wake-lock", "serial", "usb"),
    *("window-management", "xr-spatial-tracking"),
]


class ProbesNameNoHost:
    """Accept any Host header in health checks, which don't know the site's host."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info in PROBES:
            request.META["HTTP_HOST"] = settings.SITE_HOST
        return self.get_response(request)


def heads_without_bodies(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Respond to HEAD with the headers of GET and no body."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.method == "HEAD" and not response.streaming and response.content:
            response.headers.setdefault("Content-Length", str(len(response.content)))
            response.content = b""
        return response

    return middleware


class BrowserPolicies:
    """Set response headers that restrict browsers, unless the view already set them."""

    policies = {
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": ", ".join(f"{name}=()" for name in REFUSED_FEATURES),
    }

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        for name, value in self.policies.items():
            response.headers.setdefault(name, value)
        return response


class ReadableRequests:
    """Return an error page for a request that is too large or can't be parsed.

    The same goes for a charset other than UTF-8, but invalid bytes in a form become
    U+FFFD. Also add a page to 405 responses. Without this middleware, Django would
    reject a body over the limit only when the body is read, with a 400 that doesn't
    mention the limit. Django would also decode a body with any codec that the client
    names, and decode bytes that aren't valid UTF-8 as Latin-1.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.refuse(request) or self.get_response(request)
        if response.status_code == 405:
            page = render(request, "405.html", status=405)
            page["Allow"] = response["Allow"]
            response = page
        return response

    def refuse(self, request: HttpRequest) -> HttpResponse | None:
        length = request.META.get("CONTENT_LENGTH", "")
        if length.isdecimal() and int(length) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            most = self.most_with_files(request)
            if int(length) > most:
                return render(request, "413.html", {"most": most}, status=413)
        charset = (request.content_params or {}).get("charset", "utf-8").lower()
        if charset not in {"utf-8", "utf8"}:
            return render(request, "400.html", status=400)
        try:
            request.GET  # noqa: B018 - reading it is the check
        except SuspiciousOperation:
            # The error page reads request.GET too, so it would fail in the same way.
            request.GET = QueryDict()
            return render(request, "400.html", status=400)
        if request.method == "POST" and request.content_type == FORM:
            self.mark_undecodable(request)
        if request.method == "POST":
            # A body that can't be parsed gets a 400 here. Otherwise, if the URL is
            # unknown, Django's 404 view would parse the body for its CSRF check, and
            # the error would become a 500.
            request.POST  # noqa: B018 - reading it is the check
        return None

    def most_with_files(self, request: HttpRequest) -> int:
        """Return the maximum body size of this request, if its URL accepts uploads.

        Returns 0 if the request isn't multipart or its URL doesn't accept uploads.
        """
        if request.content_type != FILES:
            return 0
        try:
            name = resolve(request.path_info).view_name
        except Resolver404:
            return 0
        return settings.UPLOADS.get(name, 0)

    def mark_undecodable(self, request: HttpRequest) -> None:
        """Decode invalid bytes as U+FFFD, so that forms reject the affected fields."""
        try:
            request.body.decode()
        except UnicodeDecodeError:
            request.POST = QueryDict(request.body.decode(errors="replace"))


class NoStoreByDefault:
    """Send `no-store` unless a view sets Cache-Control.

    Public pages set that header with `public_page` (core/public.py). All other pages
    contain a form, a token, or a reader's own data. Errors are always `no-store`.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not response.has_header("Cache-Control") or response.status_code >= 400:
            del response["Cache-Control"]
            del response["ETag"]
            add_never_cache_headers(response)
        return response
