"""Refuse real sites and databases: the benchmark deletes rows and causes load."""

import os
import shutil
import sys
from urllib.parse import unquote, urlsplit

from psycopg import Connection, errors

from aaqi.environment import is_loopback

# RFC 2606 reserves this top-level domain, so no real person has an address there.
OUR_ADDRESSES = ".example"
PRIVATE = ("voices_signature", "voices_submission")


class RefusedError(Exception):
    """The benchmark must not run here; the message says why and what to do."""


def check_environment() -> None:
    """Refuse to run with DEBUG, with URLs of other machines, or with `*_URL_FILE` set.

    Also refuse to run on a machine without Linux or without wrk.
    """
    check_machine()
    if os.environ.get("DJANGO_DEBUG", "0") not in {"", "0"}:
        raise RefusedError(
            "DJANGO_DEBUG is set. The benchmark refuses DEBUG, because it stores every "
            "query and measures nothing that visitors see. Unset it."
        )
    for name in ("SITE_URL", "DATABASE_URL", "DATABASE_OWNER_URL", "EMAIL_URL"):
        if url := os.environ.get(name):
            check_url(name, url)
        if os.environ.get(f"{name}_FILE"):
            raise RefusedError(
                f"{name}_FILE is set, as on a deployed server. The benchmark runs only "
                "on loopback, with servers and a database of its own. Unset it."
            )


def check_machine() -> None:
    if sys.platform != "linux":
        raise RefusedError("The benchmark needs Linux, whose /proc has the CPU times.")
    if not shutil.which("wrk"):
        raise RefusedError(
            "The benchmark needs wrk, which isn't installed. On Debian or Ubuntu: "
            "apt-get install wrk"
        )


def check_url(name: str, url: str) -> None:
    """Refuse a URL of another machine; allow a Unix socket (a host that is a path)."""
    host = unquote(urlsplit(url).hostname or "")
    if host and not host.startswith("/") and not is_loopback(host):
        raise RefusedError(
            f"{name} is on {host}. The benchmark refuses anything but loopback, "
            "because it would overload a server that people use."
        )


def check_debug(debug: bool) -> None:
    if debug:
        raise RefusedError(
            "The site's settings have DEBUG on. The benchmark refuses DEBUG."
        )


def check_rows(connection: Connection) -> None:
    """Refuse a database with email addresses that the benchmark didn't generate."""
    for table in PRIVATE:
        try:
            with connection.transaction():
                found = connection.execute(
                    # The table's name is from PRIVATE, so SQL injection is impossible.
                    f"SELECT count(*) FROM {table} "  # noqa: S608
                    "WHERE email <> '' AND email NOT LIKE %s",
                    [f"%{OUR_ADDRESSES}"],
                ).fetchone()
        except errors.UndefinedTable:
            continue
        if found and found[0]:
            raise RefusedError(
                f"The database has real rows: {found[0]:,} in {table} have addresses "
                "that the benchmark didn't make. It would delete them, so it refuses."
            )
