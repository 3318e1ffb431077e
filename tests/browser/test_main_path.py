"""The site's main job, as people do it: sign, confirm, publish, read."""

import re

import pytest
from django.core import mail

from tests.browser.steps import WORDS, fill_in, link_in_mail, moderate
from tests.committed import make_due, run_worker
from tests.factories import make_published_voice
from tests.faq.texts import make_page

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_voice_goes_from_the_form_by_mail_and_moderator_to_the_wall(page):
    fill_in(page)
    page.get_by_role("button", name="Sign the petition").click()
    run_worker()
    page.goto(link_in_mail("confirm"))
    shown = page.locator("main").inner_text()
    page.get_by_role("button", name="Yes, this is my voice").click()
    thanks = page.get_by_role("heading", level=1).inner_text()
    moderate(page, "Publish")
    make_due()
    run_worker()
    page.goto("/voices/")
    card = page.locator(".voice", has_text=WORDS).inner_text()

    assert WORDS in shown
    assert "Ana R., Nurse, Columbus, Ohio" in shown
    assert thanks == "Thank you for signing."
    assert "Ana R." in card
    assert mail.outbox[-1].subject == "Your voice is published"


def test_the_emailed_code_confirms_on_the_open_page(page):
    fill_in(page)
    page.get_by_role("button", name="Sign the petition").click()
    run_worker()
    code = re.search(r"\b\d{6}\b", mail.outbox[-1].body).group()
    page.get_by_label("Six-digit code").fill(code)
    page.get_by_role("button", name="Confirm with the code").click()

    assert page.get_by_role("heading", level=1).inner_text() == (
        "Thank you for signing."
    )


def test_a_mistake_focuses_the_error_summary_and_keeps_the_input(page):
    fill_in(page, email="ana.example.com")
    page.get_by_role("button", name="Sign the petition").click()
    page.locator(".errors:focus").wait_for()
    page.get_by_role("link", name="Enter an email address").click()

    assert page.evaluate("document.activeElement.id") == "id_email"
    assert page.title().startswith("Error: ")
    assert page.get_by_label("Why do you want").input_value() == WORDS


def test_signing_works_with_the_keyboard_alone(page):
    page.goto("/")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent").strip() == (
            "Add your voice"
        ):
            break
    page.keyboard.press("Enter")
    page.wait_for_url("**/voices/add/")
    page.get_by_label("Your name").focus()
    for keys in ("Ana Reyes", "ana@example.com", "Ohio"):
        page.keyboard.type(keys)
        page.keyboard.press("Tab")
    # Both boxes; Enter in one presses the button.
    for key in ("Space", "Tab", "Space", "Enter"):
        page.keyboard.press(key)
    page.wait_for_url("**/voices/check-your-email/**")

    assert page.get_by_role("heading", level=1).inner_text() == "Check your email"


def test_the_input_survives_a_lost_cookie(page):
    fill_in(page)
    page.context.clear_cookies()
    page.get_by_role("button", name="Sign the petition").click()
    kept = page.get_by_label("Why do you want").input_value()
    page.get_by_role("button", name="Sign the petition").click()

    assert kept == WORDS
    assert page.get_by_role("heading", level=1).inner_text() == "Check your email"


def test_filters_narrow_the_wall_and_are_removed_one_by_one(page):
    make_published_voice(statement="Courts should hear everybody.", state="OH")
    make_published_voice(statement="A court is for all.", state="TX")
    page.goto("/voices/")
    page.get_by_label("Word, name, or place").fill("court")
    page.get_by_label("State", exact=True).select_option("TX")
    page.get_by_role("button", name="Show voices").click()
    narrowed = page.locator(".voice").count()
    page.locator(".chip", has_text="Texas").click()

    assert narrowed == 1
    assert page.locator(".voice").count() == 2


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 320])
@pytest.mark.parametrize("path", ["/", "/voices/", "/voices/add/", "/privacy/"])
def test_no_page_scrolls_sideways(page, path, width, scheme):
    make_published_voice(statement=WORDS * 10)
    make_page("privacy")
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 800})

    page.goto(path)

    assert page.evaluate("document.documentElement.scrollWidth") <= width
