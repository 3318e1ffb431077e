"""The rankings as people read them: by keyboard, and on a small screen."""

from io import StringIO
from itertools import pairwise

import pytest
from django.core.management import call_command

from rankings.states import SLUGS

pytestmark = pytest.mark.django_db(transaction=True)

FOCUSED = """() => {
  const box = document.activeElement.getBoundingClientRect();
  return {
    label: document.activeElement.getAttribute("aria-label"),
    width: getComputedStyle(document.activeElement.querySelector("path")).strokeWidth,
    seen: box.bottom > 0 && box.top < innerHeight,
  };
}"""

# The cells of each question in a comparison, and the state that each is marked with.
CELLS = """() => [...document.querySelectorAll(".compare tbody tr")].map((row) =>
  [...row.cells].map((cell) => {
    const { top, bottom, left } = cell.getBoundingClientRect();
    const state = getComputedStyle(cell, "::before").content.split(" / ")[0];
    return { top, bottom, left, state };
  }))"""


@pytest.fixture(autouse=True)
def editions(live_server):
    call_command("load_rankings", stdout=StringIO())


def test_every_state_on_the_map_is_reached_with_the_keyboard(page):
    # So that scrolling is instant.
    page.emulate_media(reduced_motion="reduce")
    page.goto("/rankings/")
    page.get_by_role("link", name="Skip the map and go to the table").focus()
    names = []
    for _ in SLUGS:
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED)
        assert focused["width"] == "7px"
        assert focused["seen"], focused["label"]
        names.append(focused["label"])
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/rankings/wisconsin/")

    assert len(set(names)) == 51
    assert names[0] == "Alabama, grade F, group 5: No suit"
    assert names[7] == "DE, Delaware, grade F, group 5: No suit"
    assert names[12] == "Idaho, not yet assessed"
    assert page.get_by_role("heading", level=1).inner_text() == "Wisconsin"


def test_the_map_can_be_skipped(page):
    page.goto("/rankings/")
    page.get_by_role("link", name="Skip the map and go to the table").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")

    assert page.evaluate("document.activeElement.textContent") == "How we grade"


def test_the_table_sorts_and_stays_in_view(page):
    page.goto("/rankings/")
    page.get_by_role("columnheader", name="Points").get_by_role("link").click()
    page.wait_for_url("**/?sort=score#table")
    first = page.locator("tbody tr").first.inner_text()
    page.get_by_role("columnheader", name="State").get_by_role("link").click()
    page.wait_for_url("**/?sort=state#table")

    assert "New Mexico" in first
    assert "Alabama" in page.locator("tbody tr").first.inner_text()


def test_a_small_screen_has_tiles_in_place_of_the_map(page):
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto("/rankings/")

    assert not page.locator("svg.state-map").is_visible()
    tiles = page.locator(".tiles a")
    assert tiles.count() == 51
    for tile in tiles.all():
        box = tile.bounding_box()
        assert box["width"] >= 44
        assert box["height"] >= 44
    page.locator(".tiles").get_by_role("link", name="New Mexico, grade A").click()
    page.wait_for_url("**/rankings/new-mexico/")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_a_large_screen_has_the_map_and_no_tiles(page):
    page.goto("/rankings/")

    assert page.locator("svg.state-map").is_visible()
    assert not page.locator(".tiles").is_visible()


@pytest.mark.parametrize("width", [1280, 320])
@pytest.mark.parametrize(
    "path",
    [
        "/rankings/?sort=ij",
        "/rankings/virginia/",
        "/rankings/new-york/",
        "/rankings/idaho/",
        "/rankings/compare/?s=NM&s=TX&s=CA&s=VA",
        "/rankings/methodology/",
        "/rankings/report/",
        "/rankings/atlantis/",
    ],
)
def test_no_page_scrolls_sideways(page, path, width):
    page.set_viewport_size({"width": width, "height": 640})

    page.goto(path)
    page.evaluate("document.querySelectorAll('details').forEach((d) => d.open = true)")

    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_comparison_stacks_by_question_on_a_phone(page):
    page.set_viewport_size({"width": 360, "height": 640})
    page.goto("/rankings/compare/?s=NM&s=TX")

    rows = page.evaluate(CELLS)

    assert len(rows) > 5
    for question, *answers in rows:
        assert [answer["state"] for answer in answers] == ['"New Mexico"', '"Texas"']
        stack = [question, *answers]
        for above, below in pairwise(stack):
            assert below["top"] >= above["bottom"]
        assert {cell["left"] for cell in stack} == {question["left"]}
    tops = [question["top"] for question, *_ in rows]
    assert tops == sorted(tops)


def test_a_comparison_is_a_table_on_a_large_screen(page):
    page.goto("/rankings/compare/?s=NM&s=TX")

    for question, *answers in page.evaluate(CELLS):
        lefts = [question["left"], *(answer["left"] for answer in answers)]
        assert lefts == sorted(set(lefts))
        assert {answer["top"] for answer in answers} == {question["top"]}
        assert {answer["state"] for answer in answers} == {"none"}


def test_a_state_is_compared_with_another_chosen_from_its_page(page):
    page.goto("/rankings/colorado/")
    page.get_by_label("Compare Colorado with").select_option("New Mexico")
    page.get_by_role("button", name="Compare").click()

    heading = page.get_by_role("heading", level=1).inner_text()
    assert heading == "Colorado and New Mexico"


def test_an_error_is_reported_from_the_page_of_a_state(page):
    page.goto("/rankings/colorado/")
    page.get_by_role("link", name="Report it, ideally with a source").click()
    chosen = page.get_by_label("Which state is it about?").input_value()
    page.get_by_label("What is wrong").fill("The law has changed.")
    page.get_by_role("button", name="Send the report").click()

    assert chosen == "CO"
    assert page.get_by_role("heading", level=1).inner_text().startswith("Thank you.")
