"""Measure whether memory grows under moderate load, for an hour by default."""

from tools.bench import cpu, drive, together
from tools.bench.rig import Rig, say

VIEWS, RATE = 50, 1
CHUNK_SECONDS = 60


def measure(rig: Rig, minutes: int) -> list[dict[str, object]]:
    """Put load on the site; return a dict per minute with the processes' memory."""
    rows = []
    say(f"{VIEWS} views and {RATE} signatures a second for {minutes} minutes.")
    say(f"{'minute':>6}  {'web MB':20}{'worker MB':>10}{'failed':>8}{'view p99':>10}")
    for minute in range(1, minutes + 1):
        found = together.attempt(rig, VIEWS, RATE, CHUNK_SECONDS)
        row = {
            "minute": minute,
            "web_mb": rig.site.worker_memory(),
            "worker_mb": cpu.memory(rig.worker.pid) if rig.worker else 0,
            "failed": found.load.result["failed"],
            "view_p99": found.load.step("view")["p99"],
            "problems": found.problems,
        }
        rows.append(row)
        say(line(row, found.load))
    return rows


def line(row: dict, load: drive.Load) -> str:
    web = " ".join(f"{each:.1f}" for each in row["web_mb"])
    return (
        f"{row['minute']:6}  {web:20}{row['worker_mb']:10.1f}{row['failed']:8}"
        f"{row['view_p99']:7.0f} ms"
    )


def growth(rows: list[dict]) -> float:
    """Return by how many MB per hour the web processes' memory grew.

    The first half of the run is ignored.
    """
    later = rows[len(rows) // 2 :]
    if len(later) < 2:
        return 0
    first, last = later[0], later[-1]
    gained = sum(last["web_mb"]) - sum(first["web_mb"])
    return gained / (last["minute"] - first["minute"]) * 60
