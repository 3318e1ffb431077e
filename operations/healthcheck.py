"""Health checks of the containers: `python -m operations.healthcheck web`.

They don't load Django, because they run every few seconds.
"""

import http.client
import socket
import sys
import time
from pathlib import Path

import psycopg

from aaqi import environment

# Backups run every 24 hours.
BACKUP_HOURS = 26


def web() -> bool:
    """Whether the web service on WEB_SOCKET is ready."""
    connection = http.client.HTTPConnection("localhost")
    with socket.socket(socket.AF_UNIX) as connection.sock:
        connection.sock.settimeout(4)
        connection.sock.connect(
            environment.require("WEB_SOCKET", "the check connects to it")
        )
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200


def worker() -> bool:
    """Whether a worker had a heartbeat in the last 30 seconds."""
    url = environment.read_database_url("DATABASE_URL")
    with psycopg.connect(url, connect_timeout=4) as database:
        beats = database.execute(
            "SELECT FROM procrastinate_workers "
            "WHERE last_heartbeat > now() - interval '30 seconds'"
        )
        return beats.rowcount > 0


def backup() -> bool:
    """Whether the newest backup is under BACKUP_HOURS old; False if there is none."""
    files = Path(environment.read("BACKUP_FOLDER")).glob("*.backup")
    newest = max((file.stat().st_mtime for file in files), default=0)
    return time.time() - newest < BACKUP_HOURS * 60 * 60


CHECKS = {"web": web, "worker": worker, "backup": backup}

if __name__ == "__main__":
    sys.exit(not CHECKS[sys.argv[1]]())
