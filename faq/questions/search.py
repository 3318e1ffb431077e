"""Questions that match what a reader types, the best first."""

from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.search import SearchHeadline, SearchQuery, SearchRank
from django.db.models import F
from django.utils.safestring import SafeString

from faq.markdown import MATCH_END, MATCH_START, mark_matches
from faq.questions.models import Question

# The best matches; more would be no answer.
MOST = 30
CUT = " … "
MARKS: dict[str, Any] = {
    "start_sel": MATCH_START,
    "stop_sel": MATCH_END,
    "config": "english",
}


@dataclass(frozen=True)
class Match:
    question: Question
    # The question, and the parts of the answer that match, with the words marked.
    title: SafeString
    excerpt: SafeString


def search(words: str) -> list[Match]:
    """Return the public questions with these words in any of their forms."""
    query = SearchQuery(words, config="english", search_type="websearch")
    found = (
        Question.objects.public()
        .filter(search=query)
        .annotate(
            rank=SearchRank(F("search"), query),
            title=SearchHeadline("question", query, highlight_all=True, **MARKS),
            excerpt=SearchHeadline(
                "words",
                query,
                max_fragments=2,
                max_words=30,
                min_words=15,
                fragment_delimiter=CUT,
                **MARKS,
            ),
        )
        .order_by("-rank", "order", "pk")[:MOST]
    )
    return [
        Match(row, mark_matches(row.title), mark_matches(cut(row.excerpt, row.words)))
        for row in found
    ]


def cut(excerpt: str, words: str) -> str:
    """Return the excerpt with dots where the answer begins before it or goes on."""
    fragments = excerpt.replace(MATCH_START, "").replace(MATCH_END, "").split(CUT)
    before, _, _ = words.partition(fragments[0])
    _, _, after = words.rpartition(fragments[-1])
    # The database leaves out the full stop at the end.
    return (
        (CUT.lstrip() if has_words(before) else before)
        + excerpt
        + (CUT.rstrip() if has_words(after) else after)
    )


def has_words(text: str) -> bool:
    return any(map(str.isalnum, text))
