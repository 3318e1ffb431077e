"""A separate deployment of this checkout, and helpers to run and query it."""

import json
import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
NAME = "aaqi-proof"
# No public CA issues certificates for this name, so the proxy uses its own CA.
HOST = "voices.internal"
HTTPS_PORT = int(os.environ.get("PROOF_HTTPS_PORT", "18443"))
HTTP_PORT = int(os.environ.get("PROOF_HTTP_PORT", "18080"))
FOLDER = ROOT / ".local" / "proof"
ENV_FILE = FOLDER / "env"
SECRETS = FOLDER / "secrets"
BOUNCES = FOLDER / "bounces"
CERTIFICATE = FOLDER / "root.crt"
# Every service that restarts by itself.
SERVICES = ["proxy", "buffer", "cache", "db", "web-a", "web-b", "worker", "backup"]

COMPOSE = [
    *shlex.split(os.environ.get("COMPOSE", "docker compose")),
    *("--project-name", NAME, "--env-file", str(ENV_FILE)),
    *("--file", str(ROOT / "docker-compose.yml")),
    *("--file", str(ROOT / "tests" / "deploy" / "override.yml")),
]
DOCKER = shlex.split(os.environ.get("DOCKER", "docker"))


class Failed(AssertionError):
    """The message says what does not hold."""


def check(holds, sentence):
    if not holds:
        raise Failed(sentence)


def say(sentence):
    sys.stdout.write(f"  {sentence}\n")
    sys.stdout.flush()


def environment(**changes):
    """The variables that .env.example requires, and some for the proofs."""
    return {
        "SITE_URL": f"https://{HOST}",
        "DEFAULT_FROM_EMAIL": f"voices@{HOST}",
        "POSTAL_ADDRESS": "1 Main Street, Springfield",
        "OPERATOR_NAME": "Proof Group",
        "MAILS_PER_MINUTE": "6000",
        "UNDO_MINUTES": "0",
        "BOUNCE_MAILDIR": str(BOUNCES),
        "SECRETS_FOLDER": str(SECRETS),
        "PROOF_HTTP_PORT": str(HTTP_PORT),
        "PROOF_HTTPS_PORT": str(HTTPS_PORT),
        **changes,
    }


def write_environment(**changes):
    FOLDER.mkdir(parents=True, exist_ok=True)
    for folder in (BOUNCES, *(BOUNCES / name for name in ("cur", "new", "tmp"))):
        folder.mkdir(exist_ok=True)
        # In its container, the worker runs as another user.
        folder.chmod(0o777)
    lines = environment(**changes).items()
    ENV_FILE.write_text("".join(f"{name}='{value}'\n" for name, value in lines))


def write_secret(name, value):
    # Overwritten in place, because a container may have the file mounted.
    (SECRETS / name).write_text(value)


def call(command, *, must=True, cwd=ROOT, **options):
    done = subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, check=False, **options
    )
    if must and done.returncode:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
        raise Failed(
            f"`{shlex.join(command[-6:])}` exited with {done.returncode}\n{tail}"
        )
    return done


def compose(*arguments, **options):
    return call([*COMPOSE, *arguments], **options)


def execute(service, *command, **options):
    return compose("exec", "-T", service, *command, **options).stdout


def python(service, code):
    """Run code in a container's shell, with models imported; return its output."""
    prelude = "from voices.models import *; import json\n"
    return execute(
        service, "manage.py", "shell", "--verbosity=0", "--command", prelude + code
    )


def start():
    """Build and start all services; wait until they are healthy; return the seconds."""
    compose("up", "--detach", "--build", timeout=900)
    seconds = wait_healthy(SERVICES, 240)
    CERTIFICATE.write_text(
        execute("proxy", "cat", "/certificates/caddy/pki/authorities/local/root.crt")
    )
    return seconds


def remove():
    """Remove the project and its volumes."""
    if ENV_FILE.exists():
        compose("down", "--volumes", "--remove-orphans", "--timeout", "5", must=False)


def containers():
    """Return the output of `docker inspect` for each service's container."""
    ids = compose("ps", "--all", "--quiet", must=False).stdout.split()
    if not ids:
        return {}
    found = json.loads(call([*DOCKER, "inspect", *ids]).stdout)
    return {one["Config"]["Labels"]["com.docker.compose.service"]: one for one in found}


def state(service):
    container = containers()[service]
    health = container["State"].get("Health", {}).get("Status")
    return health or container["State"]["Status"]


def wait_healthy(services, seconds):
    begun = time.monotonic()
    wait_for(
        lambda: all(state(service) == "healthy" for service in services),
        seconds,
        lambda: f"not healthy: { {one: state(one) for one in services} }",
    )
    return time.monotonic() - begun


def wait_for(condition, seconds, sentence):
    """Wait until the condition returns something true, and return that."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > deadline:
            said = sentence if isinstance(sentence, str) else sentence()
            raise Failed(f"After {seconds} s: {said}")
        time.sleep(0.5)
    return found


def kill(service):
    """Kill all processes of a service with SIGKILL, as the OOM killer would."""
    # The signal spares the shell that sends it; the container ends with its first
    # process.
    execute(service, "sh", "-c", "kill -9 -1", must=False)


def starts(service):
    return containers()[service]["State"]["StartedAt"]


def mails():
    lines = execute("mail", "python", "-m", "tests.deploy.mail_sink", "print")
    return [json.loads(line) for line in lines.splitlines()]
