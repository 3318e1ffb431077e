"""Match the words and phrases of a list, also if they are disguised as in "f*ck"."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from voices.flags.kinds import Found
from voices.flags.tokens import WORD, Token, plain

# What an asterisk in a list stands for: any ending of a word.
ENDING = "*"
ENTRY = re.compile(rf"{WORD.pattern}\*?")
# How many letters have to be before an asterisk. They select the phrases to compare.
KEY = 2
# Digits and signs that people write in place of letters.
LETTERS = str.maketrans("013457@$!|+", "oieastasiit")
# Characters between the spaces of a text.
CHUNK = re.compile(r"\S+")
# What a disguised word has, and most words don't.
DISGUISE = re.compile(r"[*#%&@$!+|\d]|[^\W_][.\-_][^\W_]|(\w)\1\1")
AROUND = ".,;:?!\"'()[]{}“”‘’…-–—"
# "f***", "b****es"
CENSORED = re.compile(r"[a-z]+\*{2,}[a-z]*")
# "f*ck", "sh#t", "f-ck"
MASKED = re.compile(r"[a-z]+(?:[*#%&@$!.\-_]+[a-z]+)+|[a-z]{2,}[*#%&@$!]+[a-z]*")
MASK = re.compile(r"[^a-z]")
# "f u c k", "f.u.c.k"
SPACED = re.compile(r"(?<!\w)[^\W\d_](?:([ .\-_*])[^\W\d_])(?:\1[^\W\d_])+(?!\w)")
REPEATED = re.compile(r"(.)\1{2,}")
# A word that is shorter isn't compared with disguised spellings.
SHORTEST = 4


class Phrases:
    """Words and phrases of one kind; an asterisk stands for any ending of a word."""

    def __init__(self, phrases: Iterable[str]) -> None:
        found = [[plain(word) for word in ENTRY.findall(each)] for each in phrases]
        self.phrases = [words for words in found if words]
        single = [words[0] for words in self.phrases if len(words) == 1]
        self.words = {each for each in single if not each.endswith(ENDING)}
        self.beginnings = tuple(
            each.removesuffix(ENDING) for each in single if each.endswith(ENDING)
        )

    def find_disguised(self, kind: str, text: str) -> Iterator[Found]:
        """Yield the words of the list whose letters are masked, spaced, or repeated."""
        if not self.phrases:
            return
        for chunk in CHUNK.finditer(text):
            if DISGUISE.search(chunk[0]) and (core := chunk[0].strip(AROUND)):
                start = chunk.start() + chunk[0].index(core)
                if self.has_disguised(core.lower()):
                    yield Found(kind, start, start + len(core), "disguised")
        for spaced in SPACED.finditer(text):
            if self.has(plain(spaced[0][::2])):
                yield Found(kind, *spaced.span(), "disguised")

    def has(self, word: str) -> bool:
        return word in self.words or word.startswith(self.beginnings)

    def has_disguised(self, core: str) -> bool:
        if CENSORED.fullmatch(core):
            return True
        if MASKED.fullmatch(core) and self.has_masked(core):
            return True
        letters = plain(core).translate(LETTERS)
        if not letters.isalpha() or not any(map(str.isalpha, core)):
            return False
        if letters == plain(core) and not REPEATED.search(core):
            return False
        readings = {letters, REPEATED.sub(r"\1", letters)}
        readings.add(REPEATED.sub(r"\1\1", letters))
        return any(len(each) >= SHORTEST and self.has(each) for each in readings)

    def has_masked(self, core: str) -> bool:
        """Whether the letters that aren't masked are those of a word of the list."""
        whole = [each for each in self.words if len(each) == len(core)]
        begun = [
            each + core[len(each) :]
            for each in self.beginnings
            if len(each) <= len(core)
        ]
        likely = [
            each
            for each in (*whole, *begun)
            if each[0] == core[0] and len(each) >= SHORTEST
        ]
        if not likely:
            return False
        masked = re.compile(MASK.sub(".", core))
        return any(map(masked.fullmatch, likely))


class Index:
    """The words and phrases of all kinds, by their first word or its beginning."""

    def __init__(self, lists: Mapping[str, Phrases]) -> None:
        self.exact: dict[str, list[tuple[str, list[str]]]] = defaultdict(list)
        self.begun: dict[str, list[tuple[str, list[str]]]] = defaultdict(list)
        for kind, each in lists.items():
            for words in each.phrases:
                if words[0].endswith(ENDING):
                    self.begun[words[0][:KEY]].append((kind, words))
                else:
                    self.exact[words[0]].append((kind, words))

    def find(self, tokens: list[Token]) -> Iterator[Found]:
        """Yield where the words and phrases are, as they are spelled in the lists."""
        for place, token in enumerate(tokens):
            exact = self.exact.get(token.word, ())
            for kind, words in (*exact, *self.begun.get(token.word[:KEY], ())):
                found = tokens[place : place + len(words)]
                if len(found) == len(words) and all(map(is_like, found, words)):
                    yield Found(kind, token.start, found[-1].end)


def is_like(token: Token, word: str) -> bool:
    if word.endswith(ENDING):
        return token.word.startswith(word[:-1])
    return token.word == word
