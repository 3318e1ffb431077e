"""The command line of the benchmark: `make bench args="…"`."""

import argparse
import time
from pathlib import Path

from tools import development
from tools.bench import (
    drive,
    growth,
    guard,
    pages,
    readers,
    report,
    rig,
    seed,
    signing,
    soak,
    stats,
    together,
    wrk,
)
from tools.bench.rig import Rig, Scale, say

ROWS = 1_000
REQUESTS = 100_000
ERRORS = (
    guard.RefusedError,
    wrk.WrkError,
    drive.DriverError,
    seed.TotalsError,
    seed.NoRoomError,
    signing.LostError,
)
PARTS = ("pages", "signing", "together", "memory")


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make bench",
        description="Compare the site with a minimal Django project on this machine. "
        "Without options, this takes at most 15 minutes on two cores.",
    )
    parser.add_argument(
        "--growth",
        nargs="?",
        const="1m",
        choices=list(growth.LEVELS),
        help="measure with 1 thousand, 100 thousand, and 1 million signatures; if the "
        "value is 10m, with 1 thousand and 10 million",
    )
    parser.add_argument(
        "--soak",
        type=int,
        nargs="?",
        const=60,
        metavar="MINUTES",
        help="put moderate load on the site, to see whether memory grows; by default, "
        "for 60 minutes",
    )
    parser.add_argument(
        "--record",
        type=float,
        nargs="?",
        const=10,
        metavar="MINUTES",
        help="simulate 33 signatures and 500 page views a second; by default, for 10 "
        "minutes",
    )
    parser.add_argument("--only", choices=PARTS, action="append", default=[])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2, help="length of a round")
    parser.add_argument(
        "--minutes",
        type=float,
        default=13,
        help="skip later rounds and higher rates to finish in this time",
    )
    parser.add_argument("--rows", type=int, default=ROWS, help="signatures to seed")
    return parser.parse_args(arguments)


def run(arguments: list[str]) -> int:
    """Run the benchmark, print and save the results, and return the exit code."""
    options = parse(arguments)
    try:
        guard.check_environment()
        folder = set_up()
        measure(options, folder)
    except ERRORS as error:
        say(str(error))
        return 1
    return 0


def set_up() -> Path:
    """Set environment variables for a local site; return the benchmark's folder."""
    development.ignore_own_settings()
    folder = development.make_local_dir("bench")
    development.fill_in(folder)
    return folder


def set_up_django(database_url: str) -> None:
    """Set up Django, so that this process can sign links and hash email addresses."""
    import os

    import django

    os.environ["DATABASE_URL"] = database_url
    django.setup()
    from django.conf import settings

    guard.check_debug(settings.DEBUG)


def measure(options: argparse.Namespace, folder: Path) -> None:
    # The settings need a database URL, but this process doesn't connect through Django.
    set_up_django("postgres://nobody:unused@127.0.0.1/nothing")
    scale = Scale(
        rounds=options.rounds, seconds=options.seconds, minutes=options.minutes
    )
    begun = time.monotonic()
    content: dict[str, object] = {"machine": report.machine()}
    if options.growth is not None:
        found = growth.measure(folder, scale, options.growth)
        content["growth"] = found
        show_growth(found)
        name = "growth.json"
    else:
        with rig.running(folder, options.rows, scale) as running:
            content["database"] = report.database_facts(running)
            content |= measure_running(options, running)
        part = "soak" if options.soak else "record" if options.record else "results"
        name = f"{part}.json"
    say(f"\n{(time.monotonic() - begun) / 60:.1f} minutes")
    report.write(folder / name, content)


def measure_running(options: argparse.Namespace, running: Rig) -> dict[str, object]:
    if options.soak:
        rows = soak.measure(running, options.soak)
        say(f"The web processes gained {soak.growth(rows):.1f} MB an hour.")
        return {"soak": rows}
    if options.record:
        found = together.record(running, options.record)
        aims = record_aims(found)
        report.show_aims(aims)
        return {"record": found.as_json(), "aims": [each.as_json() for each in aims]}
    return measure_all(running, options.only or list(PARTS))


def measure_all(running: Rig, parts: list[str]) -> dict[str, object]:
    lines: list[stats.Line] = []
    aims: list[report.Aim] = []
    content: dict[str, object] = {}
    if "pages" in parts:
        found = pages.measure(running) + readers.measure_conditional(running)
        report.show_lines("Pages (ms; CPU for each request)", found)
        lines += found
        aims += report.page_aims(found)
        aims.append(search_aim(*readers.measure_beside_searches(running)))
    if "signing" in parts:
        found = signing.measure(running)
        report.show_lines("Signing, step by step", found)
        lines += found
        aims += report.signing_aims(found)
    if "together" in parts:
        content["together"], more = measure_together(running)
        aims += more
    if "memory" in parts:
        memory = together.measure_memory(running, REQUESTS)
        content["memory"] = memory
        aims.append(memory_aim(memory))
    report.show_aims(aims)
    lopsided = sum(line.lopsided for line in lines)
    if lopsided:
        say(f"{lopsided} rounds were lopsided: one worker had most of the connections.")
    return content | {
        "lines": [line.as_json() for line in lines],
        "aims": [each.as_json() for each in aims],
        "facts": running.facts,
    }


def measure_together(running: Rig) -> tuple[dict[str, object], list[report.Aim]]:
    say("\nWhole signatures: form, mail, confirm")
    cost = together.cost(together.measure_alone(running))
    report.show_cost(cost)
    tries = together.search(running)
    best = together.best(tries)
    aims = [
        report.Aim(
            f"signatures a second with {together.VIEWS} views a second",
            best.rate if best else 0,
            *("/s", 40, 80),
            more=True,
        ),
        report.Aim(
            f"server CPU of one signature, at {together.ALONE_RATE} a second",
            cost["server"].median,
            *("ms", 20, 10),
        ),
        report.Aim(
            "the same at the highest rate, page views included",
            best.cpu_per_signature if best else None,
            *("ms", 20, 10),
        ),
    ]
    content: dict[str, object] = {
        "cost": {part: spread.as_json() for part, spread in cost.items()},
        "tries": [each.as_json() for each in tries],
    }
    return content, aims


def search_aim(alone: stats.Spread, beside: stats.Spread) -> report.Aim:
    return report.Aim(
        f"warm home beside {readers.SEARCHERS} searches, p99 / alone",
        beside.median / alone.median if alone.median else None,
        "x",
        note=f"{beside.median:.1f} ms and {alone.median:.1f} ms",
    )


def memory_aim(memory: dict) -> report.Aim:
    return report.Aim(
        "memory of one web process",
        memory["largest_mb"],
        "MB",
        120,
        note=f"after {memory['requests']:,} requests to all of them, which gained "
        f"{memory['growth_mb']:.1f} MB",
    )


def record_aims(found: together.Try) -> list[report.Aim]:
    load = found.load
    failed = load.result["failed"] + load.result["unfinished"]
    return [
        report.Aim("the record: requests that failed", failed, "", 0, 0),
        report.Aim(
            "the record: view p99", load.step("view")["p99"] / 1000, "s", 1, 0.3
        ),
        report.Aim("the record: mail p99", load.step("mail")["p99"] / 1000, "s", 10, 3),
    ]


def show_growth(found: dict[str, dict[str, float]]) -> None:
    """Print a table with a row per measurement and a column per number of signatures.

    The last column is the value at the highest number of signatures, divided by the
    value at the lowest.
    """
    levels = list(next(iter(found.values())))
    say(f"\n{'ms':58}" + "".join(f"{int(rows):>12,}" for rows in levels) + "  ratio")
    for name, values in found.items():
        cells = "".join(
            f"{values[rows]:12.1f}" if rows in values else f"{'':12}" for rows in levels
        )
        ratio = values.get(levels[-1], 0) / values.get(levels[0], float("inf"))
        say(f"{name[:57]:58}{cells}{ratio:7.2f}")
    report.show_aims(growth_aims(found, levels))


def growth_aims(
    found: dict[str, dict[str, float]], levels: list[str]
) -> list[report.Aim]:
    first, last = levels[0], levels[-1]
    public = {
        name: values[last] / values[first]
        for name, values in found.items()
        if not name.startswith("/admin/") and last in values and values.get(first)
    }
    admin = {
        name: values[last]
        for name, values in found.items()
        if name.startswith("/admin/") and last in values
    }
    worst, slowest = (
        max(public, key=public.__getitem__),
        max(admin, key=admin.__getitem__),
    )
    reviewing = [admin[each] for each in (growth.REVIEW, growth.NEXT) if each in admin]
    rows = f"{int(last):,} rows"
    return [
        report.Aim(
            f"public page or sign-up at {rows} / {int(first):,}",
            public[worst],
            *("x", 1.2, 1.05),
            note=f"the worst: {worst}",
        ),
        report.Aim(
            f"slowest admin page at {rows}",
            admin[slowest],
            *("ms", 100, 50),
            note=slowest,
        ),
        report.Aim(
            f"review page and next decision at {rows}",
            max(reviewing, default=None),
            *("ms", 100, 50),
        ),
    ]
