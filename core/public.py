"""Publicly cacheable pages and their query parameters."""

from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.views.decorators.cache import cache_control


@dataclass(frozen=True)
class Parameter:
    """A query parameter that a page reads.

    The last nonempty value counts. With `values`, all others are ignored; with
    `repeats`, all values count, in order.
    """

    name: str
    values: tuple[str, ...] = ()
    repeats: bool = False


def public_page(*known: str | Parameter) -> Callable:
    """Let proxies cache a view's responses; it reads only these parameters.

    `operations.parameters` drops all others before the view runs.
    """
    parameters = tuple(
        each if isinstance(each, Parameter) else Parameter(each) for each in known
    )

    def decorate(view: Callable) -> Callable:
        cached = cache_control(**settings.PUBLIC_PAGE)(view)
        # Only a function, not its type, can have this.
        cached.parameters = parameters  # type: ignore[attr-defined]
        return cached

    return decorate
