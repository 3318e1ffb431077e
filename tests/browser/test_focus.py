"""By keyboard alone: every page shows the focus, and all of it can be reached."""

import pytest

from tests.browser.visits import unfold, visit
from tests.pages import PUBLIC

MAX_STOPS = 600
START = """() => {
  // An element's look and that of its shapes, where the map shows the focus.
  const ASPECTS = ["outlineStyle", "outlineWidth", "outlineColor", "boxShadow",
    "borderColor", "stroke", "strokeWidth"];
  window.look = (box) => [box, ...box.querySelectorAll("path, rect")].map((each) => {
    const style = getComputedStyle(each);
    return ASPECTS.map((aspect) => style[aspect]).join();
  }).join();
  window.stops = [];
  // Make the next stop the page's first, wherever the focus was.
  document.body.tabIndex = -1;
  document.body.focus();
  document.body.removeAttribute("tabindex");
  scrollTo(0, 0);
}"""
# Records the focused element and how the one before looks without the focus; returns
# whether the focus has gone all the way around.
STEP = """() => {
  const { stops } = window, last = stops.at(-1), box = document.activeElement;
  if (last) last.without = look(last.box);
  if (box === document.body || stops.some((stop) => stop.box === box)) return true;
  const { left, right, top, bottom } = box.getBoundingClientRect();
  const inside = bottom > 0 && right > 0 && top < innerHeight && left < innerWidth;
  stops.push({ box, inside, with: look(box) });
  return false;
}"""
RESULT = """() => {
  const names = (boxes) => boxes.map((box) => box.outerHTML.slice(0, 120));
  const been = new Set(stops.map(({ box }) => box));
  // In a group of radio buttons, the keyboard stops at only one.
  const groups = new Set(stops.map(({ box }) => box.type === "radio" && box.name));
  const all = [...document.querySelectorAll(
    "a[href], button, input:not([type=hidden]), select, textarea, summary",
  )].filter((box) => box.checkVisibility() && box.tabIndex >= 0 && !box.disabled);
  return {
    count: stops.length,
    unmarked: names(stops.filter((s) => s.with === s.without).map(({ box }) => box)),
    outside: names(stops.filter((s) => !s.inside).map(({ box }) => box)),
    missed: names(all.filter((box) => !been.has(box) && !groups.has(box.name))),
  };
}"""


@pytest.mark.parametrize("entry", PUBLIC, ids=lambda entry: entry.name)
def test_the_focus_is_visible_and_reaches_everything(chromium, served, entry):
    with visit(chromium, served, entry, reduced_motion="reduce") as page:
        unfold(page)
        page.evaluate(START)
        for _ in range(MAX_STOPS):
            page.keyboard.press("Tab")
            if page.evaluate(STEP):
                break
        result = page.evaluate(RESULT)

    assert 0 < result["count"] < MAX_STOPS
    assert not result["unmarked"]
    assert not result["outside"]
    assert not result["missed"]


def entry_named(name):
    return next(page for page in PUBLIC if page.name == name)


@pytest.mark.parametrize("name", ["index", "voices", "add-your-voice", "404"])
def test_the_first_stop_skips_to_the_main_content(chromium, served, name):
    with visit(chromium, served, entry_named(name)) as page:
        page.keyboard.press("Tab")
        skip = page.evaluate("document.activeElement.textContent")
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        inside = page.evaluate("document.activeElement.closest('main') !== null")

    assert skip == "Skip to main content"
    assert inside


# A suggestion isn't an error, and takes the focus itself.
MISTAKES = [
    page
    for page in PUBLIC
    if page.status == 422 and not page.name.endswith("-suggestion")
]


@pytest.mark.parametrize("entry", MISTAKES, ids=lambda entry: entry.name)
def test_the_error_summary_has_the_focus_and_links_to_errors(chromium, served, entry):
    with visit(chromium, served, entry) as page:
        page.locator(".errors:focus").wait_for()
        title = page.title()
        links = page.locator(".errors a").all()
        targets = [link.get_attribute("href").removeprefix("#") for link in links]
        reached = []
        for link in links:
            link.focus()
            page.keyboard.press("Enter")
            reached.append(page.evaluate("document.activeElement.id"))

    assert title.startswith("Error: ")
    assert targets
    assert reached == targets
