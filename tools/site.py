"""Run the site's processes for `make run` and `make dev`."""

import ctypes
import http.client
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

from tools.postgres import write_once

HOST = "127.0.0.1"
STAFF = "staff"
MANAGE = [sys.executable, "manage.py"]
STEPS = [
    ["prepare"],
    ["collectstatic", "--no-input", "--verbosity=0"],
    ["make_staff"],
]
PATIENCE = 60  # Seconds to wait for the first response.
LEAVE = 30  # Seconds to wait for a process to exit.
CODE = ["aaqi", "accounts", "cards", "core", "faq", "operations", "rankings", "voices"]


class SiteError(Exception):
    """The site can't run; the message says why, and `code` is the exit code."""

    def __init__(self, sentence: str, code: int = 1) -> None:
        super().__init__(sentence)
        self.code = code


def say(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


def check_port(port: int) -> None:
    # If gunicorn was just killed, its workers may use the port for another moment.
    deadline = time.monotonic() + 4
    while error := try_port(port):
        if time.monotonic() > deadline:
            raise SiteError(
                f"Can't use port {port} on {HOST}: {error.strerror}. Stop the process "
                f"that uses it, or choose another port: make run PORT={port + 1}"
            )
        time.sleep(0.2)


def try_port(port: int) -> OSError | None:
    with socket.socket() as probe:
        # Without this, a recently closed connection would block the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen()
        except OSError as error:
            return error
    return None


def run(
    environment: dict[str, str], local_dir: Path, port: int, *, reload: bool
) -> None:
    """Prepare the site, and serve it until a signal arrives or the web server exits."""
    password = write_once(local_dir / "staff-password", secrets.token_urlsafe(12))
    staff = {"STAFF_USERNAME": STAFF, "STAFF_PASSWORD": password}
    for step in STEPS:
        prepare(step, environment | staff)

    # As in production, the web server and worker don't get the database owner's login.
    environment = {
        name: value
        for name, value in environment.items()
        if name not in {"DATABASE_OWNER_URL", "DATABASE_OWNER_URL_FILE"}
    }
    web = [sys.executable, "-m", "gunicorn", "aaqi.wsgi"]
    if reload:
        web = [*MANAGE, "runserver", f"{HOST}:{port}"]
    children = []
    try:
        children.append(start(web, environment))
        children.append(start([*MANAGE, "run_worker"], environment))
        status = wait_for_answer(children[0], environment["SITE_URL"], port)
        # With reload, don't stop: the developer can fix the error while the site runs.
        if status >= 500 and not reload:
            raise SiteError(f"/healthz returned {status}.")
        greet(environment, local_dir, port, password)
        watch(children, environment, reload=reload)
    finally:
        for child in children:
            end(child)


def prepare(step: list[str], environment: dict[str, str]) -> None:
    child = start([*MANAGE, *step], environment)
    try:
        if child.wait():
            raise SiteError(f"`manage.py {step[0]}` failed, so the site can't start.")
    finally:
        end(child)


def start(command: list[str], environment: dict[str, str]) -> subprocess.Popen:
    # Use a separate process group, so that Ctrl-C reaches only this process, which then
    # stops the child.
    return subprocess.Popen(  # noqa: S603
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        process_group=0,
        preexec_fn=end_with_parent if sys.platform == "linux" else None,
    )


def end_with_parent() -> None:
    """Have the kernel send SIGTERM to this process when its parent dies."""
    set_parent_death_signal = 1
    ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGTERM)


def end_alone(child: subprocess.Popen) -> None:
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(LEAVE)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def end(child: subprocess.Popen) -> None:
    end_alone(child)
    # Kill the rest of the child's process group, such as the reloader's child.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)


def wait_for_answer(web: subprocess.Popen, site_url: str, port: int) -> int:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if web.poll() is not None:
            raise_for(web)
        with (
            suppress(OSError, http.client.HTTPException),
            closing(http.client.HTTPConnection(HOST, port, timeout=5)) as connection,
        ):
            connection.request(
                "GET", "/healthz", headers={"Host": urlsplit(site_url).netloc}
            )
            return connection.getresponse().status
        time.sleep(0.1)
    raise SiteError(f"The site didn't respond for {PATIENCE} seconds.")


def raise_for(web: subprocess.Popen) -> NoReturn:
    code = web.returncode
    raise SiteError(
        f"The web server exited with code {code}, so everything was stopped.",
        code if code > 0 else 128 - code,
    )


def greet(
    environment: dict[str, str], local_dir: Path, port: int, password: str
) -> None:
    mail = f"written to files in {local_dir / 'mail'}/"
    if environment.get("EMAIL_URL") or environment.get("EMAIL_URL_FILE"):
        mail = "sent through EMAIL_URL"
    say(f"""
The site      http://localhost:{port}/
Staff         http://localhost:{port}/admin/  user {STAFF}  password {password}
              (no second factor required here)
Email         {mail}
Press Ctrl-C to stop.""")


def watch(
    children: list[subprocess.Popen], environment: dict[str, str], *, reload: bool
) -> NoReturn:
    web, worker = children
    code_then = newest_code() if reload else 0
    while web.poll() is None:
        time.sleep(0.5)
        code_now = newest_code() if reload else 0
        if code_now != code_then:
            code_then = code_now
            end(worker)
        elif worker.poll() is not None:
            say(f"The worker exited with code {worker.returncode}. Restarting it.")
            time.sleep(1)
        else:
            continue
        worker = children[1] = start([*MANAGE, "run_worker"], environment)
    raise_for(web)


def newest_code() -> int:
    times = []
    for file in (file for app in CODE for file in Path(app).rglob("*.py")):
        # The file may be missing while an editor replaces it.
        with suppress(FileNotFoundError):
            times.append(file.stat().st_mtime_ns)
    return max(times)
