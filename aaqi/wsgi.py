"""The WSGI application that gunicorn serves."""

import os
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

from django.core.wsgi import get_wsgi_application
from django.utils.http import parse_header_parameters

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "aaqi.settings")
site = get_wsgi_application()

# The ReadableRequests middleware returns a 400 page for this content type.
UNREADABLE = "application/octet-stream; charset=unreadable"


def application(
    environ: WSGIEnvironment, start_response: StartResponse
) -> Iterable[bytes]:
    """Handle a request, even if its Content-Type is malformed.

    Django parses the header before any middleware runs, and raises an exception if the
    header is malformed or names a codec that isn't for text.
    """
    if not is_utf8(environ.get("CONTENT_TYPE", "")):
        environ["CONTENT_TYPE"] = UNREADABLE
    return site(environ, start_response)


def is_utf8(content_type: str) -> bool:
    try:
        _, parameters = parse_header_parameters(content_type)
    except (LookupError, TypeError, ValueError):
        return False
    return parameters.get("charset", "utf-8").lower() in {"utf-8", "utf8"}
