"""A missing or weak setting, or a port in use, stops the start and is named."""

import socket
from concurrent.futures import ThreadPoolExecutor

from tests.deploy import runbook
from tests.deploy.project import (
    COMPOSE,
    HTTPS_PORT,
    SECRETS,
    call,
    check,
    compose,
    remove,
    say,
    write_environment,
    write_secret,
)

REQUIRED = ["SITE_URL", "DEFAULT_FROM_EMAIL", "POSTAL_ADDRESS", "OPERATOR_NAME"]
WEAK = {
    "django_secret_key": "secret",
    "database_url": "postgres://aaqi:secret@db:5432/aaqi",
    "database_owner_url": "postgres://aaqi_owner:secret@db:5432/aaqi",
    "email_url": "mail.example.org",
}


def prove():
    remove()
    write_environment()
    runbook.make_secrets()
    compose("build", "check", "proxy", "buffer", "cache", "db", timeout=900)
    for name in REQUIRED:
        write_environment(**{name: ""})
        said = call([*COMPOSE, "up", "--detach"], must=False)
        check(said.returncode, f"It starts without {name}.")
        check(f"{name}" in said.stderr, f"Nothing says that {name} is missing.")
        check("is not set in .env" in said.stderr, said.stderr)
    say(f"Without {', '.join(REQUIRED)}, it does not start and says which is missing.")
    write_environment(SITE_URL="http://voices.internal")
    named("SITE_URL")
    write_environment()
    for name, value in WEAK.items():
        write_secret(name, value)
        named(name.upper())
        runbook.make_secrets()
    say(
        f"A weak SITE_URL, {', '.join(WEAK)} is named in a sentence, before the "
        "database is created."
    )
    without_a_file()
    port_in_use()
    write_environment()
    two_at_once()
    remove()


def named(name):
    """Check that the settings are refused, in one sentence that names this one."""
    said = compose("run", "--rm", "--no-deps", "check", must=False)
    sentence = said.stderr.strip().splitlines()[-1]
    check(said.returncode, f"It starts with a weak {name}.")
    check(sentence.startswith("ImproperlyConfigured: "), said.stderr)
    check(name in sentence, f"{sentence!r} does not name {name}.")
    check("Traceback" not in said.stderr, said.stderr)


def without_a_file():
    for file in sorted(SECRETS.iterdir()):
        content = file.read_text()
        file.unlink()
        said = call([*COMPOSE, "up", "--detach", "check"], must=False)
        check(said.returncode, f"It starts without secrets/{file.name}.")
        check(f"secrets/{file.name}" in said.stderr, said.stderr)
        file.write_text(content)
    say("A file missing from secrets/ is named.")
    remove()


def port_in_use():
    write_environment()
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", HTTPS_PORT))
        taken.listen()
        said = compose("up", "--detach", "proxy", must=False)
    check(said.returncode, "It starts on a port that is in use.")
    check(str(HTTPS_PORT) in said.stderr, said.stderr)
    say(f"Port in use: {said.stderr.strip().splitlines()[-1][-90:]}")
    remove()


def two_at_once():
    compose("up", "--detach", "--wait", "db", timeout=240)
    with ThreadPoolExecutor(2) as pool:
        runs = [
            pool.submit(compose, "run", "--rm", "--no-deps", "migrate", must=False)
            for _ in range(2)
        ]
        done = [run.result() for run in runs]
    for one in done:
        check(one.returncode == 0, one.stdout + one.stderr)
    check(
        any("Waiting" in one.stdout for one in done),
        "Neither of two concurrent `migrate` runs waited for the other.",
    )
    say("Of two concurrent `migrate` runs, one waits; both succeed.")


if __name__ == "__main__":
    prove()
