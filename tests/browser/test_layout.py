"""Checks each page's layout: nothing shifts, overflows, or is cut off."""

import pytest

from tests.browser.visits import unfold, visit
from tests.pages import PUBLIC

COUNT_SHIFTS = """
  window.shifts = [];
  new PerformanceObserver((list) => {
    for (const shift of list.getEntries()) {
      const moved = shift.sources.map(({ node }) => node?.parentElement?.outerHTML);
      window.shifts.push(moved.map((html) => html?.trim().slice(0, 90)));
    }
  }).observe({ type: "layout-shift", buffered: true });
"""
READ_SHIFTS = """async () => {
  await document.fonts.ready;
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  return window.shifts;
}"""
# The text spacing that WCAG 1.4.12 lets readers set.
SPACE_OUT = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`
    * { line-height: 1.5 !important; letter-spacing: .12em !important;
        word-spacing: .16em !important }
    p { margin-block-end: 2em !important }
  `);
  document.adoptedStyleSheets.push(sheet);
}"""
# Text clipped by a box with hidden overflow. Text for screen readers is clipped on
# purpose.
CUT_OFF = """() => {
  const hides = ({ overflowX, overflowY }) =>
    [overflowX, overflowY].some((each) => ["hidden", "clip"].includes(each));
  const lacksRoom = (box) => box.scrollWidth > box.clientWidth + 1
    || box.scrollHeight > box.clientHeight + 1;
  return [...document.querySelectorAll("body *")]
    .filter((box) => !box.closest("svg, select, textarea, input"))
    .filter((box) => box.innerText?.trim() && box.clientWidth > 1 && lacksRoom(box))
    .filter((box) => hides(getComputedStyle(box)))
    .map((box) => box.outerHTML.slice(0, 120));
}"""
STICKS_OUT = "document.documentElement.scrollWidth - innerWidth"


@pytest.mark.parametrize("width", [1280, 320])
@pytest.mark.parametrize("entry", PUBLIC, ids=lambda entry: entry.name)
def test_holds_still_and_has_room(chromium, served, entry, width):
    size = {"viewport": {"width": width, "height": 800}}
    with visit(chromium, served, entry, script=COUNT_SHIFTS, **size) as page:
        shifts = page.evaluate(READ_SHIFTS)
        unfold(page)
        sticks_out = page.evaluate(STICKS_OUT)
        page.evaluate(SPACE_OUT)
        sticks_out_spaced = page.evaluate(STICKS_OUT)
        cut_off = page.evaluate(CUT_OFF)

    assert not shifts
    assert sticks_out <= 0
    assert sticks_out_spaced <= 0
    assert not cut_off


@pytest.mark.django_db(transaction=True)
def test_the_numbers_in_the_margin_are_below_one_another(page):
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto("/")

    numbers = page.evaluate(
        "getComputedStyle(document.querySelector('.lines'), '::before').content"
    )

    # The computed value spells each line break as "\\a".
    assert numbers.startswith((r'"1\a 2\a 3', '"1\n2\n3', r'"1\a2\a3'))
