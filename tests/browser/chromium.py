"""Finds or installs a Chromium for the tests, and sets how it is started."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
# It contacts nothing but the site under test.
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
    """The message says what was tried; a test that cannot run fails."""


def launch_flags():
    # Chromium's sandbox refuses to run as root.
    return [*FLAGS, "--no-sandbox"] if os.geteuid() == 0 else FLAGS


def find_chromium():
    """Return the path of a Chromium, installing one if there is none."""
    if wish := os.environ.get("CHROMIUM"):
        if path := shutil.which(wish):
            return path
        raise ChromiumNotFoundError(f"CHROMIUM is {wish}, which is not an executable.")
    return on_path() or from_debian() or from_playwright()


def on_path():
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def from_debian():
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return None
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    install = ["install", "-y", "--no-install-recommends", "chromium"]
    for arguments in (["update"], install):
        # Test workers may do this at the same time, so each waits for the lock.
        command = ["apt-get", "-q", "-o", "DPkg::Lock::Timeout=300", *arguments]
        subprocess.run(command, env=environment, check=False, stdout=sys.stderr)
    return on_path()


def from_playwright():
    done = subprocess.run(
        [sys.executable, "-m", "playwright", "install", "chromium"],
        check=False,
        stdout=sys.stderr,
    )
    # Imported here because the ways above don't need it.
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    if done.returncode == 0 and Path(path).exists():
        return path
    raise ChromiumNotFoundError(
        "No Chromium was found or could be installed: set CHROMIUM to the path of one, "
        "or install the package `chromium`."
    )
