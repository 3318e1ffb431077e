"""Add synonyms to searches, so that “cop” also finds “police” and “officer”.

The synonyms are listed in content/everyday_words.txt. PostgreSQL's own synonym
dictionaries would have to be files on the database server.
"""

import re
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from django.contrib.postgres.search import SearchQuery

from core.folding import fold, search_words

FILE = Path(__file__).parent / "content" / "everyday_words.txt"


class Everyday(NamedTuple):
    """A line of the file: words that people type, and a query for their synonyms.

    The words in both are folded (core/folding.py).
    """

    typed: frozenset[str]
    also: str


@cache
def everyday_words() -> list[Everyday]:
    return [read_line(line) for line in FILE.read_text().splitlines() if is_entry(line)]


def is_entry(line: str) -> bool:
    return bool(line.strip()) and not line.startswith("#")


def read_line(line: str) -> Everyday:
    typed, also = ([fold(word) for word in part.split(",")] for part in line.split(":"))
    return Everyday(frozenset(typed), " or ".join(also))


class EverydayQuery(SearchQuery):
    """A search query in which each everyday word also matches its synonyms."""

    def __init__(self, words: str, **options: Any) -> None:
        folded = search_words(words)
        super().__init__(folded, config="english", search_type="websearch", **options)
        # Skip excluded words: the query “-cop” shouldn't exclude “officer”.
        typed = set(re.findall(r"(?<![-\w])\w+", folded))
        self.synonyms = [
            (word, f"{word} or {entry.also}")
            for entry in everyday_words()
            for word in sorted(typed & entry.typed)
        ]

    def as_sql(self, *args: Any, **kwargs: Any) -> tuple[str, Any]:
        sql, params = super().as_sql(*args, **kwargs)
        for word, instead in self.synonyms:
            sql = (
                f"ts_rewrite({sql}, plainto_tsquery('english', %s),"
                " websearch_to_tsquery('english', %s))"
            )
            params = (*params, word, instead)
        return sql, params
