"""Recognize texts that are reworded copies of one another.

`similarity` compares two texts. `sketch` makes texts that may be similar findable by
index: it is a MinHash, so the more alike two texts are, the more likely it is that
their sketches have the same number at the same place.
"""

from zlib import crc32

from core.folding import fold

# Texts with at least this similarity count as reworded. A text of 30 words in which
# four words were replaced, far from one another, has 0.4. Two texts of 20 words that
# share nothing but a quotation of 10 words have 0.29.
ALIKE = 0.35
# Shorter texts have no sketch, because two people may well write the same few words.
FEWEST_WORDS = 12
# `similarity` compares sequences of this many words, and `sketch` of one word more,
# because longer sequences are rarer, so fewer unrelated texts have the same numbers.
COMPARED, SKETCHED = 3, 4
# How many numbers a sketch has. Each has an index of its own.
NUMBERS = 6
# Odd numbers. Multiplying by one of them puts all hashes into another order.
ORDERS = (
    *(0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9),
    *(0xD6E8FEB86659FD93, 0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53),
)
MASK = 2**64 - 1


def words_of(text: str) -> list[str]:
    """Return the words of a text without case, accents, and punctuation."""
    return fold(text).replace('"', " ").split()


def sequences(words: list[str], length: int) -> set[str]:
    """Return all sequences of `length` adjacent words."""
    starts = range(len(words) - length + 1)
    return {" ".join(words[start : start + length]) for start in starts}


def similarity(one: set[str], other: set[str]) -> float:
    """Return the Jaccard index of two sets of sequences, from 0 to 1."""
    either = len(one | other)
    return len(one & other) / either if either else 0.0


def compared(text: str) -> set[str]:
    """Return what `similarity` compares of a text."""
    return sequences(words_of(text), COMPARED)


def sketch(text: str) -> list[int]:
    """Return the text's sketch: NUMBERS 32-bit integers, or none for a short text."""
    words = words_of(text)
    if len(words) < FEWEST_WORDS:
        return []
    hashes = [
        crc32(each.encode(errors="replace")) for each in sequences(words, SKETCHED)
    ]
    # The upper half of each product, as a signed number.
    return [
        (min(each * order & MASK for each in hashes) >> 32) - 2**31 for order in ORDERS
    ]
