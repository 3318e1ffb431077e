"""Compare cached (warm) and rendered (cold) pages with the minimal reference views."""

from collections.abc import Callable

from tools.bench import wrk
from tools.bench.rig import Browser, Rig
from tools.bench.servers import Web
from tools.bench.stats import Line
from tools.bench.wrk import Target

# Average the number of SQL statements over this many requests.
REQUESTS = 10


def paths(rig: Rig) -> dict[str, str]:
    """Return the paths of the main public pages, by name."""
    found = rig.database.execute(
        "SELECT max(id) FROM voices_voice WHERE status = 'published' "
        "AND statement <> ''"
    )
    return {
        "home": "/",
        "wall": "/voices/",
        "voice": f"/voices/{found[0][0]}/",
        "state": "/rankings/ohio/",
        "FAQ": "/faq/",
        "rankings": "/rankings/",
        "explainer": "/explained/",
    }


def measure(rig: Rig) -> list[Line]:
    return [*measure_warm(rig), *measure_cold(rig)]


def measure_warm(rig: Rig) -> list[Line]:
    """Compare each cached page with a constant response of the same size."""
    pairs = []
    for name, path in paths(rig).items():
        size = len(Browser(rig.site).get(path).encode())
        hello = Target(rig.bare, f"/hello/{size}")
        reference = (f"hello, {size / 1000:.0f} kB", hello)
        pairs.append(((f"warm {name}", Target(rig.site, path)), reference))
    return in_turn(rig, pairs, 0.25)


def measure_cold(rig: Rig) -> list[Line]:
    """Compare each page, rendered for each request, with a minimal list of 20 rows."""
    reference = ("bare list of 20 rows", Target(rig.bare, "/rows"))
    targets = [
        (f"cold {name}", Target(rig.cold, path)) for name, path in paths(rig).items()
    ]
    return in_turn(rig, [(target, reference) for target in targets], 0.5)


def in_turn(rig: Rig, pairs: list, share: float) -> list[Line]:
    """Measure each target and its reference in turn, in several rounds.

    Once `share` of the benchmark's time limit is used up, no further round starts. Each
    round measures a reference once, even if it is the reference of several targets.
    """
    lines: dict[tuple[str, int], Line] = {}
    targets: dict[str, Target] = {}
    for connections in rig.scale.connections:
        for (name, target), (other, reference) in pairs:
            targets |= {name: target, other: reference}
            beside = lines.setdefault((other, connections), Line(other, connections))
            line = Line(name, connections, reference=beside)
            lines[name, connections] = line
    for target in targets.values():
        wrk.load(target, max(rig.scale.connections), 1)
    for _ in range(rig.scale.rounds):
        for (name, connections), line in lines.items():
            line.rounds.append(
                wrk.measure(
                    targets[name], rig.database, connections, rig.scale.of(connections)
                )
            )
        if rig.is_late(share):
            break
    counted = {name: count_statements(rig, targets[name]) for name in targets}
    for (name, _), line in lines.items():
        line.statements = counted[name]
    return list(lines.values())


def count_statements(rig: Rig, target: Target) -> float:
    return count(rig, target.web, lambda browser: browser.get(target.path))


def count(rig: Rig, web: Web, act: Callable[[Browser], object]) -> float:
    """Return the average number of SQL statements per call of `act`."""
    browser = Browser(web)

    def act_often() -> None:
        for _ in range(REQUESTS):
            act(browser)

    # Warm up first, so that threads open their connections and processes fill caches.
    act_often()
    return rig.database.count_statements(act_often) / REQUESTS
