"""What a visit costs: bytes on the wire, cookies, and nothing from other sites."""

import gzip
import re
from urllib.request import Request, urlopen

import brotli
import pytest
from django.conf import settings

from tests.browser.visits import visit
from tests.pages import PUBLIC

# Most bytes of a page's scripts, compressed; the form to sign has one of its own.
SCRIPTS = {"add-your-voice": 2_250}
# Pages that are only visited, which is all that most readers ever do.
READING = [page for page in PUBLIC if not page.then and not page.trouble]


def read(address):
    """The body as browsers get it over TLS, in Brotli if we offer that."""
    with urlopen(Request(address, headers={"Accept-Encoding": "br"})) as answer:
        assert answer.headers["Content-Encoding"] == "br"
        return answer.read()


def test_the_first_page_and_its_styles_come_in_one_round_trip(served):
    html = read(f"{served.url}/")
    text = brotli.decompress(html).decode()
    sheets = re.findall(r'<link rel="stylesheet" href="([^"]+)"', text)

    size = len(html) + sum(len(read(served.url + path)) for path in sheets)

    assert len(sheets) == 1
    assert size <= 14_000, size


def test_the_fonts_are_small():
    fonts = list((settings.BASE_DIR / "static" / "fonts").glob("*.woff2"))

    size = sum(font.stat().st_size for font in fonts)

    assert len(fonts) == 3
    assert size <= 60_000, size


@pytest.mark.parametrize("entry", READING, ids=lambda entry: entry.name)
def test_a_page_is_small_and_sets_no_cookie(chromium, served, entry):
    answers = []
    with visit(chromium, served, entry, answers=answers) as page:
        cookies = {cookie["name"] for cookie in page.context.cookies()}
        has_form = page.locator("[name=csrfmiddlewaretoken]").count() > 0
        size = sum(
            len(gzip.compress(answer.body(), 9))
            for answer in answers
            if answer.request.resource_type == "script"
        )

    assert cookies == ({"csrftoken"} if has_form else set())
    assert size <= SCRIPTS.get(entry.name, 1_500), size


@pytest.mark.parametrize(
    ("path", "most"),
    [("/explained/", 24_000), ("/cases/villarreal-v-laredo/", 6_000)],
)
def test_drawings_are_small_and_below_the_first_screen(chromium, served, path, most):
    html = read(served.url + path)
    text = brotli.decompress(html).decode()
    without = re.sub(r'<svg class="(wide|narrow|bars)".*?</svg>', "", text)
    drawings = len(brotli.compress(text.encode())) - len(
        brotli.compress(without.encode())
    )

    assert len(html) <= most, len(html)
    assert 0 < drawings <= 2_000, drawings
    for width, height in ((1280, 800), (360, 640)):
        page = chromium.new_page(viewport={"width": width, "height": height})
        page.goto(served.url + path)
        shown = page.locator(".drawing svg:visible")
        tops = [box["y"] for box in (each.bounding_box() for each in shown.all())]
        page.close()
        assert tops and min(tops) >= height, (width, tops)


@pytest.mark.parametrize("width", [320, 360, 768, 1280])
@pytest.mark.parametrize("path", ["/explained/", "/cases/villarreal-v-laredo/"])
def test_words_in_a_drawing_can_be_read(chromium, served, path, width):
    page = chromium.new_page(viewport={"width": width, "height": 800})
    page.goto(served.url + path)
    sizes = page.evaluate(
        """() => [...document.querySelectorAll(".drawing text")]
            .filter((text) => text.getBoundingClientRect().width)
            .map((text) => {
                const scale = text.getScreenCTM().a;
                const box = text.getBBox();
                const { width } = text.ownerSVGElement.viewBox.baseVal;
                const size = parseFloat(getComputedStyle(text).fontSize) * scale;
                return [size, box.x >= -1 && box.x + box.width <= width + 1];
            })"""
    )
    page.close()

    assert min(size for size, _ in sizes) >= 12
    assert all(inside for _, inside in sizes)
