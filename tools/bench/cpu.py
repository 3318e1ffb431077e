"""Read the CPU time and memory of processes from /proc."""

import os
from contextlib import suppress
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


def read_stat(pid: int) -> list[str]:
    """Return /proc/PID/stat's fields from the third on; [] if the process has ended."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return []
    # The second field is the process's name in parentheses, and may contain spaces.
    return text.rpartition(")")[2].split()


def children(pid: int) -> list[int]:
    found: list[int] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        # If a thread has ended, its file is gone.
        with suppress(OSError):
            found += map(int, path.read_text().split())
    return sorted(found)


def seconds(pid: int) -> float:
    """Return a process's CPU seconds, including exited children; 0 if it has ended."""
    fields = read_stat(pid)
    return sum(map(int, fields[11:15])) / TICK if fields else 0


def tree_seconds(pid: int) -> float:
    """Return the CPU seconds of a process and of all its descendants."""
    return seconds(pid) + sum(map(tree_seconds, children(pid)))


def memory(pid: int) -> float:
    """Return the process's proportional set size (PSS) in MB; 0 if it has ended."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    for line in text.splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0
