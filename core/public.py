"""Declare publicly cacheable pages, their query parameters, and what they show."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from django.conf import settings
from django.views.decorators.cache import cache_control


class Content(StrEnum):
    """Kinds of content that web processes cache; triggers notify them of changes."""

    FIGURES = "figures"  # The number of signers, in total and by state and day.
    VOICES = "voices"  # Also the number of statements, by state and profession.
    TEXTS = "texts"  # Questions, cases, pages, charts, and the timeline.
    RANKINGS = "rankings"
    # Not shown on any page: words that get a voice flagged, and the names of staff.
    FLAGGED = "flagged"
    # Shown only on the form to sign and the pages after it, which aren't public.
    PETITION = "petition"
    # Shown on no page: which tags the form accepts.
    TAGS = "tags"


@dataclass(frozen=True)
class Parameter:
    """A query parameter that a page reads.

    The page reads the last nonempty value. With `values`, it ignores all other
    values; with `repeats`, it reads all values, in order.
    """

    name: str
    values: tuple[str, ...] = ()
    repeats: bool = False


def public_page(
    *known: str | Parameter, shows: Iterable[Content] = Content
) -> Callable:
    """Let caches store the responses of a view that reads only these parameters.

    `operations.parameters` drops all other parameters before the view runs.
    `operations.warm` drops the page from memory when content in `shows` changes; by
    default, when any content changes.
    """
    parameters = tuple(
        each if isinstance(each, Parameter) else Parameter(each) for each in known
    )

    def decorate(view: Callable) -> Callable:
        cached = cache_control(**settings.PUBLIC_PAGE)(view)
        # The function has these attributes, but its type doesn't declare them.
        cached.parameters = parameters  # type: ignore[attr-defined]
        cached.shows = frozenset(shows)  # type: ignore[attr-defined]
        return cached

    return decorate
