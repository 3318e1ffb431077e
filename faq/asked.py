"""What an address may ask for, and the answer where it may not."""

from django.core.exceptions import ValidationError
from django.shortcuts import render

from core.pasted import clean
from faq.check import validate_line

LONGEST_SEARCH = 200


class NoSuchPageError(Exception):
    """The address asks for a page that cannot be; its text says why to the reader."""


def words(query) -> str:
    """Return what is searched for; raises NoSuchPageError."""
    said = " ".join(clean(query.get("q", "")).split())
    if len(said) > LONGEST_SEARCH:
        sentence = f"A search takes at most {LONGEST_SEARCH} characters."
        raise NoSuchPageError(sentence)
    try:
        validate_line(said)
    except ValidationError as error:
        sentence = "The search holds characters that are not text."
        raise NoSuchPageError(sentence) from error
    return said


def choice(query, name: str, known, sentence: str) -> str:
    """Return a filter that is among the known ones; raises NoSuchPageError."""
    value = query.get(name, "")
    if value and value not in known:
        raise NoSuchPageError(sentence)
    return value


def no_such_page(request, problem: NoSuchPageError):
    # The same address without what was asked of it.
    context = {"sentence": str(problem), "back": request.path}
    return render(request, "404.html", context, status=404)
