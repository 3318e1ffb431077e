"""A correction and an appeal by keyboard, at two widths, and without scripts."""

import pytest

from tests.browser.steps import tab_to
from tests.browser.visits import visitor
from tests.factories import (
    make_published_voice,
    make_reason,
    make_signature,
    make_staff,
)
from tests.voices.test_managing import manage_path
from voices.models import Appeal, Voice
from voices.moderation import decide

pytestmark = pytest.mark.django_db(transaction=True)

WIDTHS = {360: 640, 1280: 800}


@pytest.fixture(params=WIDTHS)
def page(request, chromium, live_server, queue, site_url, scripts):
    viewport = {"width": request.param, "height": WIDTHS[request.param]}
    options = {"viewport": viewport, "java_script_enabled": scripts}
    with visitor(chromium, live_server.url, **options) as context:
        yield context.new_page()


def write(page, field, text):
    """Go to the field by keyboard, and replace what it says."""
    tab_to(page, field)
    page.keyboard.press("Control+A")
    page.keyboard.type(text)


def test_a_published_voice_is_corrected(page):
    voice = make_published_voice(name="Ana Reyes", city="Columbus", state="OH")
    signature = make_signature(
        voice=voice, name=voice.name, city=voice.city, state=voice.state
    )
    page.goto(manage_path(signature))

    write(page, page.get_by_label("Your name"), "Ana Rey")
    write(page, page.get_by_label("City or town"), "Reno")
    tab_to(page, page.get_by_label("State", exact=True))
    page.keyboard.type("Nev")
    write(page, page.get_by_label("Statement (optional)"), "Everyone should be heard.")
    tab_to(page, page.get_by_role("button", name="Save changes"))
    page.keyboard.press("Enter")
    page.wait_for_url("**/?done=saved")

    assert page.get_by_role("status").inner_text() == "Your changes are saved."
    assert page.get_by_text("Your changes were sent for review").is_visible()
    assert voice.corrections.get().words == {
        "name": "Ana Rey",
        "city": "Reno",
        "state": "NV",
        "statement": "Everyone should be heard.",
    }


def test_a_decline_is_appealed(page):
    signature = make_signature()
    decide.decline(Voice.objects.all(), make_staff(), make_reason(), tell=True)
    page.goto(manage_path(signature))

    write(
        page, page.get_by_label("Why should we decide otherwise?"), "It names nobody."
    )
    tab_to(page, page.get_by_role("button", name="Appeal", exact=True))
    page.keyboard.press("Enter")
    page.wait_for_url("**/?done=appealed")

    assert page.get_by_role("status").inner_text().startswith("We received your appeal")
    assert page.get_by_role("button", name="Appeal", exact=True).count() == 0
    assert Appeal.objects.get().text == "It names nobody."
