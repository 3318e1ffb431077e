"""Answer the health checks of proxies and container supervisors."""

from functools import cache
from pathlib import Path

from django.db import Error, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

# Before deploy/upgrade replaces a container, it creates this file in the container. It
# then waits until the container gets no more requests.
LEAVING = Path("/tmp/leaving")  # noqa: S108 -- /tmp is the container's own.


@require_safe
def alive(request: HttpRequest) -> HttpResponse:
    """Return a 200, to show that this process responds."""
    return HttpResponse("alive\n", content_type="text/plain")


@cache
def known_migrations() -> frozenset[tuple[str, str]]:
    """Return the app and name of every migration in this release."""
    return frozenset(MigrationLoader(None).graph.nodes)


@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """Return a 200 if this process is ready for requests, else a 503.

    The process is ready if its container isn't about to be replaced, the database
    responds, and all of this release's migrations are applied.
    """
    if LEAVING.exists():
        return HttpResponse("leaving\n", status=503, content_type="text/plain")
    try:
        applied = MigrationRecorder(connection).applied_migrations()
    except Error:
        return HttpResponse("no database\n", status=503, content_type="text/plain")
    if not known_migrations() <= applied.keys():
        return HttpResponse("migrations\n", status=503, content_type="text/plain")
    return HttpResponse("ready\n", content_type="text/plain")
