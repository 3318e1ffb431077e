"""Load the texts that ship with the site into the database."""

from pathlib import Path
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from core.locks import CONTENT_LOADING, lock_site
from faq.pages.models import Page
from faq.publishing import Text
from faq.shipped.read import Kind, Problem, UnreadableError, read_all


class Outcome(NamedTuple):
    kind: Kind
    path: Path
    # "added", "corrected", "unchanged" or "left to staff"
    done: str


@transaction.atomic
def load(folder: Path, *, store: bool = True) -> list[Outcome]:
    """Make the rows match the files, all or nothing.

    Doesn't touch what staff have edited. Without `store`, everything is checked and
    nothing is saved. Raises UnreadableError.
    """
    texts = read_all(folder)
    # Otherwise, concurrent loads would add the same texts.
    lock_site(CONTENT_LOADING)
    outcomes = [Outcome(kind, path, bring(kind, text)) for kind, path, text in texts]
    check_parts(texts)
    if not store:
        transaction.set_rollback(True)
    return outcomes


def bring(kind: Kind, text: Text) -> str:
    """Make one row match its file and return what was done."""
    row = kind.model.objects.select_for_update().filter(slug=text.slug).first()
    if row is None:
        text.loaded_at = timezone.now()
        text.save()
        return "added"
    names = [kind.body, *kind.types()]
    if all(getattr(row, name) == getattr(text, name) for name in names):
        return "unchanged"
    if row.edited_at or not row.loaded_at:
        return "left to staff"
    for name in names:
        setattr(row, name, getattr(text, name))
    row.loaded_at = timezone.now()
    row.save()
    return "corrected"


def check_parts(texts: list[tuple[Kind, Path, Text]]) -> None:
    """Refuse a page that includes an unknown part or value."""
    problems = []
    for _, path, text in texts:
        try:
            if isinstance(text, Page):
                text.clean()
        except ValidationError as error:
            problems.append(Problem(path, 1, " ".join(error.messages)))
    if problems:
        raise UnreadableError(problems)
