"""Search admin lists, ignoring accents, case, and punctuation (see core/folding.py)."""

import json
from collections.abc import Mapping, Sequence
from typing import ClassVar
from unicodedata import normalize

from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db.models import (
    EmailField,
    F,
    Field,
    ForeignObjectRel,
    Func,
    IntegerField,
    JSONField,
    Q,
    QuerySet,
    TextField,
    Value,
)
from django.db.models.functions import Cast
from django.db.models.options import Options
from django.http import HttpRequest

from core.folding import Fold, fold
from core.ids import read_id


class Label(Func):
    """The label of the choice in a column, so that searches can match labels."""

    # Django's Case would work too, but would need a line in the migration per label.
    function = "jsonb_extract_path_text"
    output_field = TextField()

    def __init__(self, column: str, labels: Mapping[str, str]):
        super().__init__(
            Cast(Value(json.dumps(dict(labels), sort_keys=True)), JSONField()),
            F(column),
        )


def folded_words(*fields: str) -> SearchVector:
    """Return the search vector of these columns, for an index and its queries."""
    # SearchVector adds COALESCE, and PostgreSQL uses an index only for queries with
    # exactly the same expression. So the index and its queries must both use this.
    return SearchVector(*map(Fold, fields), config="simple")


def words_query(text: str, *, whole: bool = False) -> SearchQuery:
    """Return a prefix query: "an cr" matches a row with the words "Ana" and "Cruz".

    If `whole` is true, match only whole words.
    """
    words = fold(text).replace('"', " ").split()
    raw = " & ".join(f"'{word}'" if whole else f"'{word}':*" for word in words)
    return SearchQuery(raw, config="simple", search_type="raw")


class FoldedSearch:
    """Admin mixin whose search ignores accents, case, and punctuation.

    `search_fields` names text columns. A column with "=" in front of its name matches
    only if it equals the whole search term; it can also be an integer column. A table
    that can become large needs an index on `folded_words` of the columns without "=",
    in the same order.
    """

    # Provided by the admin class that this is mixed into.
    search_fields: ClassVar[Sequence[str]]
    opts: Options

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        if not search_term.strip():
            return queryset, False
        # PostgreSQL needs several times as long for a prefix of a frequent word as for
        # the word. If enough rows have the words, the others would be cut off anyway.
        if most := getattr(self, "most_found", None):
            whole = self.search(queryset, search_term, whole=True)
            if whole.order_by().values("pk")[most:].exists():
                return whole, False
        return self.search(queryset, search_term), False

    def search[Rows: QuerySet](
        self, queryset: Rows, term: str, *, whole: bool = False
    ) -> Rows:
        names = [name for name in self.search_fields if not name.startswith("=")]
        found = self.exact(term)
        if names and fold(term).strip('" '):
            queryset = queryset.alias(folded_words=folded_words(*names))
            found |= Q(folded_words=words_query(term, whole=whole))
        return queryset.filter(found) if found else queryset.none()

    def exact(self, term: str) -> Q:
        """Return a Q for objects of which a field marked "=" equals `term`."""
        found = Q()
        for name in self.search_fields:
            if name.startswith("="):
                found |= named(self.opts.get_field(name[1:]), term)
        return found


def named(field: Field | ForeignObjectRel, term: str) -> Q:
    folded = fold(term)
    if isinstance(field, IntegerField):
        number = read_id(folded)
        return Q() if number is None else Q(**{field.name: number})
    if isinstance(field, EmailField):
        folded = normalize("NFKC", term).strip()
    return Q(**{f"{field.name}__iexact": folded}) if folded else Q()
