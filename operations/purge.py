"""Purging the caches in front of the site.

A cached page is requested again after two seconds, but while the site is down it would
be shown for minutes. Withdrawn words must not be shown for a moment longer, so the
triggers that see them go queue this task in the same transaction (core/triggers.py).
"""

import urllib.request

from django.conf import settings
from procrastinate.contrib.django import app

from core.backoff import Backoff
from core.triggers import PURGE, PURGE_QUEUE

PATIENCE = 5  # Seconds
# Any page may quote a voice or link to a text, with whatever query.
EVERY_PAGE = "^/"


@app.task(name=PURGE, queue=PURGE_QUEUE, retry=Backoff())
def purge() -> None:
    """Drop every cached page, or raise what went wrong, to be tried again."""
    if not settings.PAGE_CACHE_URL:
        return
    request = urllib.request.Request(  # noqa: S310 - the address is a setting
        settings.PAGE_CACHE_URL, method="BAN", headers={"X-Drop": EVERY_PAGE}
    )
    with urllib.request.urlopen(request, timeout=PATIENCE):  # noqa: S310
        pass
