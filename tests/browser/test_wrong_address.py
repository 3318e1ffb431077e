"""“Wrong address?”: at two widths, by keyboard, and without scripts."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core import mail

from tests.browser.steps import FITS, first_step, heading, tab_to
from tests.browser.visits import visitor
from tests.factories import deliver
from voices.models import Signature, Submission

pytestmark = pytest.mark.django_db(transaction=True)

WIDTHS = {360: 640, 1280: 800}


@pytest.fixture(params=WIDTHS)
def page(request, chromium, live_server, queue, site_url, scripts):
    viewport = {"width": request.param, "height": WIDTHS[request.param]}
    options = {"viewport": viewport, "java_script_enabled": scripts}
    with visitor(chromium, live_server.url, **options) as context:
        page = context.new_page()
        page.goto("/voices/add/?state=OH")
        first_step(page, email="ana@wrong.example")
        page.get_by_role("button", name="Sign the petition").click()
        page.wait_for_url("**/check-your-email/**")
        yield page


def open_by_keyboard(page):
    tab_to(page, page.locator("summary", has_text="Wrong address?"), stops=40)
    page.keyboard.press("Enter")
    field = page.get_by_label("Your email address")
    tab_to(page, field, stops=40)
    return field


def test_the_address_is_corrected_by_keyboard(page):
    before = page.url
    assert not page.get_by_label("Your email address").is_visible()

    open_by_keyboard(page)
    page.keyboard.type("ana@right.example")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: url != before)

    assert heading(page) == "Check your email"
    assert page.get_by_text("a•••@right.example").first.is_visible()
    deliver()
    assert [message.to for message in mail.outbox] == [["ana@right.example"]]
    Submission.objects.unconfirmed().get().confirm()
    assert Signature.objects.get().email == "ana@right.example"


def test_a_mistake_is_shown_at_the_field_with_what_was_typed(page):
    open_by_keyboard(page)
    page.keyboard.type("nobody")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="There is a problem").wait_for()

    field = page.get_by_label("Your email address")
    assert field.is_visible()
    assert field.input_value() == "nobody"
    page.get_by_role("alert").get_by_role("link").click()
    field.fill("ana@right.example")
    page.keyboard.press("Enter")
    page.get_by_text("The address of your form was changed").wait_for()


@pytest.mark.parametrize(
    ("answer", "email"),
    [
        ("Yes, change it", "ana@gmail.com"),
        ("No, keep mine", "ana@gmial.com"),
        # Enter in the field keeps what was typed.
        ("", "ana@gmial.com"),
    ],
)
def test_a_suggestion_is_answered_by_keyboard(page, answer, email):
    open_by_keyboard(page)
    page.keyboard.type("ana@gmial.com")
    page.keyboard.press("Enter")
    asked = page.locator("#email-suggestion")
    assert "Did you mean ana@gmail.com?" in asked.inner_text()
    if answer:
        tab_to(page, page.get_by_role("button", name=answer), stops=40)
    else:
        page.get_by_label("Your email address").focus()
    page.keyboard.press("Enter")
    page.get_by_text("The address of your form was changed").wait_for()

    assert Submission.objects.unconfirmed().get().email == email


def test_after_two_corrections_there_is_a_way_on(page):
    for number in range(2):
        open_by_keyboard(page)
        page.keyboard.type(f"ana@right{number}.example")
        page.keyboard.press("Enter")
        page.get_by_text(f"a•••@right{number}.example").first.wait_for()

    assert page.locator("summary", has_text="Wrong address?").count() == 0
    page.get_by_role("link", name="fill in the form again").click()
    assert heading(page) == "Sign to end qualified immunity"


def test_going_back_shows_that_the_address_was_changed(page):
    before = page.url
    open_by_keyboard(page)
    page.keyboard.type("ana@right.example")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: url != before)

    page.goto(before)

    assert heading(page) == "The address of this form was changed"


@pytest.mark.parametrize("scripts", [True], indirect=True)
def test_it_passes_axe_and_its_targets_are_large(page):
    field = open_by_keyboard(page)
    targets = [
        page.locator("summary", has_text="Wrong address?"),
        field,
        page.get_by_role("button", name="Change the address"),
    ]

    assert min(each.bounding_box()["height"] for each in targets) >= 44
    assert page.evaluate(FITS)
    assert Axe().run(page).violations_count == 0
    for typed in ("nobody", "ana@gmial.com"):
        field.fill(typed)
        with page.expect_navigation() as navigation:
            field.press("Enter")
        assert navigation.value.status == 422
        assert page.evaluate(FITS)
        assert Axe().run(page).violations_count == 0
