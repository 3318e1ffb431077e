"""Purge the caches in front of the site.

A cached page is refreshed after two seconds, but while the site is down, the cache
serves the old page for minutes. Withdrawn statements must disappear at once, so
triggers queue this task in the same transaction (core/triggers.py).
"""

import urllib.request

from django.conf import settings
from procrastinate.contrib.django import app

from core.backoff import Backoff
from core.triggers import PURGE, PURGE_QUEUE

PATIENCE = 5  # Seconds
# Any page, with any query string, may quote a voice or link to a text.
EVERY_PAGE = "^/"


@app.task(name=PURGE, queue=PURGE_QUEUE, retry=Backoff())
def purge() -> None:
    """Purge every cached page; an exception makes the queue retry the task."""
    if not settings.PAGE_CACHE_URL:
        return
    request = urllib.request.Request(  # noqa: S310 - the address is a setting
        settings.PAGE_CACHE_URL, method="BAN", headers={"X-Drop": EVERY_PAGE}
    )
    with urllib.request.urlopen(request, timeout=PATIENCE):  # noqa: S310
        pass
