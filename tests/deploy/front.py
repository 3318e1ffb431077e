"""Measure warm pages through the whole deployment beside a static file; needs wrk.

This isn't one of the default proofs, because no figure makes it fail. Run it with
`make test-deploy args=front`.
"""

import json
import os
import re
import statistics
import subprocess

from tests.deploy import runbook
from tests.deploy.project import (
    HOST,
    HTTPS_PORT,
    ROOT,
    SERVICES,
    Failed,
    execute,
    remove,
    say,
    start,
    wait_healthy,
    write_environment,
)
from tests.deploy.visitor import ask

PAGES = ["/", "/voices/", "/faq/", "/rankings/"]
ROUNDS, SECONDS, CONNECTIONS = 3, 6, 32
BROWSER = {"Accept-Encoding": "gzip, deflate, br, zstd"}
# The services that a request for a warm page passes.
PASSED = ["proxy", "buffer", "cache"]


def prove():
    remove()
    # wrk takes the TLS server name from the URL.
    write_environment(DJANGO_ALLOWED_HOSTS="localhost")
    runbook.make_secrets()
    start()
    wait_healthy(SERVICES, 240)
    files = static_files()
    for page in PAGES:
        length = transferred(page)
        file = min(files, key=lambda name: abs(files[name] - length))
        compare(page, length, file, files[file])


def static_files():
    """Return the transferred bytes of each file that the home page links to."""
    home = ask("GET", "/").text
    paths = set(re.findall(r'/static/[^"]+', home))
    return {path: transferred(path) for path in sorted(paths)}


def transferred(path):
    """Return the number of bytes of the compressed body."""
    return len(ask("GET", path, headers=BROWSER).body)


def compare(page, length, file, file_length):
    """Load the file and the page in turn, and print both with their ratio."""
    rounds = [(load(file), load(page)) for _ in range(ROUNDS)]
    for name, size, found in zip(
        (file, page), (file_length, length), zip(*rounds, strict=True), strict=True
    ):
        figures = ", ".join(f"{key} {middle(found, key):.2f}" for key in found[0])
        say(f"{name}, {size} bytes: {figures}")
    ratio = statistics.median(two["rate"] / one["rate"] for one, two in rounds)
    say(f"{page}: {ratio:.2f} of the file's rate")


def middle(found, key):
    return statistics.median(one[key] for one in found)


def load(path):
    """Request the path for some seconds; return requests a second, and milliseconds."""
    before = {part: cpu(part) for part in PASSED}
    command = [
        *("wrk", "--threads=1", f"--connections={CONNECTIONS}"),
        *(f"--duration={SECONDS}s", "--timeout=10s"),
        f"--script={ROOT / 'tools' / 'bench' / 'wrk.lua'}",
        f"--header=Host: {HOST}",
        *(f"--header={name}: {value}" for name, value in BROWSER.items()),
        f"https://localhost:{HTTPS_PORT}{path}",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    _, mark, found = done.stdout.partition("JSON{")
    if done.returncode or not mark:
        raise Failed(f"wrk failed: {done.stdout}{done.stderr}")
    result = json.loads("{" + found)
    if result["failed"] or result["status"] or not result["requests"]:
        raise Failed(f"{path}: {result}")
    spent = {part: cpu(part) - before[part] for part in PASSED}
    return {
        "rate": result["requests"] / result["seconds"],
        "p99": result["p99"],
        **{f"CPU {part}": spent[part] / result["requests"] * 1000 for part in PASSED},
    }


def cpu(service):
    """Return the CPU seconds of the processes in the service's container."""
    lines = execute(service, "sh", "-c", "cat /proc/[0-9]*/stat").splitlines()
    # After the name in parentheses: fields 14 and 15 of proc(5), utime and stime.
    fields = [line.rpartition(")")[2].split() for line in lines]
    ticks = sum(int(each[11]) + int(each[12]) for each in fields)
    return ticks / os.sysconf("SC_CLK_TCK")
