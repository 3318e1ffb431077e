"""Lighthouse on every page that answers, as a phone sees it."""

import json
import os
import subprocess
from urllib.request import urlopen

import pytest

from tests.browser.chromium import find_chromium, launch_flags
from tests.browser.judges.tools import NODE_MODULES
from tests.pages import PUBLIC

LIGHTHOUSE = NODE_MODULES / "lighthouse" / "cli" / "index.js"
JUDGED = ["accessibility", "best-practices", "seo"]
# Speed takes most of the time, and is a figure to read rather than to pass.
TIMED = {"index", "voices", "rankings", "explainer"}
ANSWERS = [page for page in PUBLIC if page.status == 200 and not page.then]


def judge(url, home, categories):
    """Return Lighthouse's report; it asks nobody but the site."""
    with urlopen(url) as answer:
        unlisted = b'name="robots" content="noindex"' in answer.read()
    command = [
        *("node", LIGHTHOUSE, url, "--quiet", "--output=json"),
        f"--only-categories={','.join(categories)}",
        # What we ask search engines to leave out cannot please this audit.
        *(["--skip-audits=is-crawlable"] if unlisted else []),
        "--no-enable-error-reporting",
        f"--chrome-flags={' '.join(launch_flags())}",
    ]
    environment = os.environ | {"CHROME_PATH": find_chromium(), "HOME": str(home)}
    # On a busy machine its Chromium may not come up, which says nothing of the page.
    for _ in range(2):
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env=environment
        )
        if done.returncode == 0:
            break
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def wanting(report, category):
    """What keeps a category from its full mark, each with what it is about."""
    audits = report["audits"]
    return [
        f"{audits[ref['id']]['title']}: {json.dumps(audits[ref['id']].get('details'))}"
        for ref in report["categories"][category]["auditRefs"]
        if ref["weight"] and audits[ref["id"]]["score"] not in {None, 1}
    ]


@pytest.mark.parametrize("entry", ANSWERS, ids=lambda entry: entry.name)
def test_lighthouse_gives_full_marks(served, entry, tmp_path, record_property):
    categories = [*JUDGED, "performance"] if entry.name in TIMED else JUDGED
    report = judge(served.address(entry), tmp_path, categories)
    scores = {
        name: round(100 * category["score"])
        for name, category in report["categories"].items()
    }
    record_property(entry.name, scores)

    assert not [fault for name in JUDGED for fault in wanting(report, name)]
    assert {scores[name] for name in JUDGED} == {100}
