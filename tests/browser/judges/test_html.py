"""Runs the Nu HTML checker on every page, as it was served."""

import json
import subprocess

import pytest

from tests.browser.judges.tools import NODE_MODULES
from tests.browser.visits import fetch, visitor
from tests.pages import PAGES

# From Django's admin itself: app lists without a cell for models that can't be added,
# labels of hidden fields, and trailing slashes.
DJANGO_S_OWN = (
    "A table row was 2 columns wide",
    "Trailing slash on void elements",
    "The value of the “for” attribute of the “label” element must be the ID of a non-",
)
# Roles of a table that site.css stacks on phones: some browsers then no longer expose
# it as a table.
OF_A_STACKED_TABLE = (
    " role is unnecessary for element ",
    "The “role” attribute must not",
)
NU = NODE_MODULES / "vnu-jar" / "build" / "dist" / "vnu.jar"


@pytest.fixture(scope="module")
def folder(chromium, served, tmp_path_factory):
    """Save every page to a file, so the checker starts only once."""
    folder = tmp_path_factory.mktemp("pages")
    for entry in PAGES:
        with visitor(chromium, served.url) as context:
            answer = fetch(context, served, entry)
            (folder / f"{entry.name}.html").write_bytes(answer.body())
    return folder


def is_django_s_own(message):
    file = message["url"].rpartition("/")[2]
    return file.startswith("staff-") and message["message"].startswith(DJANGO_S_OWN)


def is_of_a_stacked_table(message):
    file = message["url"].rpartition("/")[2]
    return file.startswith("compare") and any(
        part in message["message"] for part in OF_A_STACKED_TABLE
    )


def test_nu_finds_nothing(folder):
    command = ["java", "-Xss4m", "-jar", NU, "--format", "json", "--exit-zero-always"]
    judged = subprocess.run(
        [*command, *sorted(folder.iterdir())],
        capture_output=True,
        text=True,
        check=True,
    )
    found = [
        f"{message['url'].rpartition('/')[2]}:{message.get('lastLine')} "
        f"{message['message']} {message.get('extract', '').strip()}"
        for message in json.loads(judged.stderr)["messages"]
        if not is_django_s_own(message) and not is_of_a_stacked_table(message)
    ]

    assert not found, "\n".join(found)
