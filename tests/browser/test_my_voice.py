"""The full life cycle of a signature, as its signer and a moderator see it."""

import pytest

from tests.browser.steps import WORDS, fill_in, heading, link_in_mail, moderate
from tests.committed import make_due, run_worker

pytestmark = pytest.mark.django_db(transaction=True)


def sign_and_publish(page):
    fill_in(page)
    page.get_by_role("button", name="Sign the petition").click()
    run_worker()
    page.goto(link_in_mail("confirm"))
    page.get_by_role("button", name="Yes, this is my voice").click()
    moderate(page, "Publish")
    make_due()
    run_worker()


def test_a_voice_is_corrected_read_again_and_withdrawn(page):
    sign_and_publish(page)
    mine = link_in_mail("manage")
    page.goto(mine)
    page.get_by_role("link", name="See its page").click()
    its_page = page.url

    page.goto(mine)
    page.get_by_label("Statement (optional)").fill("Everybody should be heard.")
    page.get_by_label("City or town").fill("Reno")
    page.get_by_label("State", exact=True).select_option("NV")
    page.get_by_role("button", name="Save changes").click()
    said = page.get_by_role("status").inner_text()
    page.goto(its_page)
    before = page.locator("main").inner_text()
    moderate(page, "Publish")
    page.goto(its_page)
    after = page.locator("main").inner_text()
    page.goto(mine)
    page.get_by_label("Yes, take my voice off the site.").check()
    page.get_by_role("button", name="Withdraw").click()
    withdrawn = page.get_by_role("status").inner_text()
    gone = page.goto(its_page)

    assert said == "Your changes are saved."
    assert WORDS in before
    assert "Reno" not in before
    assert "Reno" in after
    assert "Everybody should be heard." in after
    assert withdrawn.startswith("Your voice is withdrawn.")
    assert gone.status == 410


def test_erasing_leaves_nothing_and_says_so(page):
    sign_and_publish(page)
    mine = link_in_mail("manage")
    page.goto(mine)
    page.get_by_role("button", name="Erase everything").click()
    page.locator(".errors:focus").wait_for()
    page.get_by_label("Yes, delete what I gave you.").check()
    page.get_by_role("button", name="Erase everything").click()
    done = heading(page)
    page.goto(mine)

    assert done == "Everything is erased"
    assert heading(page) == "This link no longer manages anything"


def test_the_link_comes_by_mail_and_the_keyboard_is_enough(page):
    sign_and_publish(page)
    page.goto("/voices/manage/")
    page.get_by_label("Email").focus()
    page.keyboard.type("ana@example.com")
    page.keyboard.press("Enter")
    page.wait_for_url("**/voices/manage/sent/")
    run_worker()
    page.goto(link_in_mail("manage"))
    page.get_by_label("Yes, take my voice off the site.").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/?done=withdrawn")

    assert page.get_by_role("status").inner_text().startswith("Your voice is withdrawn")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 320])
def test_the_page_to_manage_it_never_scrolls_sideways(page, width, scheme):
    sign_and_publish(page)
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 800})

    page.goto(link_in_mail("manage"))

    assert page.evaluate("document.documentElement.scrollWidth") <= width
