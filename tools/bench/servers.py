"""Start the processes of the benchmark: gunicorn, the worker, and the mail sink.

gunicorn serves the site or the reference views. Each process has its own process group
and log, and is stopped when the benchmark ends.
"""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from tools import site
from tools.bench import cpu

# A limit so high that it delays no email, because we measure the worker's speed.
MAILS_PER_MINUTE = "1000000"
OWNERS = {"DATABASE_OWNER_URL", "DATABASE_OWNER_URL_FILE"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((site.HOST, 0))
        return probe.getsockname()[1]


class Process:
    def __init__(self, command: list[str], environment: dict[str, str], log: Path):
        self.log = log
        with log.open("ab") as file:
            self.child = subprocess.Popen(  # noqa: S603
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                process_group=0,
                preexec_fn=site.end_with_parent,
            )

    @property
    def pid(self) -> int:
        return self.child.pid

    def cpu(self) -> float:
        """Return the CPU seconds of the process and its descendants so far."""
        return cpu.tree_seconds(self.pid)

    def check(self) -> None:
        if self.child.poll() is not None:
            tail = self.log.read_text(errors="replace")[-2000:]
            raise site.SiteError(f"A process ended; the end of {self.log}:\n{tail}")

    def end(self) -> None:
        site.end(self.child)


class Web(Process):
    """gunicorn on a free port, with the settings of gunicorn.conf.py."""

    def __init__(self, name: str, command: list[str], environment: dict, folder: Path):
        self.name, self.port = name, free_port()
        self.url = f"http://localhost:{self.port}"
        environment = environment | {"PORT": str(self.port), "SITE_URL": self.url}
        super().__init__(
            [sys.executable, "-m", "gunicorn", *command],
            environment,
            folder / f"{name}.log",
        )

    def wait(self) -> None:
        status = site.wait_for_answer(self.child, self.url, self.port)
        if status != 200:
            raise site.SiteError(f"{self.name}: /healthz returned {status}.")

    def worker_pids(self) -> list[int]:
        return cpu.children(self.pid)

    def worker_cpu(self) -> list[float]:
        return [cpu.seconds(pid) for pid in self.worker_pids()]

    def worker_memory(self) -> list[float]:
        return [cpu.memory(pid) for pid in self.worker_pids()]


def environment_of_site(given: dict[str, str], mail_port: int) -> dict[str, str]:
    """Return the environment variables for a site behind a proxy, with a mail server.

    The driver and wrk act as the proxy, so that each visitor has its own IP address.
    """
    # As in production, the web server and worker don't get the database owner's login.
    own = {name: value for name, value in given.items() if name not in OWNERS}
    return own | {
        "PROXY_COUNT": "1",
        "EMAIL_URL": f"smtp://{site.HOST}:{mail_port}",
        "MAILS_PER_MINUTE": MAILS_PER_MINUTE,
    }


def serve_site(environment: dict[str, str], folder: Path) -> Web:
    return Web("site", ["aaqi.wsgi"], environment, folder)


def serve_cold_site(environment: dict[str, str], folder: Path) -> Web:
    """Serve the site without the page cache, so that it renders each requested page."""
    settings = {"DJANGO_SETTINGS_MODULE": "tools.bench.cold"}
    return Web("cold", ["aaqi.wsgi"], environment | settings, folder)


def serve_bare(environment: dict[str, str], folder: Path) -> Web:
    """Serve the reference views with as many workers and threads as the site."""
    settings = {"DJANGO_SETTINGS_MODULE": "tools.bench.bare.settings"}
    command = [
        *("--config", "python:tools.bench.bare.gunicorn_settings"),
        "tools.bench.bare.wsgi",
    ]
    return Web("bare", command, environment | settings, folder)


class Worker(Process):
    def __init__(self, url: str, environment: dict[str, str], folder: Path):
        super().__init__(
            [*site.MANAGE, "run_worker"],
            environment | {"SITE_URL": url},
            folder / "worker.log",
        )


class Sink(Process):
    """The mail server, which reports emails to the driver on the port `reports`."""

    def __init__(self, folder: Path):
        self.port, self.reports = free_port(), free_port()
        super().__init__(
            [
                *(sys.executable, "-m", "tools.bench.sink"),
                *(str(self.port), str(self.reports)),
            ],
            dict(os.environ),
            folder / "sink.log",
        )

    def wait(self) -> None:
        deadline = time.monotonic() + site.PATIENCE
        while time.monotonic() < deadline:
            self.check()
            with socket.socket() as probe:
                if probe.connect_ex((site.HOST, self.reports)) == 0:
                    return
            time.sleep(0.05)
        raise site.SiteError("The mail sink didn't start.")
