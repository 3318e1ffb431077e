"""The newest statements as an Atom feed.

Atom requires a date, so the feed omits founding voices, which have no publication date.
"""

from datetime import datetime

from django.conf import settings
from django.contrib.syndication.views import Feed
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.html import linebreaks
from django.views.decorators.http import require_safe

from core.public import Content, public_page
from voices.wall.models import Edited, Voice

NEWEST = 50


def absolute(path: str) -> str:
    return settings.SITE_URL + path


class VoiceFeed(Feed):
    """The newest voices; all URLs start with SITE_URL, not with the request's host."""

    feed_type = Atom1Feed
    title = f"Voices · {settings.SITE_NAME}"
    subtitle = "Why Americans want qualified immunity ended, in their own words."

    def link(self) -> str:
        return absolute(reverse("voices:list"))

    def feed_url(self) -> str:
        return absolute(reverse("voices:feed"))

    feed_guid = feed_url

    def items(self) -> QuerySet[Voice]:
        return Voice.objects.on_the_wall().signed().in_wall_order()[:NEWEST]

    def item_title(self, voice: Voice) -> str:
        # The feed escapes titles. So does Django's default item_title, so without this
        # method, titles would be escaped twice.
        return f"{voice.name}, {voice.place_in_full}".removesuffix(", ")

    def item_description(self, voice: Voice) -> str:
        words = linebreaks(f"“{voice.statement}”", autoescape=True)
        if voice.edited:
            words += f"<p>{Edited(voice.edited).label}.</p>"
        return words

    def item_link(self, voice: Voice) -> str:
        return absolute(voice.get_absolute_url())

    item_guid = item_link

    def item_author_name(self, voice: Voice) -> str:
        return voice.name

    def item_pubdate(self, voice: Voice) -> datetime | None:
        return voice.published_at

    item_updateddate = item_pubdate


make_feed = VoiceFeed()


@require_safe
@public_page(shows=[Content.VOICES])
def feed(request: HttpRequest) -> HttpResponse:
    """Return the feed without a Last-Modified header.

    Django sets that header to the date of the newest voice, which doesn't change when
    another voice is removed, so a feed reader would get a 304 and keep the removed
    voice. The ETag changes whenever the feed does.
    """
    response = make_feed(request)
    del response["Last-Modified"]
    return response
