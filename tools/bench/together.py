"""Measure the cost and the maximum rate of signatures, alone and with page views."""

import time
from dataclasses import dataclass

from tools.bench import drive, pages, seed, wrk
from tools.bench.drive import Load
from tools.bench.driver import Plan
from tools.bench.rig import Rig, say
from tools.bench.stats import Spread

VIEWS = 200
# Signatures per second to try, until the site can't keep up.
RATES = [2, 4, 6, 8, 10, 13, 16, 20, 25, 30, 40, 50, 60, 80, 100]
STEP_SECONDS = 12
ALONE_RATE, ALONE_SECONDS = 4, 8
# The site keeps up if nothing fails and the p99 latencies stay below these limits, in
# milliseconds.
MAX_P99 = 1000
MAX_MAIL_P99 = 10_000
RECORD_VIEWS, RECORD_RATE = 500, 33
PARTS = ("web", "worker", "database", "mail sink", "driver")


@dataclass
class Try:
    """A run at one rate; `problems` is empty if the site kept up with the rate."""

    views: float
    rate: float
    load: Load
    problems: list[str]

    @property
    def cpu_per_signature(self) -> float:
        """The site's CPU milliseconds per signature, including those for page views."""
        return self.load.server_cpu / self.load.completed * 1000

    def as_json(self) -> dict[str, object]:
        result = self.load.result
        return {
            "views_per_second": self.views,
            "signatures_per_second": self.rate,
            "problems": self.problems,
            "steps": result["steps"],
            "completed": result["completed"],
            "begun": result["begun"],
            "lateness": result["lateness"],
            "errors": result["errors"],
            "retries": result["retries"],
            "connections": result["connections"],
            "cores": {part: self.load.cores(part) for part in PARTS},
        }


def paths(rig: Rig) -> list[str]:
    """Return the paths that the driver requests in turn, the home page most often."""
    found = pages.paths(rig)
    return [found["home"], *found.values(), found["home"], found["wall"]]


def attempt(rig: Rig, views: float, rate: float, seconds: float) -> Try:
    """Simulate page views and signatures; check that every signature was counted."""
    rig.start_worker().check()
    signers = seed.check_totals(rig.database)
    plan = Plan(
        port=rig.site.port,
        seconds=seconds,
        views=views,
        paths=paths(rig),
        signatures=rate,
        first=rig.take_numbers(),
        reports=rig.sink.reports,
    )
    load = drive.drive(rig, plan)
    counted = seed.check_totals(rig.database) - signers
    return Try(views, rate, load, problems(load, counted))


def problems(load: Load, counted: int) -> list[str]:
    """Return why the site didn't keep up with a rate; an empty list if it did."""
    result = load.result
    found = [f"{error} ({times} times)" for error, times in result["errors"].items()]
    if result["unfinished"]:
        found.append(f"{result['unfinished']} signatures or views did not end")
    if not result["begun"] == result["completed"] == counted:
        found.append(
            f"{result['begun']} begun, {result['completed']} completed, "
            f"{counted} counted"
        )
    for name, times in result["steps"].items():
        most = MAX_MAIL_P99 if name == "mail" else MAX_P99
        if times["p99"] > most:
            found.append(f"{name} p99 {times['p99'] / 1000:.1f} s")
    return found


def measure_alone(rig: Rig) -> list[Load]:
    """Measure the cost of complete signatures at a low rate, without page views."""
    loads = []
    for _ in range(rig.scale.rounds):
        tried = attempt(rig, 0, ALONE_RATE, ALONE_SECONDS)
        if tried.problems:
            say(f"    {ALONE_RATE} a second: {'; '.join(tried.problems)}")
        loads.append(tried.load)
        if rig.is_late(0.7):
            break
    return loads


def cost(loads: list[Load]) -> dict[str, Spread]:
    """Return the CPU milliseconds per signature, by process and for the whole site."""
    done = [load for load in loads if load.completed]
    found = {
        part: Spread([load.cpu[part] / load.completed * 1000 for load in done])
        for part in ("web", "worker", "database", "mail sink")
    }
    found["server"] = Spread([load.server_cpu / load.completed * 1000 for load in done])
    return found


def search(rig: Rig) -> list[Try]:
    """Try higher and higher rates of signatures, each of them twice if necessary.

    Stop when both tries at a rate fail, or when the time is up.
    """
    tries: list[Try] = []
    for rate in RATES:
        if rig.is_late(0.9):
            say("The time is up. Raise --minutes to try higher rates.")
            break
        # Try twice, because another process may have slowed down the first try.
        for _ in range(2):
            found = attempt(rig, VIEWS, rate, STEP_SECONDS)
            tries.append(found)
            say(describe(found))
            if not found.problems:
                break
            settle(rig)
        else:
            break
    return tries


def best(tries: list[Try]) -> Try | None:
    """Return the try with the highest rate that the site kept up with."""
    kept_up = [each for each in tries if not each.problems]
    return max(kept_up, key=lambda each: each.rate, default=None)


def describe(found: Try) -> str:
    view, mail = found.load.step("view"), found.load.step("mail")
    cores = " ".join(f"{part} {found.load.cores(part):.2f}" for part in PARTS)
    late = found.load.result["lateness"]
    return (
        f"{found.rate:4g} signatures and {found.views:g} views a second: "
        f"{'kept up' if not found.problems else 'not kept up'}\n"
        f"     view p50 {view['p50']:.0f}, p99 {view['p99']:.0f} ms; "
        f"sign-up p99 {found.load.step('sign-up')['p99']:.0f} ms; "
        f"mail p99 {mail['p99'] / 1000:.1f} s\n"
        f"     cores: {cores}; driver late p99 {late['p99']:.0f}, "
        f"max {late['max']:.0f} ms"
        + "".join(f"\n     - {problem}" for problem in found.problems)
    )


def settle(rig: Rig) -> None:
    """Wait for open requests, and delete the letters that weren't sent yet."""
    wrk.drain(rig.site)
    rig.database.execute("DELETE FROM voices_letter WHERE sent_at IS NULL")


def record(rig: Rig, minutes: float) -> Try:
    """Simulate the highest known signature rate of any petition, plus page views."""
    found = attempt(rig, RECORD_VIEWS, RECORD_RATE, minutes * 60)
    say(describe(found))
    return found


def measure_memory(rig: Rig, requests: int, longest: float = 90) -> dict[str, object]:
    """Return the memory of the web processes before and after serving pages.

    Stop serving when each process has served `requests` requests on average, or after
    `longest` seconds.
    """
    found = list(pages.paths(rig).values())
    before, served, begun = rig.site.worker_memory(), 0, time.monotonic()
    least = requests * len(before)
    while served < least and time.monotonic() - begun < longest:
        for path in found:
            served += wrk.load(wrk.Target(rig.site, path), 32, 1)["requests"]
    after = rig.site.worker_memory()
    return {
        "requests": served,
        "before_mb": before,
        "after_mb": after,
        "largest_mb": max(after, default=0),
        "growth_mb": sum(after) - sum(before),
    }
