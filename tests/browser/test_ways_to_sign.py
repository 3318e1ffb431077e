"""A way to sign is always in sight: the header's button, and the bar on phones."""

import pytest

from tests.factories import make_rankings
from tests.faq.texts import make_case, make_question

pytestmark = pytest.mark.django_db(transaction=True)

WIDTHS = range(320, 1281, 10)
HEADER = """() => {
  const box = (each) => each.getBoundingClientRect();
  const shown = (each) => each.checkVisibility();
  const brand = box(document.querySelector(".site-header .brand"));
  const sign = document.querySelector(".site-header .btn");
  const links = [...document.querySelectorAll(".site-nav a")].filter(shown);
  const targets = [sign, ...links, document.querySelector(".site-header .brand")];
  const middle = (box(sign).top + box(sign).bottom) / 2;
  return {
    words: sign.innerText,
    beside: shown(sign) && brand.top < middle && middle < brand.bottom
      && box(sign).left >= brand.right - 1 && box(sign).right <= innerWidth,
    rows: new Set(links.map((each) => Math.round(box(each).top))).size,
    below: box(links[0]).top >= brand.bottom - 1,
    links: links.map((each) => each.innerText),
    small: targets.filter((each) => box(each).height < 44 || box(each).width < 44)
      .map((each) => each.outerHTML),
    sticksOut: document.documentElement.scrollWidth - innerWidth,
  };
}"""
LINKS = ["Voices", "Rankings", "Cases", "Explainer", "FAQ"]
# Whether the bar covers any part of the focused element, once nothing moves.
COVERED = """() => {
  const bar = document.querySelector(".sign-bar"), focused = document.activeElement;
  if (!bar.offsetHeight || bar.contains(focused)) return false;
  const place = bar.getBoundingClientRect(), own = focused.getBoundingClientRect();
  return own.bottom > place.top && own.top < place.bottom;
}"""
END = "document.activeElement === document.body"


@pytest.mark.parametrize("path", ["/", "/rankings/ohio/"])
def test_the_header_has_a_button_at_every_width(page, path):
    make_rankings(OH={})
    page.goto(path)
    found = {}
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 700})
        found[width] = page.evaluate(HEADER)

    for width, header in found.items():
        assert header["beside"], width
        assert header["rows"] == 1, width
        assert header["below"] == (width < 62 * 16), width
        assert header["words"] == ("Sign" if width < 480 else "Add your voice"), width
        assert header["links"] == LINKS + ["Search"] * (width >= 480), width
        assert not header["small"], width
        assert header["sticksOut"] <= 0, width


def phone(page, height=640, width=360):
    page.set_viewport_size({"width": width, "height": height})


def test_the_bar_appears_once_the_button_has_left_the_screen(page):
    phone(page)
    page.goto("/")
    bar = page.get_by_role("complementary", name="Sign the petition")

    assert not bar.is_visible()
    page.mouse.wheel(0, 600)
    bar.wait_for()
    box = bar.bounding_box()
    page.evaluate("scrollTo(0, 0)")
    bar.wait_for(state="hidden")

    assert round(box["y"] + box["height"]) == 640


def test_the_bar_can_be_closed(page):
    phone(page)
    page.goto("/")
    page.mouse.wheel(0, 600)
    bar = page.get_by_role("complementary", name="Sign the petition")
    close = bar.get_by_role("button", name="Close")
    assert close.bounding_box()["height"] >= 44
    assert bar.get_by_role("link").bounding_box()["height"] >= 44

    close.click()
    page.mouse.wheel(0, 600)

    assert bar.count() == 0


def test_the_bar_of_a_state_preselects_it(page):
    make_rankings(OH={})
    phone(page)
    page.goto("/rankings/ohio/")
    page.mouse.wheel(0, 600)

    page.get_by_role("link", name="Sign the petition").click()
    page.wait_for_url("**/voices/add/?state=OH")

    assert page.get_by_label("State", exact=True).input_value() == "OH"


@pytest.mark.parametrize(
    ("path", "width", "height"),
    [
        ("/voices/add/", 360, 640),
        ("/voices/thank-you/", 360, 640),
        ("/none/", 360, 640),
        ("/", 1280, 640),
        # Zoomed to 400%, it would leave too little room.
        ("/", 320, 256),
    ],
)
def test_some_pages_and_sizes_have_no_bar(page, path, width, height):
    phone(page, height, width)
    page.goto(path)

    page.mouse.wheel(0, 600)
    page.wait_for_timeout(200)

    assert not page.locator(".sign-bar").is_visible()


def test_without_scripts_there_is_no_bar(plain_page):
    phone(plain_page)
    plain_page.goto("/")

    assert plain_page.locator(".sign-bar").count() == 0
    assert plain_page.locator(".site-header .btn").is_visible()


@pytest.mark.parametrize("size", [(360, 640), (320, 640), (360, 400)])
@pytest.mark.parametrize("key", ["Tab", "Shift+Tab"])
def test_the_bar_never_covers_what_has_the_focus(page, size, key):
    for number in range(9):
        make_question(f"Question {number}?", slug=f"q{number}")
    make_case()
    phone(page, size[1], size[0])
    page.emulate_media(reduced_motion="reduce")
    for path in ("/faq/", "/cases/"):
        page.goto(path)
        page.mouse.wheel(0, 600)
        page.locator(".sign-bar").wait_for()
        page.evaluate("scrollTo(0, 0)")
        stops = 0
        for _ in range(80):
            page.keyboard.press(key)
            page.wait_for_timeout(40)
            if page.evaluate(END):
                break
            stops += 1
            assert not page.evaluate(COVERED), page.evaluate(
                "document.activeElement.outerHTML"
            )
        assert stops > 20


def test_a_line_number_needs_a_second_line(page):
    make_question("Why?", slug="short")
    make_question("Why does a rule of judges end suits? " * 4, slug="long")
    page.set_viewport_size({"width": 1280, "height": 800})
    numbers = "getComputedStyle(document.querySelector('.lines'), '::before')"
    height = f"parseFloat({numbers}.height)"

    page.goto("/faq/short/")
    single = page.evaluate(height)
    page.goto("/faq/long/")
    several = page.evaluate(height)

    assert single == 0
    assert several > 80
