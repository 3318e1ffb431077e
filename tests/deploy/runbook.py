"""Runs the commands of docs/operations.md, so the proofs test what it says."""

import re
import shlex
import shutil

from tests.deploy.project import (
    COMPOSE,
    FOLDER,
    ROOT,
    SECRETS,
    Failed,
    call,
    write_secret,
)

RUNBOOK = ROOT / "docs" / "operations.md"
BLOCK = re.compile(r"(?:^ {4,}\S.*\n)+", re.MULTILINE)
# How the runbook writes a backup's name.
BACKUP = "aaqi-….backup"


def lines(words):
    """Return the lines of the only block that contains these words."""
    blocks = [block for block in BLOCK.findall(RUNBOOK.read_text()) if words in block]
    if len(blocks) != 1:
        raise Failed(f"docs/operations.md has {len(blocks)} blocks with {words!r}.")
    return [line.strip() for line in blocks[0].splitlines()]


def run(script, *, backup=BACKUP, **options):
    """Run a script from the runbook, in the proofs' folder and on their project."""
    script = script.replace("docker compose", shlex.join(COMPOSE))
    script = script.replace(BACKUP, shlex.quote(backup))
    return call(["bash", "-euc", script], cwd=FOLDER, **options)


def make_secrets():
    """Make new secret files, and point email to the proofs' own server."""
    shutil.rmtree(SECRETS, ignore_errors=True)
    run("\n".join(lines("mkdir -m 700 secrets")))
    write_secret("email_url", "smtp://mail:2525")
