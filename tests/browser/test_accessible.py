"""Runs axe on every page, in each color scheme and size."""

import json

import pytest
from axe_playwright_python.base import AXE_SCRIPT

from tests.browser.visits import unfold, visit
from tests.pages import PAGES

# A window 1280 pixels wide, zoomed to 400%, has a layout of 320 by 256 CSS pixels at a
# device pixel ratio of 4: the size that WCAG 1.4.10 names.
SIZES = {
    "at 1280": (1280, 900, 1),
    "at 320": (320, 640, 1),
    "zoomed to 400%": (320, 256, 4),
}
SCHEMES = {
    "light": {"color_scheme": "light", "forced_colors": "none"},
    "dark": {"color_scheme": "dark", "forced_colors": "none"},
    "in forced colors": {"color_scheme": "light", "forced_colors": "active"},
}
# At one size, a scheme changes only colors, so the other rules run once per size. The
# color rules take most of axe's time, so they don't run where colors are known to be
# the same: when zoomed as at 320, and in the admin at 320 as at 1280.
ABOUT_COLORS = ["color-contrast", "link-in-text-block"]


def looks(entry):
    """Yield each size and scheme to check, and which rules to run there."""
    for size in SIZES:
        colors = size == "at 1280" or (size == "at 320" and not entry.staff)
        yield size, "light", "everything" if colors else "no colors"
        if colors:
            yield size, "dark", "colors"
            yield size, "in forced colors", "colors"


# In forced colors, Chromium reports the painted color, but not for the property that
# axe reads (axe-core issue 3978). We set no text fill, so the two are the same.
ASK_FOR_COLOR = """
  const read = CSSStyleDeclaration.prototype.getPropertyValue;
  CSSStyleDeclaration.prototype.getPropertyValue = function (name) {
    return read.call(this, name === "-webkit-text-fill-color" ? "color" : name);
  };
"""
# axe parses the same few colors again for every element, which takes a third of its
# time. Parse each only once; the result depends on nothing else.
PARSE_ONCE = """() => {
  const { prototype } = axe.commons.color.Color, parse = prototype.parseString;
  const parsed = new Map();
  prototype.parseString = function (text) {
    if (parsed.has(text)) return Object.assign(this, parsed.get(text));
    parse.call(this, text);
    const { r, g, b, alpha } = this;
    parsed.set(text, { r, g, b, alpha });
    return this;
  };
}"""
# The admin's links have a color transition, and Django's filter widget labels an icon
# that may not have a label.
RUN = """async (options) => {
  document.getAnimations().forEach((each) => each.finish());
  const found = await axe.run({ exclude: [".selector .search-label-icon"] }, options);
  return found.violations;
}"""


def axe_options(what):
    """Return axe's options for checking colors, everything, or all but colors."""
    if what == "colors":
        chosen = {"runOnly": {"type": "rule", "values": ABOUT_COLORS}}
    else:
        off = ABOUT_COLORS if what == "no colors" else []
        rules = {"target-size": True} | dict.fromkeys(off, False)
        chosen = {"rules": {name: {"enabled": on} for name, on in rules.items()}}
    return {"resultTypes": ["violations"], **chosen}


def set_size(page, width, height, dots):
    """Resize the window of an open page without reloading it."""
    session = page.context.new_cdp_session(page)
    session.send(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": dots, "mobile": False},
    )
    session.detach()


def violations(page, what):
    return [
        f"{found['id']}: {node['html'][:200]} {node['failureSummary']}"
        for found in page.evaluate(RUN, axe_options(what))
        for node in found["nodes"]
    ]


@pytest.mark.parametrize("entry", PAGES, ids=lambda entry: entry.name)
def test_axe_finds_nothing(chromium, served, entry):
    found = {}
    with visit(chromium, served, entry, reduced_motion="reduce") as page:
        unfold(page)
        page.evaluate(ASK_FOR_COLOR + AXE_SCRIPT)
        page.evaluate(PARSE_ONCE)
        for size, scheme, what in looks(entry):
            set_size(page, *SIZES[size])
            page.emulate_media(**SCHEMES[scheme])
            if problems := violations(page, what):
                found[f"{scheme}, {size}"] = problems

    assert not found, json.dumps(found, indent=1, ensure_ascii=False)


# Contrast of each letter on the map with its state's color, because axe does not
# measure text in SVG. States not assessed have a pattern with gaps between its lines.
CONTRASTS = """() => {
  const light = (color) => {
    const [r, g, b] = color.match(/[\\d.]+/g).map((each) => each / 255)
      .map((c) => c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const fill = (box) => light(getComputedStyle(box).fill);
  return ["grade-a", "grade-b", "grade-c", "grade-d", "grade-f"].map((grade) => {
    const letter = fill(document.querySelector(`.state-map text.${grade}`));
    const state = fill(document.querySelector(`.state-map a.${grade} path`));
    return (Math.max(letter, state) + .05) / (Math.min(letter, state) + .05);
  });
}"""


@pytest.mark.parametrize("forced", ["none", "active"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_letters_on_the_map_stand_out(chromium, served, scheme, forced):
    entry = next(page for page in PAGES if page.name == "rankings")
    look = {"color_scheme": scheme, "forced_colors": forced}
    with visit(chromium, served, entry, **look) as page:
        contrasts = page.evaluate(CONTRASTS)

    assert min(contrasts) >= 4.5, contrasts
