"""What moderators are shown: the lists of words, and the kinds that are turned off."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from voices.flags import kinds
from voices.flags.kinds import Found
from voices.flags.phrases import Index, Phrases
from voices.flags.tokens import Token

# The kinds with a list of words of their own, apart from the watched words.
LISTED = (kinds.VULGAR, kinds.THREAT, kinds.CAMPAIGNING, kinds.OFF_TOPIC)


class Rules:
    """The lists by which a text is flagged.

    `words` are pairs of a kind and a word or phrase; `off` are the kinds not to look
    for.
    """

    def __init__(
        self, words: Iterable[tuple[str, str]] = (), off: Iterable[str] = ()
    ) -> None:
        by_kind: dict[str, list[str]] = {}
        for kind, phrase in words:
            by_kind.setdefault(kind, []).append(phrase)
        self.off = frozenset(off)
        self.watched = watched_pattern(by_kind.get(kinds.WATCHED_WORD, ()))
        self.lists = {
            kind: Phrases(by_kind.get(kind, ())) for kind in LISTED if kind not in off
        }
        self.index = Index(self.lists)

    def find_listed(self, text: str, tokens: list[Token]) -> Iterator[Found]:
        """Yield where the words of the lists are in the text."""
        if self.watched and kinds.WATCHED_WORD not in self.off:
            for match in self.watched.finditer(text):
                yield Found(kinds.WATCHED_WORD, *match.span())
        yield from self.index.find(tokens)
        if vulgar := self.lists.get(kinds.VULGAR):
            yield from vulgar.find_disguised(kinds.VULGAR, text)


@lru_cache(maxsize=4)
def rules_of(words: tuple[tuple[str, str], ...], off: tuple[str, ...]) -> Rules:
    """Return the rules, without building them again for each voice."""
    return Rules(words, off)


def watching(words: Iterable[str]) -> Rules:
    """Return rules with these watched words only."""
    return Rules((kinds.WATCHED_WORD, each) for each in words)


def watched_pattern(watched_words: Iterable[str]) -> re.Pattern | None:
    words = [r"\s".join(map(re.escape, each.split())) for each in watched_words]
    if not any(words):
        return None
    either = "|".join(filter(None, words))
    return re.compile(rf"(?<!\w)(?:{either})(?!\w)", re.IGNORECASE)


NO_RULES = Rules()
