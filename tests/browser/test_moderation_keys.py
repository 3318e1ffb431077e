"""The queue's optional keyboard shortcuts."""

import pytest
from playwright.sync_api import expect

from tests.browser.steps import sign_in
from tests.factories import make_voice
from voices.models import Voice

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def queue_page(page):
    for name in ("First", "Second", "Third"):
        make_voice(name=name)
    sign_in(page, "/admin/voices/awaitingvoice/")
    return page


def current(page):
    return page.locator("tr[aria-current=true]")


def published():
    return set(Voice.objects.published().values_list("name", flat=True))


def test_a_key_decides_on_the_row_that_is_current_and_on_no_other(queue_page):
    queue_page.keyboard.press("j")
    queue_page.keyboard.press("j")
    expect(current(queue_page)).to_contain_text("Second")
    assert queue_page.evaluate("document.activeElement.textContent").strip() != ""

    with queue_page.expect_navigation():
        queue_page.keyboard.press("p")

    assert published() == {"Second"}


def test_undoing_is_two_presses_away(queue_page):
    queue_page.keyboard.press("j")
    with queue_page.expect_navigation():
        queue_page.keyboard.press("p")
    with queue_page.expect_navigation():
        queue_page.keyboard.press("u")
    expect(current(queue_page)).to_contain_text("First")

    with queue_page.expect_navigation():
        queue_page.keyboard.press("u")

    assert published() == set()


def test_undoing_is_available_even_with_an_empty_queue(queue_page):
    for _ in range(3):
        queue_page.keyboard.press("j")
        with queue_page.expect_navigation():
            queue_page.keyboard.press("p")
    queue_page.goto("/admin/voices/awaitingvoice/")
    keys = queue_page.locator(".keys").inner_text()

    with queue_page.expect_navigation():
        queue_page.keyboard.press("u")

    expect(current(queue_page)).to_contain_text("Third")
    assert keys.startswith("U see or undo your latest decision")


def test_before_the_first_decision_no_key_undoes_one(queue_page):
    keys = queue_page.locator(".keys").inner_text()

    assert "undo" not in keys


def test_declining_asks_for_the_reason_first(queue_page):
    queue_page.keyboard.press("j")

    with queue_page.expect_navigation():
        queue_page.keyboard.press("d")

    expect(queue_page.get_by_label("Reason:", exact=True)).to_be_visible()
    assert not Voice.objects.filter(declined_at__isnull=False).exists()


def test_without_a_row_in_a_field_or_turned_off_no_key_decides(queue_page):
    queue_page.keyboard.press("p")
    queue_page.keyboard.press("j")
    queue_page.get_by_label("Action:").focus()
    queue_page.keyboard.press("p")
    queue_page.keyboard.press("Escape")
    queue_page.get_by_label("Use these keys").uncheck()
    queue_page.keyboard.press("p")
    queue_page.reload()
    still_off = queue_page.get_by_label("Use these keys").is_checked()
    queue_page.keyboard.press("j")

    assert still_off is False
    assert current(queue_page).count() == 0
    assert published() == set()


@pytest.mark.parametrize("width", [768, 1024, 1100])
def test_the_queue_shows_every_column_on_a_tablet(page, width):
    make_voice(statement="A right that nobody can enforce is not a right. " * 5)
    page.set_viewport_size({"width": width, "height": 800})
    sign_in(page, "/admin/voices/awaitingvoice/")

    hidden = page.locator(".results").evaluate("e => e.scrollWidth - e.clientWidth")

    assert hidden == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width
