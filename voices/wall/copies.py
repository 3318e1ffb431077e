"""Which pages are dropped in front of the site when a person's words are taken back."""

from copies import drop

# Every page that shows voices, whichever, with whatever is asked of it: home, wall,
# voices and their cards, feed, counts, the states' pages, lists for search engines, and
# what others embed.
PAGES = r"^/(\?|$|voices/|rankings/|sitemap|embed/|share/|card\.png)"


def queue_drop() -> None:
    drop.queue_drop(PAGES)
