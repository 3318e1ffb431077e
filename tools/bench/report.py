"""Print results and targets, and write the JSON report.

A missed target is only printed; it fails no test or command.
"""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from tools.bench.rig import Rig, say
from tools.bench.stats import Line, Spread
from tools.development import ROOT

PACKAGES = ("django", "gunicorn", "psycopg", "procrastinate", "aiosmtpd")
HEAD = (
    f"{'':24}{'conn':>4}{'per s':>8}{'p50':>7}{'p95':>7}{'p99':>8}"
    f"{'web':>7}{'db':>6}{'±%':>4}{'stmts':>6}  {'ratio':5} {'(range)':12}"
)


def show_lines(title: str, lines: Sequence[Line]) -> None:
    """Print results; latency and CPU time per request are in milliseconds."""
    say(f"\n{title}")
    say(HEAD)
    for line in lines:
        say(describe(line))


def describe(line: Line) -> str:
    median = {
        name: line.of(name).median
        for name in ("rate", "p50", "p95", "p99", "web_cpu", "database_cpu")
    }
    statements = "" if line.statements is None else f"{line.statements:.1f}"
    text = (
        f"{line.name:24}{line.connections:>4}{median['rate']:8.0f}{median['p50']:7.1f}"
        f"{median['p95']:7.1f}{median['p99']:8.1f}{median['web_cpu']:7.2f}"
        f"{median['database_cpu']:6.2f}{line.of('cpu').percent:4.0f}{statements:>6}"
    )
    if ratio := line.ratio:
        low, high = min(ratio.values, default=0), max(ratio.values, default=0)
        text += f"  {ratio.median:5.2f} ({low:.2f}-{high:.2f})"
    if line.lopsided:
        text += f" lopsided: {line.lopsided}"
    return text


@dataclass(frozen=True)
class Aim:
    """A measured value, and its targets, if any; `aim` is stricter than `least`."""

    what: str
    value: float | None
    unit: str
    least: float | None = None
    aim: float | None = None
    # Whether a higher value is better.
    more: bool = False
    note: str = ""

    @property
    def verdict(self) -> str:
        if self.value is None:
            return "not measured"
        for mark, words in ((self.aim, "aim"), (self.least, "reached")):
            if mark is not None and self.meets(mark):
                return words
        return "" if self.least is None else "not yet"

    def meets(self, mark: float) -> bool:
        value = self.value or 0
        return value >= mark if self.more else value <= mark

    def as_json(self) -> dict[str, object]:
        return self.__dict__ | {"verdict": self.verdict}


def show_aims(aims: Sequence[Aim]) -> None:
    say(f"\n{'Targets':56}{'measured':>12}{'at least':>11}{'aim':>11}")
    for each in aims:
        value = "" if each.value is None else f"{each.value:.2f} {each.unit}"
        marks = "".join(
            f"{'' if mark is None else f'{mark:g} {each.unit}':>11}"
            for mark in (each.least, each.aim)
        )
        say(f"{each.what:56}{value:>12}{marks}  {each.verdict}")
        if each.note:
            say(f"  {each.note}")


def ratio_of(lines: Sequence[Line], name: str) -> float | None:
    """Return the median CPU ratio of the measurement `name`; None if there is none.

    If several numbers of connections were measured, use the highest number.
    """
    found = [line for line in lines if line.name == name and line.ratio]
    if not found:
        return None
    ratio = max(found, key=lambda line: line.connections).ratio
    return ratio.median if ratio else None


def page_aims(lines: Sequence[Line]) -> list[Aim]:
    names = [line.name for line in lines if line.name.startswith("warm ")]
    warm = [ratio_of(lines, name) or 0 for name in names]
    aims = [
        Aim(
            "warm page, CPU / hello (the worst page)",
            max(warm, default=None),
            "x",
            1.5,
            1.1,
        )
    ]
    for name in ("home", "wall", "voice", "state", "FAQ"):
        ratio = ratio_of(lines, f"cold {name}")
        aims.append(Aim(f"cold {name}, CPU / bare list", ratio, "x", 5, 2.5))
    return aims


def signing_aims(lines: Sequence[Line]) -> list[Aim]:
    aims = [
        Aim(
            "sign-up POST, CPU / bare sign-up",
            ratio_of(lines, "sign-up POST"),
            *("x", 3, 2),
        )
    ]
    for name in ("form GET", "confirm GET", "confirm POST"):
        ratio = ratio_of(lines, name)
        aims.append(Aim(f"{name}, CPU / bare form", ratio, "x", 3, 1.5))
    letter = next((line for line in lines if line.name.startswith("one letter")), None)
    cpu = letter.of("web_cpu").median if letter and letter.rounds else None
    aims.append(Aim("one letter, worker CPU", cpu, "ms", 5, 2))
    return aims


def show_cost(cost: dict[str, Spread]) -> None:
    say(
        "\nOne complete signature, CPU ms: "
        + ", ".join(
            f"{part} {spread.median:.1f} ±{spread.percent:.0f}%"
            for part, spread in cost.items()
        )
    )


def machine() -> dict[str, object]:
    """Return facts that the results depend on, such as the CPU model and versions."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": " ".join(["make bench", *filter(None, [arguments()])]),
        "commit": commit(),
        "cpu": cpu_model(),
        "cores": os.process_cpu_count(),
        "kernel": platform.release(),
        "load_before": os.getloadavg(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in PACKAGES},
    }


def arguments() -> str:
    given = " ".join(sys.argv[2:])
    return f'args="{given}"' if given else ""


def commit() -> str:
    """Return the commit, with "+" for uncommitted changes; "" outside a Git clone."""
    command = ["git", "describe", "--always", "--dirty=+", "--abbrev=12"]
    done = subprocess.run(  # noqa: S603
        command, cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.stdout.strip()


def cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def database_facts(rig: Rig) -> dict[str, object]:
    names = [
        "shared_buffers",
        "synchronous_commit",
        "max_connections",
        "wal_compression",
    ]
    query = "SELECT name, current_setting(name) FROM unnest(%s::text[]) AS name"
    return {
        "version": rig.database.execute("SHOW server_version")[0][0],
        **dict(rig.database.execute(query, names)),
    }


def write(path: Path, content: dict[str, object]) -> None:
    draft = path.with_suffix(".part")
    draft.write_text(f"{json.dumps(content, indent=2)}\n")
    draft.rename(path)
    say(f"\nEverything is in {path}")
