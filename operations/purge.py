"""Purge the HTTP cache (Varnish) in front of the site.

The cache refreshes a page after two seconds, but while the site is down, it serves the
old page for minutes. A withdrawn statement must disappear at once, so a trigger queues
the task `purge` in the transaction that withdraws the statement (core/triggers.py).
"""

import urllib.request

from django.conf import settings
from procrastinate.contrib.django import app

from core.backoff import Backoff
from core.triggers import PURGE, PURGE_QUEUE

PATIENCE = 5  # Seconds
# A regex for all paths, because any page may quote the voice or link to the text that
# was withdrawn.
EVERY_PAGE = "^/"


@app.task(name=PURGE, queue=PURGE_QUEUE, retry=Backoff())
def purge() -> None:
    """Purge every cached page. If this raises an exception, the task is retried."""
    if not settings.PAGE_CACHE_URL:
        return
    request = urllib.request.Request(  # noqa: S310 - the address is a setting
        settings.PAGE_CACHE_URL, method="BAN", headers={"X-Drop": EVERY_PAGE}
    )
    with urllib.request.urlopen(request, timeout=PATIENCE):  # noqa: S310
        pass
