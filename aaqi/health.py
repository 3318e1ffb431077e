"""What a proxy or a supervisor asks before it sends visitors here."""

from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpResponse
from django.views.decorators.http import require_safe


@require_safe
def alive(request):
    """200 while this process answers at all."""
    return HttpResponse("alive\n", content_type="text/plain")


@require_safe
def ready(request):
    """200 only while the database answers and has every migration; else 503."""
    try:
        executor = MigrationExecutor(connection)
        behind = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except Error:
        return HttpResponse("no database\n", status=503, content_type="text/plain")
    if behind:
        return HttpResponse("migrations\n", status=503, content_type="text/plain")
    return HttpResponse("ready\n", content_type="text/plain")
