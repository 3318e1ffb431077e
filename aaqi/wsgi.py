"""What gunicorn serves."""

import os

from django.core.wsgi import get_wsgi_application
from django.utils.http import parse_header_parameters

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "aaqi.settings")
site = get_wsgi_application()

# The middleware ReadableRequests refuses it with a page.
UNREADABLE = "application/octet-stream; charset=unreadable"


def application(environ, start_response):
    """Answer a request, whatever its Content-Type.

    Django takes that header apart before any middleware, and fails without a page at
    some that are malformed, or name a codec that is none for text.
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
