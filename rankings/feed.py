"""An Atom feed of changes to the states' rankings data."""

from datetime import datetime

from django.conf import settings
from django.contrib.syndication.views import Feed
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.views.decorators.http import require_safe

from core.public import Content, public_page
from rankings.changes import StateChange, read_changes


class ChangeFeed(Feed):
    """The Atom feed. For each recent edition, it has an entry for each changed state.

    A state whose score or rank changed only because of other states or the rubric has
    no entry. All URLs in the feed begin with SITE_URL.
    """

    feed_type = Atom1Feed
    title = f"Changes to the state rankings · {settings.SITE_NAME}"
    subtitle = "What each edition says differently about a state, and why."
    author_name = settings.SITE_NAME

    def link(self) -> str:
        return settings.SITE_URL + reverse("rankings:changes")

    def feed_url(self) -> str:
        return settings.SITE_URL + reverse("rankings:changes-feed")

    feed_guid = feed_url

    def items(self) -> list[StateChange]:
        return [change for changes in read_changes() for change in changes.own]

    def item_title(self, change: StateChange) -> str:
        if change.is_scored_differently:
            return f"{change.after.name}: {change.words_before} → {change.words_after}"
        return f"{change.after.name}: {change.words_after}, as before"

    def item_description(self, change: StateChange) -> str:
        return render_to_string("rankings/changes.html#details", {"change": change})

    def item_link(self, change: StateChange) -> str:
        return f"{self.link()}#{change.anchor}"

    item_guid = item_link

    def item_pubdate(self, change: StateChange) -> datetime | None:
        return change.edition.published_at

    item_updateddate = item_pubdate


make_feed = ChangeFeed()


@require_safe
@public_page(shows=[Content.RANKINGS])
def feed(request: HttpRequest) -> HttpResponse:
    """Respond without Last-Modified, so that feed readers revalidate by ETag.

    Django would set Last-Modified to the time when the edition was published. But
    details of the edition's citations can change later.
    """
    response = make_feed(request)
    del response["Last-Modified"]
    return response
