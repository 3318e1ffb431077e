"""One page of the wall (the public list of statements): voices, filters, and totals."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from urllib.parse import urlencode

from django.db import connection
from django.urls import reverse
from django.utils.safestring import SafeString

from core.filters import NoSuchPage
from core.folding import search_words
from core.search_budget import SearchTooLong, TooManySearches, one_search
from rankings.states import PLACES, in_sentence, options_html, read_place
from voices.professions import ProfessionGroup, propose_group
from voices.wall import cursor, spelling
from voices.wall.cursor import Position
from voices.wall.models import Voice, VoiceQuerySet
from voices.wall.tallies import Cell, Figures, read_figures

PAGE_SIZE = 12
# A search shows only the newest matches, at most this many.
MAX_MATCHES = 1000
# With this value of the URL parameter `sort`, featured voices come first. By default,
# the newest come first.
FEATURED = "featured"
# In a tsquery's text, LEXEME matches a word, with "!" if the word is excluded, and
# EXCLUDED_PHRASE matches an excluded phrase.
LEXEME = re.compile(r"(!?)'((?:[^']|'')+)'")
EXCLUDED_PHRASE = re.compile(r"!\([^)]*\)")


@dataclass(frozen=True)
class Link:
    """A link to the wall with different filters or a different order."""

    label: str
    query: str


@dataclass(frozen=True)
class Filters:
    """The filters and sort order of a request."""

    q: str = ""
    state: str = ""
    profession: str = ""
    sort: str = ""

    def __bool__(self) -> bool:
        return bool(self.q or self.state or self.profession)

    def query(self, **changes: str) -> str:
        """Return the wall's relative URL with these filters, changed by `changes`."""
        asked = {**asdict(self), **changes}
        query = urlencode({name: value for name, value in asked.items() if value})
        return f"?{query}" if query else "./"

    def canonical(self) -> str:
        """Return the canonical URL's query string, without search and sort order."""
        return self.query(q="", sort="").removeprefix("./")

    def chips(self) -> list[Link]:
        """Return a link for each active filter; the link removes the filter."""
        labels = {"state": self.place, "profession": self.group, "q": self.quoted}
        return [
            Link(label, self.query(**{name: ""}))
            for name, label in labels.items()
            if label
        ]

    @property
    def place(self) -> str:
        return PLACES.get(self.state, "")

    @property
    def from_place(self) -> str:
        """The chosen state, as in " from Texas"; "" if no state is chosen."""
        return f" from {in_sentence(self.state)}" if self.state else ""

    @property
    def group(self) -> str:
        return ProfessionGroup(self.profession).label if self.profession else ""

    @property
    def quoted(self) -> str:
        return f"“{self.q}”" if self.q else ""

    def heading(self) -> str:
        narrowed = ", ".join(filter(None, [self.group, self.quoted]))
        return f"Voices{self.from_place}" + (f": {narrowed}" if narrowed else "")

    def apply(self, voices: VoiceQuerySet) -> VoiceQuerySet:
        if self.state:
            voices = voices.filter(state=self.state)
        if self.profession:
            voices = voices.filter(profession_group=self.profession)
        return voices


class WallPage:
    """Up to `PAGE_SIZE` voices that match the filters.

    The page starts after the voice at the cursor `before`, or at the first voice if
    `before` is "". Without a search, the counts come from the tallies. With a search,
    all pages together show at most `MAX_MATCHES` voices, and the filters show no
    counts.
    """

    def __init__(self, filters: Filters, before: str = ""):
        self.filters = filters
        self.newest = not before
        self.start = self.decode(before) if before else None
        self.is_busy = False
        # The query with its typos corrected, if only the corrected query matches
        # voices.
        self.corrected = ""
        try:
            self.matches = self.search() if filters.q else None
        except TooManySearches:
            self.matches, self.is_busy = [], True
        rows = self.rows()
        self.voices = rows[:PAGE_SIZE]
        self.cursor = self.encode(rows[PAGE_SIZE - 1]) if rows[PAGE_SIZE:] else ""

    def encode(self, last: Voice) -> str:
        if self.filters.sort == FEATURED and last.featured_at:
            return cursor.encode(Position(last.featured_at, last.pk, featured=True))
        return cursor.encode(Position(last.wall_order, last.pk))

    def decode(self, before: str) -> Position:
        try:
            position = cursor.decode(before)
        except ValueError as error:
            raise NoSuchPage("There is no such page of voices.") from error
        if position.featured and self.filters.sort != FEATURED:
            raise NoSuchPage("There is no such page of voices.")
        return position

    def search(self) -> list[int]:
        """Return the IDs of the newest matches, at most MAX_MATCHES + 1.

        If nothing matches, try once more with mistyped words corrected, and set
        `corrected` if that finds voices.

        Raises NoSuchPage if the query times out. For example, common words that never
        occur together make the database scan every voice. Raises TooManySearches if all
        search slots are in use.
        """
        words = self.filters.q
        if is_contradiction(words):
            return []
        try:
            with one_search():
                ids = self.find(words)
                corrected = "" if ids else spelling.correct(words)
                if corrected and not is_contradiction(corrected):
                    ids = self.find(corrected)
                    self.corrected = corrected if ids else ""
                return ids
        except SearchTooLong as error:
            raise NoSuchPage(
                "That search takes too long. Try fewer or rarer words."
            ) from error

    def find(self, words: str) -> list[int]:
        found = self.filters.apply(Voice.objects.on_the_wall()).matching(words)
        ids = found.in_wall_order().values_list("pk", flat=True)
        return list(ids[: MAX_MATCHES + 1])

    def rows(self) -> list[Voice]:
        """Return the page's voices, and one more voice if there is a next page."""
        if self.matches == []:
            return []
        voices = self.narrow(Voice.objects.on_the_wall())
        most, first = PAGE_SIZE + 1, list[Voice]()
        if self.filters.sort == FEATURED:
            voices = voices.filter(featured_at=None)
            if not self.start or self.start.featured:
                first = self.featured(most)
        if self.start and not self.start.featured:
            voices = voices.after(self.start.moment, self.start.pk)
        if len(first) == most:
            return first
        return first + list(voices.in_wall_order()[: most - len(first)])

    def featured(self, most: int) -> list[Voice]:
        voices = self.narrow(Voice.objects.featured())
        if self.start:
            voices = voices.after_featured(self.start.moment, self.start.pk)
        return list(voices[:most])

    def narrow(self, voices: VoiceQuerySet) -> VoiceQuerySet:
        if self.matches is None:
            return self.filters.apply(voices.shown())
        return voices.shown().filter(pk__in=self.matches[:MAX_MATCHES])

    @property
    def other_order(self) -> Link:
        """A link to the same voices in the other sort order."""
        if self.filters.sort == FEATURED:
            return Link("Newest first", self.filters.query(sort=""))
        return Link("Featured first", self.filters.query(sort=FEATURED))

    @property
    def everywhere(self) -> str:
        """The URL of the same search without the filters for state and profession."""
        return self.filters.query(state="", profession="")

    @property
    def add_url(self) -> str:
        """The URL of the signing form, with the page's state filled in, if any.

        That is the filter's state, or else the state that the search query names.
        """
        state = self.filters.state or self.named_state
        return reverse("voices:add") + (f"?state={state}" if state else "")

    @property
    def words(self) -> str:
        """The search query, with its typos corrected if that found voices."""
        return self.corrected or self.filters.q

    @property
    def named_state(self) -> str:
        """The state that the search query names; "" if it names none."""
        place = read_place(self.words)
        return place if place in PLACES else ""

    @cached_property
    def by_name(self) -> list[Link]:
        """Links to all voices of a state or profession that the search query names."""
        state, group = self.named_state, propose_group(self.words)
        chosen, links = self.filters, []
        if state and not chosen.state and self.figures.statements_from(state):
            label = f"All voices from {in_sentence(state)}"
            links.append(Link(label, chosen.query(state=state, q="")))
        # `propose_group` returns OTHER if the query names no known profession.
        if group in {"", ProfessionGroup.OTHER} or chosen.profession:
            return links
        if self.figures.statements_by(group):
            label = f"All voices in “{ProfessionGroup(group).label}”"
            links.append(Link(label, chosen.query(profession=group, q="")))
        return links

    @cached_property
    def figures(self) -> Figures:
        return read_figures()

    @property
    def cells(self) -> Mapping[Cell, int]:
        """The number of statements by state and profession; empty for a search."""
        if self.matches is not None:
            return {}
        return self.figures.statements

    @cached_property
    def total(self) -> int:
        """The number of matching statements; for a search, at most MAX_MATCHES + 1."""
        if self.matches is not None:
            return len(self.matches)
        state = self.filters.state
        return self.by_state[state] if state else self.by_state.total()

    @property
    def shown(self) -> str:
        """The total as text, or "more than 1,000" for a search with more matches."""
        if self.matches is not None and self.total > MAX_MATCHES:
            return f"more than {MAX_MATCHES:,}"
        return f"{self.total:,}"

    @cached_property
    def by_state(self) -> Counter[str]:
        """The number of statements by state, in the chosen profession if any."""
        counts: Counter[str] = Counter()
        for (state, group), count in self.cells.items():
            if self.filters.profession in ("", group):
                counts[state] += count
        return counts

    @cached_property
    def by_group(self) -> Counter[str]:
        """The number of statements by profession, from the chosen state if any."""
        counts: Counter[str] = Counter()
        for (state, group), count in self.cells.items():
            if self.filters.state in ("", state):
                counts[group] += count
        return counts

    @property
    def state_options(self) -> SafeString:
        return self.options(PLACES.items(), self.by_state, self.filters.state)

    @property
    def group_options(self) -> SafeString:
        choices = ProfessionGroup.choices
        return self.options(choices, self.by_group, self.filters.profession)

    def options(
        self, choices: Iterable[tuple[str, str]], counts: Counter[str], chosen: str
    ) -> SafeString:
        """Return a <select>'s options as HTML, with counts unless this is a search."""
        if self.matches is None:
            choices = [(key, f"{label} ({counts[key]:,})") for key, label in choices]
        return options_html(tuple(choices), chosen)

    @cached_property
    def states(self) -> list[Link]:
        """Links to the other states that have statements, labeled with the counts."""
        return [
            Link(f"{name} ({self.by_state[code]:,})", self.filters.query(state=code))
            for code, name in PLACES.items()
            if self.by_state[code] and code != self.filters.state
        ]

    @cached_property
    def groups(self) -> list[Link]:
        """Links to the other professions with statements, labeled with the counts."""
        return [
            Link(f"{name} ({self.by_group[key]:,})", self.filters.query(profession=key))
            for key, name in ProfessionGroup.choices
            if self.by_group[key] and key != self.filters.profession
        ]


def is_contradiction(words: str) -> bool:
    """Return whether a search excludes a word that it requires, so nothing can match.

    Examples are `court -court` and `court -courts`. PostgreSQL doesn't detect such a
    search, and would scan every voice that has the word.
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
