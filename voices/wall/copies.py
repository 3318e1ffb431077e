"""The copies of public pages in front of the site, dropped when words are taken back.

A copy is asked for anew after two seconds, but while the site is down it would be shown
for minutes. What was taken back must not be shown for a moment longer.
"""

import urllib.request

from django.conf import settings
from procrastinate.contrib.django import app

DROP_COPIES = "voices.drop_copies"
# Every page that shows voices, whichever, with whatever is asked of it: home, wall,
# voices and their cards, feed, counts, the states' pages, lists for search engines, and
# what others embed.
VOICES = r"^/(\?|$|voices/|rankings/|sitemap|embed/|share/|card\.png)"
EVERY_PAGE = "^/"
# A page that was being made meanwhile may still hold the words, and is dropped as well.
AGAIN_SECONDS = 5
PATIENCE = 5  # Seconds


def queue_drop(pages: str = VOICES) -> None:
    """Have copies dropped as soon as this transaction is committed.

    `pages` is a regular expression that finds the paths, with what follows "?".
    """
    if not settings.PAGE_CACHE_URL:
        return
    for wait in (0, AGAIN_SECONDS):
        app.configure_task(
            DROP_COPIES, schedule_in={"seconds": wait}, priority=20
        ).defer(pages=pages)


def drop(pages: str) -> None:
    """Drop them now; raises what went wrong unless the cache says that it did."""
    if not settings.PAGE_CACHE_URL:
        return
    request = urllib.request.Request(  # noqa: S310 - the address is a setting
        settings.PAGE_CACHE_URL, method="BAN", headers={"X-Drop": pages}
    )
    with urllib.request.urlopen(request, timeout=PATIENCE):  # noqa: S310
        pass
