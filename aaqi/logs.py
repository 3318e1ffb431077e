"""Log without personal data: routes, not paths; tracebacks without messages."""

import logging
import re
import time
import traceback
import uuid
from collections.abc import Callable
from contextvars import ContextVar
from types import TracebackType
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from pythonjsonlogger.json import JsonFormatter

access = logging.getLogger("aaqi.access")
type ExcInfo = (
    tuple[type[BaseException], BaseException, TracebackType | None]
    | tuple[None, None, None]
)
# The id of the request that this thread is handling.
request_id: ContextVar[str] = ContextVar("request_id", default="")

METHODS = {"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}
# Health checks run every few seconds, so log them only when they fail.
PROBES = {"/healthz", "/readyz"}


def access_lines(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Return middleware that logs requests, and sets the id in their JSON log lines.

    Health checks that succeed aren't logged. The id comes from the proxy's X-Request-ID
    header. If that header is missing or invalid, a random id is used.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        begun = time.monotonic()
        name = given_id(request) or uuid.uuid4().hex
        # `WithRequestId` reads this attribute, which Django's HttpRequest lacks.
        request.id = name  # type: ignore[attr-defined]
        token = request_id.set(name)
        try:
            response = get_response(request)
            say(request, response.status_code, time.monotonic() - begun)
            return response
        finally:
            request_id.reset(token)

    return middleware


def given_id(request: HttpRequest) -> str:
    # Use META, because `request.headers` would parse every header to find this one.
    text = request.META.get("HTTP_X_REQUEST_ID", "")
    return text if re.fullmatch(r"[A-Za-z0-9-]{8,64}", text, re.ASCII) else ""


def say(request: HttpRequest, status: int, seconds: float) -> None:
    route = route_of(request)
    if route in PROBES and status == 200:
        return
    access.info(
        "Request handled",
        extra={
            # Clients can send any text as the method, so log only known methods.
            "method": request.method if request.method in METHODS else "other",
            "route": route,
            "status": status,
            "milliseconds": round(seconds * 1000),
        },
    )


def route_of(request: HttpRequest) -> str:
    """Return the route as written in urls.py, or "(no route)".

    If a middleware responded before Django resolved the path, we resolve it here.
    """
    try:
        match = request.resolver_match or resolve(request.path_info)
    except Resolver404:
        return "(no route)"
    return f"/{match.route}"


class WithRequestId(logging.Filter):
    """Add the request id to each log record."""

    def filter(self, record: logging.LogRecord) -> bool:
        # Prefer the request's own id: Django logs some errors only after `access_lines`
        # has reset `request_id`.
        request = getattr(record, "request", None)
        record.request_id = getattr(request, "id", "") or request_id.get()
        return True


class RouteInsteadOfPath(logging.Filter):
    """Replace the request's path in a log record with the request's route.

    A path can contain a secret token, such as the one in the link for managing a
    signature.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)
        if request is None or not hasattr(request, "path"):
            return True
        match = getattr(request, "resolver_match", None)
        route = f"/{match.route}" if match else "(no route)"
        # Django logs some paths unchanged and others with non-ASCII characters escaped.
        paths = {request.path, request.path.encode("unicode_escape").decode()}
        if isinstance(record.args, tuple):
            record.args = tuple(route if arg in paths else arg for arg in record.args)
        for path in paths - {"/"}:
            record.msg = str(record.msg).replace(path, route)
        return True


class PlacesOnly(logging.Formatter):
    """Format an exception with its type and traceback, but without its message.

    The message can contain personal data: a database error quotes the row, and a mail
    server's error quotes the email address.
    """

    def formatException(self, ei: ExcInfo) -> str:  # noqa: N802 - logging's name
        lines = []
        error = ei[1]
        while error is not None:
            places = "".join(traceback.format_tb(error.__traceback__))
            lines.append(f"{type(error).__qualname__}, raised at\n{places}")
            error = error.__cause__ or error.__context__
        return "caused by ".join(lines).rstrip()


class JsonLines(PlacesOnly, JsonFormatter):
    """Format each record as one line of JSON, with only the fields listed here.

    A record can have a whole request or job as an attribute. The base class would log
    these attributes, too.
    """

    fields = ("time", "level", "logger", "message", "request_id", "exc_info")
    of_requests = ("method", "route", "status", "milliseconds")

    def __init__(self) -> None:
        super().__init__(
            "{levelname} {name} {message}",
            style="{",
            rename_fields={"levelname": "level", "name": "logger"},
            timestamp="time",
        )

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        named = {
            name: log_data[name]
            for name in (*self.fields, *self.of_requests)
            if log_data.get(name) not in {None, ""}
        }
        return super().process_log_record(named)
