"""Find words that nobody can read: mashed keys, random letters, endless repetition."""

import re
from collections import Counter
from collections.abc import Iterator
from operator import add

from voices.flags.kinds import GIBBERISH, Found
from voices.flags.languages import ENGLISH
from voices.flags.tokens import WORD as TOKEN
from voices.flags.tokens import Token

ALPHABET = ".abcdefghijklmnopqrstuvwxyz"
# How rare the second letter is after the first one in English, from 0 (frequent) to 9;
# "." is the start or end of a word. Counted in 7,700 words of English documents.
PAIRS = """
934233454366434437323454978
494349647396242948232565759
426562989359169277345298959
429492893393399199462499969
037751869279577489548478969
247325558699442756224856469
339882289197479289364399959
038982854399574499347499978
227861999299666289463597959
645343449998341259433949695
329591999499999169749199999
136661896299464699626495968
227741689297287279844469939
314881999299646329948499979
239333528386675479822658969
455446558575331449244344779
329962975399298239243499959
388878888468368888868088888
227541758295645379433567949
049492784396677448732497969
239691893199578379334497948
643443659499332639222999899
429890999199799399987899989
219872593287573289337986959
239292775299857729771999969
056573879499555449635886988
226880858288686388868488856
"""
RARITY = {
    first + second: int(rarity)
    for first, row in zip(ALPHABET, PAIRS.split(), strict=True)
    for second, rarity in zip(ALPHABET, row, strict=True)
}
# The mean rarity above which a word of at least SHORTEST letters looks mashed. One in a
# thousand English words is above it, mostly names.
MASHED = 4.6
SHORTEST = 4
# The mean rarity above which several words without an English one are nonsense.
NONSENSE = 3.6
NONSENSE_WORDS = 3
# The text is gibberish if at least this share of its letters is in mashed words.
MOSTLY = 0.4
# If more of its words are frequent English ones, it isn't. Most texts are above this,
# and needn't be looked at word by word.
MOST_ENGLISH = 0.3
# Rows of neighboring keys, with how many of them in a row no word has: "property" and
# "liberty" have four of the first row.
ROWS = {"qwertyuiop": 5, "asdfghjkl": 4, "zxcvbnm": 4, "abcdefghijk": 5}
RUNS = {
    row[at : at + length]
    for keys, length in ROWS.items()
    for row in (keys, keys[::-1])
    for at in range(len(row) - length + 1)
} | {"qwer", "uiop", "poiu"}
# The same letter over and over, or the same few letters.
STUTTER = re.compile(r"(.)\1{5,}|(.{2,4})\2{3,}", re.IGNORECASE)
LAUGHTER = re.compile(r"(?:ha|he|hi|ho|no|la|na|ja|so){3,}")
# The longest abbreviation, such as "NAACP".
ABBREVIATION = 6
# Somebody who types this many single letters spells a word.
SPELLED = 4
FILLER = {
    *("test", "tests", "testing", "tester", "blah", "foo", "bar", "baz", "lol", "idk"),
    *("asd", "qwe", "abc", "xyz", "123", "1", "2", "3"),
}
VOWEL = re.compile("[aeiouy]")
# A word: two letters, or one of a script that needs no more.
WORD = re.compile(r"[^\W\d_]{2}|[^\W\d_a-zà-ÿ]")
LOREM = re.compile(
    r"\b(?:lorem ipsum|dolor sit amet|test(?:ing)?\W+1\W+2\W+3|this is a test)\b",
    re.IGNORECASE,
)
# A text that says one word again and again has at least this many words.
REPEATS = 4


def find_gibberish(text: str, tokens: list[Token]) -> Iterator[Found]:
    """Yield the gibberish of a text that is not in another language.

    `tokens` are its words, without those of links and numbers.
    """
    if not tokens and TOKEN.search(text):
        return
    if not any(WORD.search(token.word) for token in tokens) and len(tokens) < SPELLED:
        if text.strip():
            yield Found(GIBBERISH, 0, len(text), "no words")
        return
    if tokens and all(token.word in FILLER for token in tokens):
        yield Found(GIBBERISH, 0, len(text), "filler")
        return
    if is_repeated(tokens):
        yield Found(GIBBERISH, 0, len(text), "one word")
        return
    if lorem := LOREM.search(text):
        yield Found(GIBBERISH, *lorem.span(), "filler")
        return
    yield from find_mashed(text, tokens)


def find_mashed(text: str, tokens: list[Token]) -> Iterator[Found]:
    # Try the whole text first, because most texts have none.
    keys = has_keys(text.lower())
    keyed = [each for each in tokens if has_keys(each.word)] if keys else []
    english = sum(token.word in ENGLISH for token in tokens)
    if english > MOST_ENGLISH * len(tokens):
        yield from joined(text, keyed)
        return
    mashed = [
        each
        for each in tokens
        if each in keyed or (is_ordinary(text, each) and is_mashed(each.word))
    ]
    length = sum(len(token.word) for token in tokens)
    if sum(len(token.word) for token in mashed) >= MOSTLY * length:
        yield from joined(text, mashed)
    elif not english and is_nonsense(tokens):
        yield Found(GIBBERISH, 0, len(text), "letters")
    else:
        yield from joined(text, keyed)


def is_repeated(tokens: list[Token]) -> bool:
    if len(tokens) < REPEATS:
        return False
    counts = Counter(token.word for token in tokens)
    if len(tokens) >= 2 * REPEATS and len(counts) <= 0.4 * len(tokens):
        return True
    most = counts.most_common(1)[0][1]
    return most >= REPEATS and most >= 0.7 * len(tokens)


def is_ordinary(text: str, token: Token) -> bool:
    """Whether the word is no abbreviation, and no name in the middle of the text."""
    word = text[token.start : token.end]
    if word.isupper():
        return len(word) > ABBREVIATION
    return token.start == 0 or not word[0].isupper()


def is_mashed(word: str) -> bool:
    if word in ENGLISH or not word.isascii():
        return False
    if len(word) < SHORTEST or not word.isalpha():
        return is_mixed_up(word)
    if VOWEL.search(word) is None:
        return True
    return rarity(word) > MASHED * (len(word) + 1)


def rarity(word: str) -> int:
    padded = f".{word}."
    return sum(map(RARITY.__getitem__, map(add, padded, padded[1:])))


def is_nonsense(tokens: list[Token]) -> bool:
    """Whether no word is English, and the letters of all are unlike English."""
    words = [token.word for token in tokens]
    if len(words) < NONSENSE_WORDS or not all(
        word.isascii() and word.isalpha() for word in words
    ):
        return False
    return sum(map(rarity, words)) > NONSENSE * sum(len(word) + 1 for word in words)


def has_keys(word: str) -> bool:
    """Whether the word has a row of neighboring keys, or stutters."""
    if any(run in word for run in RUNS):
        return True
    return STUTTER.search(LAUGHTER.sub("", word)) is not None


def is_mixed_up(word: str) -> bool:
    """Whether letters and digits alternate, as in "x7k2p9"."""
    return len(re.findall(r"[a-z]+|\d+", word)) >= SHORTEST


def joined(text: str, tokens: list[Token]) -> Iterator[Found]:
    """Yield neighboring words as one span."""
    start = end = -1
    for token in tokens:
        if end >= 0 and text[end : token.start].isspace():
            end = token.end
            continue
        if end >= 0:
            yield Found(GIBBERISH, start, end, "letters")
        start, end = token.start, token.end
    if end >= 0:
        yield Found(GIBBERISH, start, end, "letters")
