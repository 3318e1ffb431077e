"""Blocks of HTML that each show one text, cached by the text's values.

The values are the cache key, so no entry has to be invalidated: after an edit, a page
renders only the block of the text that changed, and no block can be out of date.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import lru_cache, wraps

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from faq.drawings import Moment, timeline
from faq.publishing import Text


@dataclass(frozen=True)
class Version:
    """A text as a cache key. Versions with the same values are equal."""

    values: tuple[Hashable, ...]
    text: Text = field(compare=False)


def version_of(text: Text) -> Version:
    """Return the cache key for a text's current values, even if they aren't saved."""
    values = [value for name, value in vars(text).items() if name != "_state"]
    # Lists of rows aren't hashable, so use their repr.
    return Version(
        tuple(repr(value) if isinstance(value, list) else value for value in values),
        text,
    )


def cached_block[T: Text](render: Callable[[T], SafeString]) -> Callable:
    """Cache the HTML that `render` returns; it must depend only on the given text."""

    # The cache has room for all of the site's texts.
    @lru_cache(maxsize=256)
    def rendered(version: Version) -> SafeString:
        return render(version.text)  # type: ignore[arg-type]

    @wraps(render)
    def block(text: T) -> SafeString:
        return rendered(version_of(text))

    return block


@cached_block
def sources_block(text: Text) -> SafeString:
    return render_to_string("faq/sources.html", {"sources": text.shown_sources})


@lru_cache(maxsize=64)
def timeline_drawing(moments: tuple[Moment, ...], described: str) -> SafeString:
    context = {"forms": timeline(moments), "described": described}
    return render_to_string("faq/drawing.html", context)
