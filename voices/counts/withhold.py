"""Figures that tell of nobody: small cells are withheld, and cannot be worked out."""

from collections.abc import Hashable, Mapping

# A cell of fewer people is not published.
LEAST = 10


def withhold[Key: Hashable](counts: Mapping[Key, int]) -> dict[Key, int | None]:
    """Return the counts with None for each that is withheld.

    The total is public, so what is withheld adds up to a number that anybody can work
    out. While that is itself small, the next smallest cell is withheld as well.
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
