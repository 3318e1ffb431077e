"""Every target is large enough for a finger, on every public page."""

import json

import pytest

from tests.browser.visits import unfold, visit
from tests.pages import PUBLIC

# WCAG 2.5.5 asks for 44 by 44 pixels, and exempts links in running text: text that has
# words beside its links, as "Not here? Ask us." has, and "CSV · JSON" hasn't. The label
# of a checkbox is part of its target.
SMALL = r"""() => {
  const TARGETS = "a[href], button, input, select, textarea, summary, [tabindex='0']";
  const inline = (box) => getComputedStyle(box).display.startsWith("inline");
  const block = (box) => inline(box) ? block(box.parentElement) : box;
  const inRunningText = (link) => {
    if (!link.matches("a") || !inline(link)) return false;
    const around = block(link.parentElement);
    const texts = document.createTreeWalker(around, NodeFilter.SHOW_TEXT);
    let words = getComputedStyle(around, "::before").content;
    while (texts.nextNode()) {
      const parent = texts.currentNode.parentElement;
      if (block(parent) !== around || parent.closest(TARGETS)) continue;
      if (!parent.closest(".visually-hidden")) words += texts.currentNode.data;
    }
    return /\p{L}{2}/u.test(words.replace(/^none/, ""));
  };
  const size = (box) => {
    const labels = box.matches("[type=checkbox], [type=radio]") ? box.labels : [];
    const boxes = [box, ...labels].map((each) => each.getBoundingClientRect());
    const span = (from, to) => Math.max(...boxes.map((each) => each[to]))
      - Math.min(...boxes.map((each) => each[from]));
    return { width: span("left", "right"), height: span("top", "bottom") };
  };
  const seen = (box) => box.checkVisibility({ visibilityProperty: true })
    && box.getBoundingClientRect().right > 0;
  // A form's first button, hidden from everybody, is what Enter presses.
  return [...document.querySelectorAll(`:is(${TARGETS}):not([aria-hidden=true])`)]
    .filter((box) => seen(box) && !inRunningText(box))
    .map((box) => [size(box), box])
    .filter(([{ width, height }]) => width < 43.9 || height < 43.9)
    .map(([{ width, height }, box]) =>
      `${width.toFixed(1)} x ${height.toFixed(1)}: ${box.outerHTML.slice(0, 160)}`);
}"""


@pytest.mark.parametrize("entry", PUBLIC, ids=lambda entry: entry.name)
def test_every_target_has_44_pixels_on_a_phone(chromium, served, entry):
    size = {"viewport": {"width": 360, "height": 640}}
    with visit(chromium, served, entry, **size) as page:
        unfold(page)
        small = page.evaluate(SMALL)

    assert not small, json.dumps(small, indent=1, ensure_ascii=False)
