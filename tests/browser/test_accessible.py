"""Every page before axe, in each scheme and size."""

import json

import pytest
from axe_playwright_python.base import AXE_SCRIPT

from tests.browser.visits import unfold, visit
from tests.pages import PAGES

# 400 % of a window 1280 wide is laid out in 320 by 256 pixels of CSS, each 4 by 4 dots:
# just what the page's own zoom does, and the size that WCAG 1.4.10 names.
ZOOMED = "zoomed to 400 %"
SIZES = {
    "at 1280": (1280, 900, 1),
    "at 320": (320, 640, 1),
    ZOOMED: (320, 256, 4),
}
SCHEMES = {
    "light": {"color_scheme": "light", "forced_colors": "none"},
    "dark": {"color_scheme": "dark", "forced_colors": "none"},
    "in forced colors": {"color_scheme": "light", "forced_colors": "active"},
}
# What axe sees at one size changes with the scheme in its colors only, so the other
# rules look once at each size. Zoomed in, the layout is that of 320, colors and all, so
# these are left out there; they take most of axe's time.
ABOUT_COLORS = ["color-contrast", "link-in-text-block"]


def looks(entry):
    """The sizes and schemes to look at, and what for."""
    for size in SIZES:
        yield size, "light", "no colors" if size == ZOOMED else "everything"
        # The desk's colors are the same at every size.
        if size == "at 1280" or (size == "at 320" and not entry.staff):
            yield size, "dark", "colors"
            yield size, "in forced colors", "colors"


# In forced colors Chromium tells the color that is painted, but not for the property
# that axe asks for (axe-core issue 3978). We set no fill of text, so they are one.
ASK_FOR_COLOR = """
  const read = CSSStyleDeclaration.prototype.getPropertyValue;
  CSSStyleDeclaration.prototype.getPropertyValue = function (name) {
    return read.call(this, name === "-webkit-text-fill-color" ? "color" : name);
  };
"""
# The admin's links change their color little by little, and the script of Django's box
# for choosing many names an icon that may have no name.
RUN = """async (options) => {
  document.getAnimations().forEach((each) => each.finish());
  const found = await axe.run({ exclude: [".selector .search-label-icon"] }, options);
  return found.violations;
}"""


def axe_options(what):
    """Return the options with which axe looks for colors, everything, or no colors."""
    if what == "colors":
        chosen = {"runOnly": {"type": "rule", "values": ABOUT_COLORS}}
    else:
        off = ABOUT_COLORS if what == "no colors" else []
        rules = {"target-size": True} | dict.fromkeys(off, False)
        chosen = {"rules": {name: {"enabled": on} for name, on in rules.items()}}
    return {"resultTypes": ["violations"], **chosen}


def set_size(page, width, height, dots):
    """Resize the window of a page that is open, without loading it again."""
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
        for size, scheme, what in looks(entry):
            set_size(page, *SIZES[size])
            page.emulate_media(**SCHEMES[scheme])
            if problems := violations(page, what):
                found[f"{scheme}, {size}"] = problems

    assert not found, json.dumps(found, indent=1, ensure_ascii=False)


# Of each letter on the map: its contrast against the color of its state, which axe does
# not measure in a drawing. What is not assessed has a pattern, its lines apart.
CONTRASTS = """() => {
  const light = (color) => {
    const [r, g, b] = color.match(/[\\d.]+/g).map((each) => each / 255)
      .map((c) => c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const fill = (box) => light(getComputedStyle(box).fill);
  return ["g-a", "g-b", "g-c", "g-d", "g-f"].map((grade) => {
    const letter = fill(document.querySelector(`.map text.${grade}`));
    const state = fill(document.querySelector(`.map a.${grade} path`));
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
