"""An upgrade under load makes no request fail."""

import os
import shlex
import subprocess
import time

from tests.deploy.load import Load
from tests.deploy.project import (
    COMPOSE,
    ROOT,
    SERVICES,
    check,
    say,
    starts,
    wait_healthy,
)


def prove():
    wait_healthy(SERVICES, 120)
    before = {service: starts(service) for service in ("web-a", "web-b", "proxy")}
    with Load() as load:
        time.sleep(2)
        done = subprocess.run(
            [ROOT / "deploy" / "upgrade"],
            env=os.environ | {"COMPOSE": shlex.join(COMPOSE)},
            capture_output=True,
            text=True,
            check=False,
            timeout=900,
        )
        time.sleep(2)
    check(done.returncode == 0, done.stdout + done.stderr)
    for service in ("web-a", "web-b"):
        check(starts(service) != before[service], f"{service} was not replaced.")
    check(starts("proxy") == before["proxy"], "The proxy was replaced for no reason.")
    check(not load.failed, f"{load}: {load.failed[:5]}")
    check(
        load.acknowledged and load.read > 100, f"Too little to prove anything: {load}"
    )
    wait_healthy(SERVICES, 60)
    say(f"Both web services were replaced: {load}.")


if __name__ == "__main__":
    prove()
