"""Run a container's health check, such as `python -m operations.healthcheck web`.

The checks don't load Django, because they run every few seconds.
"""

import http.client
import socket
import sys
import time
from pathlib import Path

import psycopg

from aaqi import environment

# Backups run every 24 hours; allow two hours more.
BACKUP_HOURS = 26


def web() -> bool:
    """Whether the web server that listens on the Unix socket WEB_SOCKET is ready."""
    connection = http.client.HTTPConnection("localhost")
    with socket.socket(socket.AF_UNIX) as connection.sock:
        connection.sock.settimeout(4)
        connection.sock.connect(
            environment.require("WEB_SOCKET", "the check connects to it")
        )
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200


def worker() -> bool:
    """Whether any worker recorded a heartbeat in the last 30 seconds."""
    url = environment.read_database_url("DATABASE_URL")
    with psycopg.connect(url, connect_timeout=4) as database:
        beats = database.execute(
            "SELECT FROM procrastinate_workers "
            "WHERE last_heartbeat > now() - interval '30 seconds'"
        )
        return beats.rowcount > 0


def backup() -> bool:
    """Whether there is a backup that is less than BACKUP_HOURS hours old."""
    files = Path(environment.read("BACKUP_FOLDER")).glob("*.backup")
    newest = max((file.stat().st_mtime for file in files), default=0)
    return time.time() - newest < BACKUP_HOURS * 60 * 60


CHECKS = {"web": web, "worker": worker, "backup": backup}

if __name__ == "__main__":
    sys.exit(not CHECKS[sys.argv[1]]())
