"""Run the driver, which simulates visitors, and measure each process's CPU time."""

import json
import subprocess
import sys
import time
from dataclasses import dataclass

from tools import site
from tools.bench import driver
from tools.bench.rig import Rig


class DriverError(Exception):
    """The driver failed; the message is its error output."""


@dataclass
class Load:
    """The driver's results, and the CPU seconds that each process used."""

    result: dict
    cpu: dict[str, float]
    seconds: float

    def step(self, name: str) -> dict[str, float]:
        nothing = dict.fromkeys(("count", "p50", "p95", "p99", "max"), 0.0)
        return self.result["steps"].get(name, nothing)

    @property
    def completed(self) -> int:
        return self.result["completed"]

    @property
    def server_cpu(self) -> float:
        """The CPU seconds of the site: web, worker, and PostgreSQL."""
        return sum(self.cpu[name] for name in ("web", "worker", "database"))

    def cores(self, name: str) -> float:
        """How many cores a process used on average."""
        if name == "driver":
            return self.result["driver_cpu"]
        return self.cpu[name] / self.seconds


def drive(rig: Rig, plan: driver.Plan) -> Load:
    readers = rig.processes()
    before = {name: read() for name, read in readers.items()}
    begun = time.monotonic()
    result = run(plan)
    seconds = time.monotonic() - begun
    cpu = {name: read() - before[name] for name, read in readers.items()}
    return Load(result, cpu, seconds)


def run(plan: driver.Plan) -> dict:
    """Run the driver in a separate process; return its results."""
    child = subprocess.Popen(
        [sys.executable, "-m", "tools.bench.driver"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
        preexec_fn=site.end_with_parent,
    )
    try:
        limit = plan.seconds + plan.patience + 600
        output, errors = child.communicate(driver.as_text(plan), timeout=limit)
    finally:
        site.end(child)
    if child.returncode:
        raise DriverError(errors)
    return json.loads(output)
