"""Measure pages, sign-ups, and admin lists with different numbers of signatures."""

import contextlib
import os
import re
import shutil
import statistics
import time
from html import unescape
from pathlib import Path

from tools import site
from tools.bench import backlog, pages, readers, seed, signing, wrk
from tools.bench.rig import Browser, Rig, Scale, running, say
from tools.bench.wrk import Target

LEVELS = {
    "1m": [1_000, 100_000, 1_000_000],
    "10m": [1_000, 10_000_000],
}
# With at least this many signatures, keep the database for the next run.
KEPT = 5_000_000
MORE_PAGES = {
    "wall by state": "/voices/?state=OH",
    "search, common": "/voices/?q=neighbor",
    "search, rare": f"/voices/?q={seed.RARE}",
    "search, none": "/voices/?q=xylophone",
    "search, contradictory": "/voices/?q=court+-court",
    "feed": "/voices/feed/",
    "sitemap": "/sitemap.xml",
    "sitemap, voices": "/sitemap/voices-1.xml",
}
SEARCHES = {
    "name": "Reyes",
    "nothing": "Xylophon",
    "address": f"seed500@{seed.people.PROVIDER}",
}
REVIEW = "/admin/review/"
NEXT = f"{REVIEW} skip, and the next voice"
BACKUP = "backup, restored to verify it"
# An admin page that takes more than this many seconds is requested only once.
SLOW = 1.0
TIMES = 5
MAX_OF_A_FILTER = 3
LINK = re.compile(r'href="(\?[^"]+)"')
STAFF_PAGE = re.compile(r'href="(/admin/[\w/-]+/)"')
# Forms, whose time doesn't depend on how many rows there are.
SINGLE = ("/add/", "/change/")


def measure(folder: Path, scale: Scale, which: str) -> dict[str, dict[str, float]]:
    """Return latencies and CPU times in ms, by name and number of signatures."""
    found: dict[str, dict[str, float]] = {}
    levels = LEVELS[which]
    if max(levels) < KEPT or not (folder / f"growth-{max(levels)}").exists():
        # If this runs as root, PostgreSQL's data is in a folder in /var/tmp.
        where = str(folder) if os.geteuid() else "/var/tmp"  # noqa: S108
        seed.check_room(max(levels), where)
    if max(levels) >= KEPT:
        say(
            f"{max(levels):,} signatures need about "
            f"{max(levels) * seed.BYTES_PER_ROW / 1e9:.0f} GB and an hour to seed, "
            f"once: they are kept for the next run. To free the space, delete {folder}/"
            f"growth-{max(levels)} and the folder that its postgres-folder names."
        )
    for rows in levels:
        say(f"\n{rows:,} signatures")
        part = folder / f"growth-{rows}"
        with running(part, rows, scale, keep=rows >= KEPT) as rig:
            backlog.add(rig.database, rows)
            for name, value in measure_level(rig).items():
                found.setdefault(name, {})[str(rows)] = value
            size = rig.database.execute("SELECT pg_database_size(current_database())")
            say(f"Database: {size[0][0] / 1e9:.1f} GB")
            seed.check_totals(rig.database)
            if rows == max(levels):
                found[BACKUP] = {str(rows): measure_backup(rig)}
    return found


def measure_backup(rig: Rig) -> float:
    """Make a backup, verified by restoring it; return how long that took, in ms."""
    folder = rig.folder / "backups"
    begun = time.monotonic()
    site.prepare(
        ["backup", "--folder", str(folder)], rig.environment | rig.database.urls
    )
    seconds = time.monotonic() - begun
    (backup,) = folder.iterdir()
    say(f"Backup: {backup.stat().st_size / 1e9:.2f} GB in {seconds:.0f} s")
    shutil.rmtree(folder)
    return seconds * 1000


def measure_level(rig: Rig) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, path in (pages.paths(rig) | MORE_PAGES).items():
        with contextlib.suppress(MissingError):
            found[f"cold {name}"] = measure_page(rig, path)
    alone, beside = readers.measure_beside_searches(rig)
    found["warm home, p99"] = alone.median
    found[f"warm home, p99 beside {readers.SEARCHERS} searches"] = beside.median
    target = signing.site_target(rig)
    rounds = [
        signing.post_round(rig, target, "voices_submission", 1)
        for _ in range(rig.scale.rounds)
    ]
    found["sign-up POST"] = statistics.median(each.p50 for each in rounds)
    found["sign-up POST, CPU"] = statistics.median(each.cpu for each in rounds)
    return found | measure_admin(rig)


class MissingError(Exception):
    """The page returns a 404 with this number of signatures."""


def measure_page(rig: Rig, path: str) -> float:
    """Return a page's median latency in milliseconds, on one connection.

    Raises MissingError if the page returns a 404.
    """
    if Browser(rig.cold).ask(path)[0] == 404:
        raise MissingError(path)
    target = Target(rig.cold, path)
    seconds = rig.scale.seconds / 2
    rounds = [
        wrk.measure(target, rig.database, 1, seconds) for _ in range(rig.scale.rounds)
    ]
    return statistics.median(each.p50 for each in rounds)


def measure_admin(rig: Rig) -> dict[str, float]:
    """Return latencies in ms of the admin's index and pages, by path and query."""
    browser = sign_in(rig)
    found: dict[str, float] = {}
    for path in linked(browser):
        page = measure_view(found, browser, path)
        for query in queries(page):
            measure_view(found, browser, path + query)
    measure_view(found, browser, "/admin/")
    measure_review(found, browser)
    return found


def measure_review(found: dict[str, float], browser: Browser) -> None:
    """Measure the review page, and a decision up to the page of the next voice.

    The decision is to skip a voice, because that takes it from the queue for this
    moderator and changes nothing else.
    """
    measure_view(found, browser, REVIEW)
    if REVIEW not in found:
        return
    times: list[float] = []
    for _ in range(TIMES):
        fields = browser.hidden(REVIEW)
        begun = time.monotonic()
        status, headers, _ = browser.ask(REVIEW, fields | {"act": "skip"})
        if status in {302, 303}:
            status, _, _ = browser.ask(headers["Location"])
        times.append(time.monotonic() - begun)
        if status != 200:
            raise site.SiteError(f"Skipping a voice returned {status}.")
    found[NEXT] = statistics.median(times) * 1000


def sign_in(rig: Rig) -> Browser:
    browser = Browser(rig.site)
    fields = browser.hidden("/accounts/login/")
    login = {"login": site.STAFF, "password": rig.staff_password}
    status, _, _ = browser.ask("/accounts/login/", fields | login)
    if status != 302:
        raise site.SiteError(f"Signing in to the admin returned {status}.")
    return browser


def linked(browser: Browser) -> list[str]:
    """Return the paths of the lists and pages that the admin's index links to."""
    found = STAFF_PAGE.findall(browser.get("/admin/"))
    return [path for path in dict.fromkeys(found) if not path.endswith(SINGLE)]


def queries(page: str) -> list[str]:
    """Return query strings with which to request an admin list.

    They filter the list, sort it, search it, or go to its last page.
    """
    links = dict.fromkeys(unescape(link) for link in LINK.findall(page))
    by_name: dict[str, list[str]] = {}
    for link in links:
        names = "&".join(part.partition("=")[0] for part in link[1:].split("&"))
        by_name.setdefault(names, []).append(link)
    found = []
    for names, same in by_name.items():
        # The last pagination link goes to the last page.
        found += same[-1:] if names == "?p" or names == "p" else same[:MAX_OF_A_FILTER]
    if 'name="q"' in page:
        found += [f"?q={words}" for words in SEARCHES.values()]
    return found


def measure_view(found: dict[str, float], browser: Browser, path: str) -> str:
    times: list[float] = []
    text = ""
    while len(times) < TIMES and (not times or times[0] < SLOW):
        begun = time.monotonic()
        status, _, text = browser.ask(path)
        times.append(time.monotonic() - begun)
        if status not in {200, 302}:
            found[f"{path} (status {status})"] = times[0] * 1000
            return text
    found[path] = statistics.median(times) * 1000
    return text
