"""Parse a page's query string, and show a 404 for invalid values."""

from collections.abc import Container, Mapping

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from core.pasted import clean
from core.plain_text import validate_plain_text

LONGEST_SEARCH = 200


class NoSuchPage(Exception):
    """The query string is invalid; the message tells the visitor why."""


def read_words(query: Mapping[str, str]) -> str:
    """Return the search text from the parameter `q`, with whitespace collapsed.

    Raises NoSuchPage if the text is too long or contains invalid characters.
    """
    words = " ".join(clean(query.get("q", "")).split())
    if len(words) > LONGEST_SEARCH:
        raise NoSuchPage(f"A search can have at most {LONGEST_SEARCH} characters.")
    try:
        validate_plain_text(words)
    except ValidationError as error:
        raise NoSuchPage("The search contains invalid characters.") from error
    return words


def read_choice(value: str, known: Container[str], sentence: str) -> str:
    """Return `value` if it is "" or in `known`; else raise NoSuchPage(sentence)."""
    if value and value not in known:
        raise NoSuchPage(sentence)
    return value


def no_such_page(request: HttpRequest, problem: NoSuchPage) -> HttpResponse:
    # The back link points to the same page without its query string.
    context = {"sentence": str(problem), "back": request.path}
    return render(request, "404.html", context, status=404)
