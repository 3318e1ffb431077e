"""Compute percentiles, medians, spreads, and ratios, and detect lopsided rounds."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

# gunicorn's workers share one listening socket, and a connection stays with the worker
# that accepted it. A round is lopsided if one worker used over LOPSIDED times its fair
# share of the CPU time. In such a round, that worker was a bottleneck.
LOPSIDED = 1.3


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the nearest-rank percentile; 0 if there are no values."""
    if not values:
        return 0
    ordered = sorted(values)
    return ordered[max(math.ceil(len(ordered) * percent / 100), 1) - 1]


def is_lopsided(shares: Sequence[float], connections: int) -> bool:
    """Whether a worker did far more than its fair share; False for one connection."""
    total = sum(shares)
    if connections < 2 or len(shares) < 2 or not total:
        return False
    return max(shares) * len(shares) / total > LOPSIDED


@dataclass
class Spread:
    """The values of one measurement, from several rounds."""

    values: list[float]

    @property
    def median(self) -> float:
        return statistics.median(self.values) if self.values else 0

    @property
    def percent(self) -> float:
        """Half of the range from minimum to maximum, in percent of the median."""
        if not self.median:
            return 0
        return (max(self.values) - min(self.values)) / 2 / self.median * 100

    def as_json(self) -> dict[str, object]:
        return {
            "median": self.median,
            "min": min(self.values, default=0),
            "max": max(self.values, default=0),
            "rounds": len(self.values),
        }


@dataclass
class Round:
    """The cost of one round of requests; CPU is in milliseconds per request."""

    requests: int
    seconds: float
    # Latencies in milliseconds.
    p50: float
    p95: float
    p99: float
    web_cpu: float
    database_cpu: float
    lopsided: bool = False

    @property
    def rate(self) -> float:
        return self.requests / self.seconds

    @property
    def cpu(self) -> float:
        return self.web_cpu + self.database_cpu


@dataclass
class Line:
    """A row of the results table: one measurement with one number of connections."""

    name: str
    connections: int
    rounds: list[Round] = field(default_factory=list)
    # SQL statements for each request, without BEGIN and COMMIT.
    statements: float | None = None
    reference: "Line | None" = None

    def of(self, name: str) -> Spread:
        return Spread([getattr(each, name) for each in self.rounds])

    @property
    def ratio(self) -> Spread | None:
        """CPU time per request, divided by that of the reference in the same round.

        A worker that does all the work alone needs up to twice the CPU time. So if only
        one of two paired rounds was lopsided, the pair is left out, unless this would
        leave out all pairs.
        """
        if self.reference is None or self.reference is self:
            return None
        pairs = zip(self.rounds, self.reference.rounds, strict=False)
        paired = [(mine, theirs) for mine, theirs in pairs if theirs.cpu]
        alike = [pair for pair in paired if pair[0].lopsided == pair[1].lopsided]
        return Spread([mine.cpu / theirs.cpu for mine, theirs in alike or paired])

    @property
    def lopsided(self) -> int:
        """How many rounds were lopsided."""
        return sum(each.lopsided for each in self.rounds)

    def as_json(self) -> dict[str, object]:
        names = ("rate", "p50", "p95", "p99", "web_cpu", "database_cpu", "cpu")
        return {
            "name": self.name,
            "connections": self.connections,
            **{name: self.of(name).as_json() for name in names},
            "statements": self.statements,
            "lopsided_rounds": self.lopsided,
            "reference": self.reference.name if self.reference else None,
            "ratio": self.ratio.as_json() if self.ratio else None,
        }
