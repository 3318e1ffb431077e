"""Prove the deployment: `python -m tests.deploy [NAME]...`, by default all proofs.

Uses the commands in `$COMPOSE` and `$DOCKER`, by default `docker compose` and `docker`.
Creates a separate project with its own volumes, and removes it at the end unless
`KEEP=1`. Images get the names of a real deployment, so don't run this on a server that
has one.
"""

import importlib
import os
import sys
import time

from tests.deploy.project import Failed, remove

PROOFS = [
    "refused",
    "from_nothing",
    "killed",
    "stale",
    "addressed",
    "restored",
    "upgraded",
    "slow",
    "flood",
]


def main(names):
    try:
        for name in names:
            proof = importlib.import_module(f"tests.deploy.{name}")
            sys.stdout.write(f"{name}: {proof.__doc__.strip()}\n")
            begun = time.monotonic()
            proof.prove()
            sys.stdout.write(f"  proved in {time.monotonic() - begun:.0f} s\n")
    except Failed as failed:
        sys.stdout.write(f"  FAILED: {failed}\n")
        return 1
    finally:
        if os.environ.get("KEEP") != "1":
            remove()
    sys.stdout.write(f"{len(names)} proofs passed\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or PROOFS))
