"""What the Makefile calls: one command on this machine, with what it needs started."""

import argparse
import os
import secrets
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

from tools import lock, postgres, site

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# A test says itself what it needs; what the developer has set must not change it.
NOT_FOR_TESTS = [
    *("BACKUP_FOLDER", "BOUNCE_ADDRESS", "BOUNCE_MAILDIR", "CONTACT_EMAIL"),
    *("DEFAULT_FROM_EMAIL", "DJANGO_ALLOWED_HOSTS", "DJANGO_DEBUG"),
    *("DJANGO_SECRET_KEY", "DJANGO_SECRET_KEY_FILE", "EMAIL_URL", "EMAIL_URL_FILE"),
    *("MAILS_PER_MINUTE", "MODERATION_EMAIL", "PAGE_CACHE_URL", "POSTAL_ADDRESS"),
    *("PROXY_COUNT", "SECRET_KEY_FALLBACKS", "SECRET_KEY_FALLBACKS_FILE"),
    *("SIGNING_OPEN", "SITE_URL", "STATIC_ROOT", "UNDO_MINUTES", "WEB_WORKERS"),
]


# Each works on a database that nobody's site is on, and that it may empty.
OF_THEIR_OWN = ["test", "bench"]


class Stopped(BaseException):
    """A signal asked to stop."""

    def __init__(self, number):
        super().__init__(number)
        self.number = number


def stop(number, _frame):
    # Stopping takes a moment and is not to be interrupted half-way.
    for other in SIGNALS:
        signal.signal(other, signal.SIG_IGN)
    raise Stopped(number)


def read_port():
    port = os.environ.get("PORT") or "8000"
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise site.SiteError(f"PORT is {port!r}; it takes a number from 1 to 65535.")
    return int(port)


def has(environment, name):
    return bool(environment.get(name) or environment.get(f"{name}_FILE"))


def build_environment(local_dir, port):
    """Return the caller's environment with what it leaves out filled in."""
    environment = os.environ | {"LOCAL_DIR": str(local_dir), "PORT": str(port)}
    environment.setdefault("DJANGO_SETTINGS_MODULE", "aaqi.settings")
    if not has(environment, "SITE_URL"):
        environment["SITE_URL"] = f"http://localhost:{port}"
    if not has(environment, "DJANGO_SECRET_KEY"):
        key = postgres.write_once(local_dir / "secret-key", secrets.token_urlsafe(50))
        environment["DJANGO_SECRET_KEY"] = key
    return environment


def foreground(command, environment):
    """Run `command` with the terminal to itself and return its exit code."""
    # The terminal sends Ctrl-C to the command as well, which knows what to do with it.
    signal.signal(signal.SIGINT, lambda number, frame: None)
    child = subprocess.Popen(command, env=environment)  # noqa: S603
    try:
        code = child.wait()
    finally:
        site.end_alone(child)
    return code if code >= 0 else 128 - code


def run_tests(environment, arguments):
    collect = [*site.MANAGE, "collectstatic", "--no-input", "--verbosity=0"]
    return foreground(collect, environment) or foreground(
        [sys.executable, "-m", "pytest", *arguments], environment
    )


def run_bench(environment):
    collect = [*site.MANAGE, "collectstatic", "--no-input", "--verbosity=0"]
    return foreground(collect, environment) or foreground(
        [sys.executable, "-m", "tools.bench"], environment
    )


def serve(environment, local_dir, port, *, reload):
    # Whoever tries a decision out here looks for its mail at once.
    environment.setdefault("UNDO_MINUTES", "0")
    if reload:
        environment["DJANGO_DEBUG"] = "1"
    try:
        site.run(environment, local_dir, port, reload=reload)
    except Stopped as stopped:
        if stopped.number != signal.SIGINT:
            raise
        # Ctrl-C is how this is meant to end.
        site.say("\nStopped.")


def main(command, arguments):
    port = read_port()
    if command in {"run", "dev"}:
        site.check_port(port)
    local_dir = Path(os.environ.get("LOCAL_DIR") or ".local").absolute()
    if command in OF_THEIR_OWN:
        local_dir /= command
        for name in NOT_FOR_TESTS:
            os.environ.pop(name, None)
    # Mails and secrets lie in it.
    local_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    environment = build_environment(local_dir, port)
    with ExitStack() as stack:
        if command == "bench" or not has(environment, "DATABASE_URL"):
            database = postgres.running(local_dir, throw_away=command == "test")
            for name, url in stack.enter_context(database).items():
                environment.pop(f"{name}_FILE", None)
                environment[name] = url
        if command == "manage":
            return foreground([*site.MANAGE, *arguments], environment)
        if command == "test":
            return run_tests(environment, arguments)
        if command == "bench":
            return run_bench(environment)
        serve(environment, local_dir, port, reload=command == "dev")
    return 0


def parse():
    parser = argparse.ArgumentParser(
        prog="python -m tools",
        description="Run the site, its tests or a management command on this machine.",
    )
    parser.add_argument(
        "command",
        choices=[
            "run",
            "dev",
            "manage",
            "test",
            "bench",
            "lock",
            "check-lock",
            "licenses",
        ],
        help="what follows manage, test or lock is passed on",
    )
    # The rest may look like options of this parser, so it does not see it.
    return parser.parse_args(sys.argv[1:2]).command, sys.argv[2:]


if __name__ == "__main__":
    command, arguments = parse()
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
