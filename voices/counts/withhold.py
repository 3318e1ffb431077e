"""Withholds small cells, so that the counts don't identify anybody."""

from collections.abc import Hashable, Mapping

# Cells with fewer people are not published.
LEAST = 10


def withhold[Key: Hashable](counts: Mapping[Key, int]) -> dict[Key, int | None]:
    """Return the counts, with None for each withheld cell.

    The total is public, so anybody can work out the sum of the withheld cells. While
    that sum is small itself, the next smallest cell is withheld too.
    """
    shown = dict(counts)
    hidden = [key for key, count in counts.items() if count < LEAST]
    rest = sum(counts[key] for key in hidden)
    for key in sorted(counts.keys() - set(hidden), key=lambda key: counts[key]):
        if rest == 0 or rest >= LEAST:
            break
        hidden.append(key)
        rest += counts[key]
    return shown | dict.fromkeys(hidden)
