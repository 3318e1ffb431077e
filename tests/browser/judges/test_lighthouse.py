"""Runs Lighthouse on every page with status 200, as a phone."""

import json
import os
import subprocess
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.browser.chromium import find_chromium, launch_flags
from tests.browser.judges.tools import NODE_MODULES
from tests.pages import PUBLIC

SCRIPT = Path(__file__).with_name("lighthouse.mjs")
JUDGED = ["accessibility", "best-practices", "seo"]
# The slow performance audit runs only here; its score is reported, not asserted.
TIMED = {"index", "voices", "rankings", "explainer"}
ANSWERS = [page for page in PUBLIC if page.status == 200 and not page.then]


@pytest.fixture(scope="module")
def lighthouse(tmp_path_factory):
    """Yield a function that runs Lighthouse on a page; it contacts only the site."""
    command = ["node", SCRIPT, NODE_MODULES, find_chromium(), *launch_flags()]
    home = tmp_path_factory.mktemp("home")
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"HOME": str(home)},
    ) as process:

        def ask(**flags):
            process.stdin.write(f"{json.dumps(flags)}\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())

        yield ask
        process.stdin.close()


def is_unlisted(url):
    with urlopen(url) as answer:
        return b'name="robots" content="noindex"' in answer.read()


def wanting(report, category):
    """Return the audits that cost a category points, with their details."""
    audits = report["audits"]
    return [
        f"{audits[ref['id']]['title']}: {json.dumps(audits[ref['id']].get('details'))}"
        for ref in report["categories"][category]["auditRefs"]
        if ref["weight"] and audits[ref["id"]]["score"] not in {None, 1}
    ]


def scores(report):
    """Return each category's score out of 100; None if Lighthouse has none."""
    return {
        name: category["score"] and round(100 * category["score"])
        for name, category in report["categories"].items()
    }


@pytest.mark.parametrize("entry", ANSWERS, ids=lambda entry: entry.name)
def test_lighthouse_gives_full_scores(lighthouse, served, entry, record_property):
    url = served.address(entry)
    # A page with noindex is bound to fail this audit.
    skipped = ["is-crawlable"] if is_unlisted(url) else []
    report = lighthouse(url=url, onlyCategories=JUDGED, skipAudits=skipped)
    # A separate run, because tracing performance fails now and then.
    timed = (
        scores(lighthouse(url=url, onlyCategories=["performance"]))
        if entry.name in TIMED
        else {}
    )
    record_property(entry.name, scores(report) | timed)

    assert not report.get("runtimeError")
    assert not [fault for name in JUDGED for fault in wanting(report, name)]
    assert scores(report) == dict.fromkeys(JUDGED, 100)
