"""Find the texts that match a reader's search, best matches first."""

from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.search import SearchHeadline, SearchRank
from django.db.models import F, Func, TextField, Value
from django.utils.safestring import SafeString

from faq.everyday import EverydayQuery
from faq.markdown import MATCH_END, MATCH_START, mark_matches
from faq.searched import SearchedText

# Show only the best matches; nobody reads more.
MAX_RESULTS = 30
CUT = " … "
MARKS: dict[str, Any] = {
    "start_sel": MATCH_START,
    "stop_sel": MATCH_END,
    "config": "english",
}


# PostgreSQL's parser treats these characters as parts of words, but core.folding.fold
# removes or replaces them in queries. Each character is replaced with exactly one
# character, so that positions in the result are the same as in the original text.
PLAIN = str.maketrans("‘’-‐‑–—−/§¶“”…\u00a0", "''" + " " * 13)


class Plain(Func):
    """A column's text with the characters in PLAIN replaced, as input to ts_headline.

    That PostgreSQL function makes excerpts in which matches are marked.
    """

    function = "translate"
    output_field = TextField()

    def __init__(self, column: str) -> None:
        other, plain = ("".join(map(chr, each)) for each in (PLAIN, PLAIN.values()))
        super().__init__(column, Value(other), Value(plain))


@dataclass(frozen=True)
class Match:
    text: SearchedText
    # The heading, and excerpts of the text, both with the matches in <mark>.
    title: SafeString
    excerpt: SafeString


@dataclass(frozen=True)
class Found:
    matches: list[Match]
    # True if each match contains only some words of the query, because no text contains
    # all of them.
    loosely: bool = False


def search(model: type[SearchedText], words: str, most: int = MAX_RESULTS) -> Found:
    """Return up to `most` public texts that contain all words of the query.

    If there are none, return texts that contain at least one of the words.
    """
    matches = search_all(model, words, most)
    several = words.split()
    if matches or not several[1:]:
        return Found(matches)
    matches = search_all(model, " or ".join(several), most)
    return Found(matches, loosely=bool(matches))


def search_all(model: type[SearchedText], words: str, most: int) -> list[Match]:
    """Return public texts that match the query, using stemming and synonyms."""
    query = EverydayQuery(words)
    heading = Plain(model.HEADING)
    # `Any`, because each model declares its own `search` column; SearchedText has none.
    rows: Any = model._default_manager
    found = (
        rows.public()
        .filter(search=query)
        .annotate(
            rank=SearchRank(F("search"), query),
            heading=SearchHeadline(heading, query, highlight_all=True, **MARKS),
            excerpt=SearchHeadline(
                Plain("words"),
                query,
                max_fragments=2,
                max_words=30,
                min_words=15,
                fragment_delimiter=CUT,
                **MARKS,
            ),
        )
        .defer("search")
        .order_by("-rank", "order", "pk")[:most]
    )
    return [read_match(row) for row in found]


def read_match(row: Any) -> Match:
    title = restored(row.heading, getattr(row, row.HEADING))
    excerpt = CUT.join(restored(part, row.words) for part in row.excerpt.split(CUT))
    return Match(row, mark_matches(title), mark_matches(cut(excerpt, row.words)))


def restored(marked: str, text: str) -> str:
    """Restore in an excerpt of `text` the characters that PLAIN replaced.

    `marked` is the excerpt, in which MATCH_START and MATCH_END enclose each match. If
    the excerpt isn't found in `text`, return it unchanged.
    """
    bare = marked.replace(MATCH_START, "").replace(MATCH_END, "")
    start = text.translate(PLAIN).find(bare)
    if start < 0:
        return marked
    signs = iter(text[start:])
    return "".join(c if c in (MATCH_START, MATCH_END) else next(signs) for c in marked)


def cut(excerpt: str, words: str) -> str:
    """Add an ellipsis on each side of the excerpt where the text has more words.

    `words` is the whole text.
    """
    fragments = excerpt.replace(MATCH_START, "").replace(MATCH_END, "").split(CUT)
    before, _, _ = words.partition(fragments[0])
    _, _, after = words.rpartition(fragments[-1])
    # PostgreSQL leaves out punctuation at both ends of a text, so add it back.
    return (
        (CUT.lstrip() if has_words(before) else before)
        + excerpt
        + (CUT.rstrip() if has_words(after) else after)
    )


def has_words(text: str) -> bool:
    return any(map(str.isalnum, text))
