"""Takes screenshots of every page, in both widths and schemes: `make screens`.

They are saved in .local/screens/ under the names that the design uses: NAME-WIDTH.png
and NAME-WIDTH-dark.png.
"""

from pathlib import Path

import pytest

from tests.browser.visits import visit
from tests.pages import PAGES

FOLDER = Path(".local/screens")
# Longer than anyone would look at in full.
MAX_HEIGHT = 9000


@pytest.mark.parametrize("entry", PAGES, ids=lambda entry: entry.name)
def test_picture(chromium, served, entry):
    FOLDER.mkdir(parents=True, exist_ok=True)
    with visit(chromium, served, entry, reduced_motion="reduce") as page:
        for width in (1280, 320):
            page.set_viewport_size({"width": width, "height": 800})
            height = page.evaluate("document.documentElement.scrollHeight")
            clip = {"x": 0, "y": 0, "width": width, "height": min(height, MAX_HEIGHT)}
            for scheme, ending in (("light", ""), ("dark", "-dark")):
                page.emulate_media(color_scheme=scheme)
                file = FOLDER / f"{entry.name}-{width}{ending}.png"
                page.screenshot(path=file, clip=clip, full_page=True)
                assert file.stat().st_size > 2_000
