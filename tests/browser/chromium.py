"""Where the tests' Chromium comes from, and how it is started."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
# It talks to the site under test and to nobody else.
FLAGS = [
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class ChromiumNotFoundError(Exception):
    """Says what was tried; a test that cannot run fails."""


def launch_flags():
    # Chromium's sandbox refuses to work as root.
    return [*FLAGS, "--no-sandbox"] if os.geteuid() == 0 else FLAGS


def find_chromium():
    """Return the path of a Chromium, getting one if there is none."""
    if wish := os.environ.get("CHROMIUM"):
        if path := shutil.which(wish):
            return path
        raise ChromiumNotFoundError(f"CHROMIUM is {wish}, which cannot be run.")
    return on_path() or from_debian() or from_playwright()


def on_path():
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def from_debian():
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return None
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    install = ["install", "-y", "--no-install-recommends", "chromium"]
    for arguments in (["update"], install):
        # Workers of one test run may meet here, so each waits for the other.
        command = ["apt-get", "-q", "-o", "DPkg::Lock::Timeout=300", *arguments]
        subprocess.run(command, env=environment, check=False, stdout=sys.stderr)
    return on_path()


def from_playwright():
    done = subprocess.run(
        [sys.executable, "-m", "playwright", "install", "chromium"],
        check=False,
        stdout=sys.stderr,
    )
    # Imported here because it is of no use to the ways above.
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    if done.returncode == 0 and Path(path).exists():
        return path
    raise ChromiumNotFoundError(
        "There is no Chromium here and none could be had: set CHROMIUM to one, or "
        "install the package `chromium`."
    )
