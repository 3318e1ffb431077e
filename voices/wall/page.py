"""One page of the wall: its voices, filters, and totals."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.db import connection
from django.utils.formats import number_format
from django.utils.functional import cached_property

from core.filters import NoSuchPage
from core.folding import search_words
from core.search_budget import SearchTooLong, TooManySearches, one_search
from rankings.states import PLACES
from voices.professions import ProfessionGroup
from voices.wall import cursor
from voices.wall.models import Voice, VoiceQuerySet
from voices.wall.tallies import Cell, Figures, read_figures

PAGE_SIZE = 36
# A search shows at most this many matches, the newest.
MOST_MATCHES = 1000
# In a tsquery's text, LEXEME matches a word, with "!" if the word is excluded, and
# EXCLUDED_PHRASE matches an excluded phrase.
LEXEME = re.compile(r"(!?)'((?:[^']|'')+)'")
EXCLUDED_PHRASE = re.compile(r"!\([^)]*\)")


@dataclass(frozen=True)
class Option:
    """One option of a filter. `count` is None if the page doesn't show counts."""

    value: str
    label: str
    count: int | None
    selected: bool


@dataclass(frozen=True)
class Chip:
    """An active filter, and the wall's query string without that filter."""

    label: str
    query: str


@dataclass(frozen=True)
class Filters:
    """The filters of a request."""

    q: str = ""
    state: str = ""
    profession: str = ""

    def __bool__(self) -> bool:
        return bool(self.q or self.state or self.profession)

    def canonical(self) -> str:
        """Return the canonical query string, without the search words."""
        kept = {"state": self.state, "profession": self.profession}
        query = urlencode({name: value for name, value in kept.items() if value})
        return f"?{query}" if query else ""

    def chips(self) -> list[Chip]:
        labels = {
            "state": PLACES.get(self.state, ""),
            "profession": self.profession and ProfessionGroup(self.profession).label,
            "q": self.q and f"“{self.q}”",
        }
        asked = {name: getattr(self, name) for name in labels if getattr(self, name)}
        return [
            Chip(
                labels[name],
                "?" + urlencode({k: v for k, v in asked.items() if k != name}),
            )
            for name in asked
        ]

    def heading(self) -> str:
        parts = []
        if self.profession:
            parts.append(f": {ProfessionGroup(self.profession).label}")
        if self.state:
            parts.insert(0, f" from {PLACES[self.state]}")
        return "Voices" + "".join(parts)

    def apply(self, voices: VoiceQuerySet) -> VoiceQuerySet:
        if self.state:
            voices = voices.filter(state=self.state)
        if self.profession:
            voices = voices.filter(profession_group=self.profession)
        return voices


class WallPage:
    """Up to `PAGE_SIZE` voices after a cursor that match the filters.

    Without search words, the counts come from the tallies. With search words, the page
    covers at most `MOST_MATCHES` voices and the filters show no counts.
    """

    def __init__(self, filters: Filters, before: str = ""):
        self.filters = filters
        self.newest = not before
        self.start = self.decode(before) if before else None
        self.is_busy = False
        try:
            self.matches = self.search() if filters.q else None
        except TooManySearches:
            self.matches, self.is_busy = [], True
        rows = self.rows()
        self.voices = rows[:PAGE_SIZE]
        self.cursor = self.encode(rows[PAGE_SIZE - 1]) if rows[PAGE_SIZE:] else ""

    def encode(self, last: Voice) -> str:
        return cursor.encode(last.wall_order, last.pk)

    def decode(self, before: str) -> tuple[datetime, int]:
        try:
            return cursor.decode(before)
        except ValueError as error:
            raise NoSuchPage("There is no such page of voices.") from error

    def search(self) -> list[int]:
        """Return the IDs of the newest matches, at most MOST_MATCHES + 1.

        Common words that never occur together would make the database scan every
        voice, so the query times out and NoSuchPage asks the reader for other words.
        Raises TooManySearches if all search slots are in use.
        """
        if is_contradiction(self.filters.q):
            return []
        found = self.filters.apply(Voice.objects.on_the_wall())
        found = found.matching(self.filters.q).in_wall_order()
        try:
            with one_search():
                return list(found.values_list("pk", flat=True)[: MOST_MATCHES + 1])
        except SearchTooLong as error:
            raise NoSuchPage(
                "That search takes too long. Try fewer or rarer words."
            ) from error

    def rows(self) -> list[Voice]:
        voices = Voice.objects.on_the_wall().shown()
        if self.matches is None:
            voices = self.filters.apply(voices)
        else:
            voices = voices.filter(pk__in=self.matches[:MOST_MATCHES])
        if self.start:
            voices = voices.after(*self.start)
        return list(voices.in_wall_order()[: PAGE_SIZE + 1])

    @cached_property
    def figures(self) -> Figures:
        return read_figures()

    @property
    def cells(self) -> Mapping[Cell, int]:
        """Number of statements by state and profession group."""
        if self.matches is not None:
            return {}
        return self.figures.statements

    @property
    def total(self) -> int:
        """Number of matching statements; for a search, capped at MOST_MATCHES + 1."""
        if self.matches is not None:
            return len(self.matches)
        return self.count(self.filters.state, self.filters.profession)

    @property
    def shown(self) -> str:
        """The total as text."""
        if self.matches is not None and self.total > MOST_MATCHES:
            return f"more than {number_format(MOST_MATCHES, force_grouping=True)}"
        return number_format(self.total, force_grouping=True)

    def count(self, state: str, group: str) -> int:
        return sum(
            count
            for (cell_state, cell_group), count in self.cells.items()
            if state in ("", cell_state) and group in ("", cell_group)
        )

    @property
    def states(self) -> list[Option]:
        group = self.filters.profession
        counts: Counter[str] = Counter()
        for (cell_state, cell_group), count in self.cells.items():
            if group in ("", cell_group):
                counts[cell_state] += count
        return self.options(PLACES.items(), counts, self.filters.state)

    @property
    def groups(self) -> list[Option]:
        state = self.filters.state
        counts: Counter[str] = Counter()
        for (cell_state, cell_group), count in self.cells.items():
            if state in ("", cell_state):
                counts[cell_group] += count
        choices = ProfessionGroup.choices
        return self.options(choices, counts, self.filters.profession)

    def options(
        self, choices: Iterable[tuple[str, str]], counts: Counter[str], chosen: str
    ) -> list[Option]:
        searching = self.matches is not None
        return [
            Option(
                value,
                label,
                None if searching else counts[value],
                selected=value == chosen,
            )
            for value, label in choices
        ]


def is_contradiction(words: str) -> bool:
    """Whether no text can match, as in `court -court` or `court -courts`.

    PostgreSQL doesn't detect this and would scan every voice that has the word.
    """
    folded = search_words(words)
    if not re.search(r"(^| )-", folded):
        return False
    with connection.cursor() as cursor:
        cursor.execute("SELECT websearch_to_tsquery('english', %s)::text", [folded])
        query = cursor.fetchone()[0]
    return all(map(excludes_itself, query.split(" | ")))


def excludes_itself(query: str) -> bool:
    lexemes = set(LEXEME.findall(EXCLUDED_PHRASE.sub("", query)))
    return any(("!", word) in lexemes for sign, word in lexemes if not sign)
