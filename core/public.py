"""Declare pages that caches may store, with their query parameters and content."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from django.conf import settings
from django.views.decorators.cache import cache_control


class Content(StrEnum):
    """Kinds of content that web processes cache, in pages or only in core.memory.

    Triggers notify the processes when content changes.
    """

    FIGURES = "figures"  # The number of signers, in total and by state and day.
    VOICES = "voices"  # Voices, and the number of statements by state and profession.
    TEXTS = "texts"  # Questions, cases, pages, charts, and the timeline.
    RANKINGS = "rankings"
    MODERATION = "moderation"  # Reasons to decline, and moderation's figures by month.
    # The words and staff names for which a voice is flagged. On no cached page.
    FLAGGED = "flagged"
    # The petition. Shown only by the form for signing and by later steps of signing,
    # which aren't cached pages.
    PETITION = "petition"
    # Which tags the form for signing accepts. On no cached page.
    TAGS = "tags"


@dataclass(frozen=True)
class Parameter:
    """A query parameter that a page reads.

    The page reads the last nonempty value or, if `repeats` is set, all nonempty values
    in order. If `values` is set, the page ignores values that aren't listed there.
    """

    name: str
    values: tuple[str, ...] = ()
    repeats: bool = False


def public_page(
    *known: str | Parameter, shows: Iterable[Content] = Content
) -> Callable:
    """Let caches store the responses of a view that reads only these parameters.

    `operations.parameters` drops all other parameters before the view runs.
    `operations.warm` caches the page in memory, and renders it again after content in
    `shows` changes; by default, after any content changes.
    """
    parameters = tuple(
        each if isinstance(each, Parameter) else Parameter(each) for each in known
    )

    def decorate(view: Callable) -> Callable:
        cached = cache_control(**settings.PUBLIC_PAGE)(view)
        # Functions can have attributes, but their type doesn't declare these.
        cached.parameters = parameters  # type: ignore[attr-defined]
        cached.shows = frozenset(shows)  # type: ignore[attr-defined]
        return cached

    return decorate
