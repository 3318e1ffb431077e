"""Implement `make run` and other Makefile targets; start the services they need."""

import argparse
import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

from tools import development, lock, postgres, site

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """Raised when a signal asks the process to stop."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def stop(number: int, _frame: FrameType | None) -> None:
    # Ignore further signals, because they must not interrupt the cleanup.
    for other in SIGNALS:
        signal.signal(other, signal.SIG_IGN)
    raise Stopped(number)


def read_port() -> int:
    port = os.environ.get("PORT") or "8000"
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise site.SiteError(f"PORT is {port!r}; it must be a number from 1 to 65535.")
    return int(port)


def foreground(command: list[str], environment: dict[str, str]) -> int:
    """Run `command` in the foreground, and return its exit code."""
    # Ignore Ctrl-C here: the terminal also sends it to the command, which handles it.
    signal.signal(signal.SIGINT, lambda number, frame: None)
    child = subprocess.Popen(command, env=environment)  # noqa: S603
    try:
        code = child.wait()
    finally:
        site.end_alone(child)
    return code if code >= 0 else 128 - code


def serve(
    environment: dict[str, str], local_dir: Path, port: int, *, reload: bool
) -> None:
    # Send emails about moderation decisions at once, without time to undo a decision.
    environment.setdefault("UNDO_MINUTES", "0")
    if reload:
        environment["DJANGO_DEBUG"] = "1"
    try:
        site.run(environment, local_dir, port, reload=reload)
    except Stopped as stopped:
        if stopped.number != signal.SIGINT:
            raise
        # Ctrl-C is the normal way to stop the site, so it isn't an error.
        site.say("\nStopped.")


def main(command: str, arguments: list[str]) -> int:
    if command == "bench":
        # Import this only here, because other commands don't need it.
        from tools.bench import command as bench

        return bench.run(arguments)
    port = read_port()
    if command in {"run", "dev"}:
        site.check_port(port)
    local_dir = development.make_local_dir()
    development.fill_in(local_dir)
    with ExitStack() as stack:
        if not development.is_set("DATABASE_URL"):
            stack.enter_context(development.database(local_dir))
        if command == "manage":
            return foreground([*site.MANAGE, *arguments], dict(os.environ))
        if command == "check-migrations":
            return foreground(
                [sys.executable, "-m", "tools.migrations"], dict(os.environ)
            )
        serve(dict(os.environ), local_dir, port, reload=command == "dev")
    return 0


def parse() -> tuple[str, list[str]]:
    parser = argparse.ArgumentParser(
        prog="python -m tools",
        description="Run the site, the benchmark, or another development command.",
    )
    parser.add_argument(
        "command",
        choices=[
            "run",
            "dev",
            "manage",
            "bench",
            "lock",
            "check-lock",
            "check-migrations",
            "licenses",
            "picture",
        ],
        help="arguments after manage, bench, lock, or picture are passed on to it",
    )
    # Parse only the command, because its arguments may look like this parser's options.
    return parser.parse_args(sys.argv[1:2]).command, sys.argv[2:]


if __name__ == "__main__":
    command, arguments = parse()
    if command == "picture":
        # Import this only here, because it needs the development requirements, and
        # `make lock` must run without them.
        from tools import picture

        sys.exit(picture.update(*arguments))
    if command in lock.COMMANDS:
        sys.exit(lock.COMMANDS[command](*arguments))
    for number in SIGNALS:
        signal.signal(number, stop)
    try:
        sys.exit(main(command, arguments))
    except Stopped as stopped:
        sys.exit(128 + stopped.number)
    except site.SiteError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(error.code)
    except (postgres.PostgresError, OSError) as error:
        sys.exit(str(error))
