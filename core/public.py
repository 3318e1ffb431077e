"""Pages that anybody may keep, and the parameters of their addresses."""

from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.views.decorators.cache import cache_control


@dataclass(frozen=True)
class Parameter:
    """A parameter that a page reads from its address.

    The last value that isn't empty counts. With `values`, others are ignored; with
    `repeats`, all values count, in their order.
    """

    name: str
    values: tuple[str, ...] = ()
    repeats: bool = False


def public_page(*known: str | Parameter) -> Callable:
    """Let proxies keep the answers of a view, which reads only these parameters.

    `operations.parameters` drops all others before the view runs.
    """
    parameters = tuple(
        each if isinstance(each, Parameter) else Parameter(each) for each in known
    )

    def decorate(view):
        kept = cache_control(**settings.PUBLIC_PAGE)(view)
        kept.parameters = parameters
        return kept

    return decorate
