"""The review page by keyboard, by thumb, and without scripts."""

import re

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.contrib.sessions.models import Session
from playwright.sync_api import expect

from tests.browser.steps import FITS, sign_in
from tests.browser.test_accessible import PARSE_ONCE, violations
from tests.browser.visits import visitor
from tests.factories import (
    deliver,
    make_published_voice,
    make_reason,
    make_report,
    make_signature,
    make_voice,
)
from voices.models import Decision, Hold, Letter, StockSentence, Voice

pytestmark = pytest.mark.django_db(transaction=True)

PATH = "/admin/review/"
SENTENCE = "Please take out the phone number."
# 22 to publish, 8 to decline, and 3 to leave for later.
PLAN = ["publish", "publish", "decline"] * 8 + ["publish", "skip"] * 3 + ["publish"] * 3
KEYS = {"publish": "p", "decline": "d1", "skip": "s"}


@pytest.fixture
def phone(chromium, live_server, queue, site_url):
    options = {"viewport": {"width": 360, "height": 640}, "has_touch": True}
    with visitor(chromium, live_server.url, **options) as context:
        yield context.new_page()


@pytest.fixture(autouse=True)
def choices():
    """One reason and one stock sentence, each with the digit 1."""
    StockSentence.objects.get_or_create(text=SENTENCE, defaults={"position": 1})
    return make_reason()


def make_entries(count):
    """Signers' voices awaiting review, named in the order in which they are shown."""
    for number in range(count):
        name = f"Signer {number:02}"
        voice = make_voice(name=name, statement=f"Statement {number} is about courts.")
        make_signature(voice=voice, name=name)


def open_review(page, count=1):
    make_entries(count)
    sign_in(page, PATH)


def name_shown(page):
    return page.locator(".review-who bdi").first


def is_at_statement(page):
    return page.evaluate("document.activeElement.className") == "review-entry"


def sends(page):
    """The context of one request that decides."""
    return page.expect_response(lambda answer: answer.request.method == "POST")


def is_ready(page):
    expect(page.locator("#review[aria-busy]")).to_have_count(0)
    # Keys are ignored for a moment, so that a double press decides once.
    page.wait_for_timeout(160)


def decide(page, keys):
    """Press the keys, of which the last one decides."""
    for key in keys[:-1]:
        page.keyboard.press(key)
    with sends(page):
        page.keyboard.press(keys[-1])
    is_ready(page)


def tap(page, button):
    """Tap a button that the thumb of the hand with the phone can reach."""
    box = button.bounding_box()
    assert box["height"] >= 48 and box["width"] >= 48, box
    assert box["y"] >= 640 / 3, box
    button.tap()


def tap_to_decide(page, button):
    with sends(page):
        tap(page, button)
    is_ready(page)


def named(page, name):
    return page.get_by_role("button", name=name, exact=True)


def posts(page):
    """Collect the requests that could decide something."""
    sent = []
    page.on("request", lambda asked: asked.method == "POST" and sent.append(asked))
    return sent


def published():
    return set(Voice.objects.published().values_list("name", flat=True))


def test_thirty_decisions_by_keyboard(page, choices):
    open_review(page, len(PLAN))
    requests = []
    page.on(
        "request",
        lambda asked: "/static/" not in asked.url and requests.append(asked.url),
    )
    page.goto(PATH)
    pressed = 0

    for number, wish in enumerate(PLAN):
        expect(name_shown(page)).to_have_text(f"Signer {number:02}")
        decide(page, KEYS[wish])
        pressed += len(KEYS[wish])
        assert number == len(PLAN) - 1 or is_at_statement(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Nothing left to review")

    assert Decision.objects.filter(kind="published").count() == 22
    assert Decision.objects.filter(kind="declined", reason=choices).count() == 8
    assert Voice.objects.waiting().count() == 3
    assert pressed <= 45
    assert len(requests) <= 40
    assert page.get_by_role("button", name="Review the 3").is_visible()


def test_thirty_decisions_by_thumb(phone, choices):
    open_review(phone, len(PLAN))

    for number, wish in enumerate(PLAN):
        expect(name_shown(phone)).to_have_text(f"Signer {number:02}")
        assert phone.evaluate(FITS)
        if wish == "publish":
            tap_to_decide(phone, named(phone, "Publish"))
        elif wish == "decline":
            tap(phone, named(phone, "Decline"))
            tap_to_decide(phone, named(phone, choices.label))
        else:
            phone.locator(".review-more > summary").tap()
            tap_to_decide(phone, named(phone, "Skip"))

    assert Decision.objects.filter(kind="published").count() == 22
    assert Decision.objects.filter(kind="declined", reason=choices).count() == 8
    assert Voice.objects.waiting().count() == 3


def test_the_statement_stays_visible_above_the_reasons_on_a_phone(phone):
    open_review(phone)

    tap(phone, named(phone, "Decline"))
    sheet = phone.locator("#panel-decline").bounding_box()
    statement = phone.locator(".review-statement").bounding_box()
    covered = named(phone, "Publish").is_visible()
    phone.locator("#panel-decline").get_by_role("button", name="Cancel").tap()

    assert 0 <= statement["y"] < sheet["y"]
    assert not covered
    expect(named(phone, "Publish")).to_be_visible()
    assert not Decision.objects.exists()


@pytest.mark.parametrize("keys", ["p", "d1"])
def test_undoing_at_once_is_invisible_to_the_author(page, keys):
    open_review(page, 2)
    decide(page, keys)
    expect(page.locator(".review-undo")).to_contain_text("Signer 00")
    expect(page.locator(".review-undo time")).to_have_text(re.compile(r"^\d+:\d\d$"))

    decide(page, "u")

    assert Voice.objects.waiting().count() == 2
    assert not Letter.objects.in_flight().filter(kind__in=["published", "declined"])


def test_undoing_is_a_tap_away(phone):
    open_review(phone, 2)
    tap_to_decide(phone, named(phone, "Publish"))

    tap_to_decide(phone, named(phone, "Undo"))

    assert published() == set()


def test_undoing_after_the_email_shows_the_next_email_first(page):
    open_review(page, 2)
    decide(page, "p")
    deliver()
    page.reload()
    sent = posts(page)

    page.keyboard.press("u")
    expect(page.locator("#panel-undo pre")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#panel-undo")).to_be_hidden()
    canceled = published()
    page.keyboard.press("u")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    decide(page, ["Enter"])

    assert canceled == {"Signer 00"}
    assert len(sent) == 1
    assert published() == set()


def test_when_the_email_may_have_left_the_page_says_so(page, settings):
    settings.UNDO_MINUTES = 0.02
    open_review(page, 2)

    decide(page, "p")

    expect(page.locator(".review-undo")).to_contain_text("The email may have left.")


def test_a_request_for_changes_starts_with_a_stock_sentence(page):
    open_review(page, 2)

    page.keyboard.press("c")
    page.keyboard.press("1")
    page.keyboard.type(" It has 10 digits.")
    message = page.get_by_label("Message to the author").input_value()
    named(page, SENTENCE).click()
    again = page.get_by_label("Message to the author").input_value()
    letter = page.locator("#letter-changes pre").inner_text()
    decide(page, ["Control+Enter"])

    assert message == again == f"{SENTENCE} It has 10 digits."
    assert message in letter
    assert Voice.objects.get(name="Signer 00").changes_asked == message
    assert is_at_statement(page)


def test_a_hold_keeps_a_note(page):
    open_review(page, 2)

    page.keyboard.press("h")
    page.keyboard.type("Is this the same family?")
    decide(page, ["Control+Enter"])

    expect(name_shown(page)).to_have_text("Signer 01")
    assert Hold.objects.get().note == "Is this the same family?"


def test_a_reported_voice_is_kept_or_taken_down(page, choices):
    for name in ("First", "Second"):
        voice = make_published_voice(name=name)
        make_signature(voice=voice, name=name)
        make_report(voice)
    sign_in(page, PATH)

    expect(page.get_by_role("heading", level=1)).to_have_text("Reported and live")
    page.keyboard.press("p")
    decide(page, "k")
    decide(page, "t1")

    # A second reader decides whether the first one stays.
    taken = Decision.objects.get(kind="taken-down")
    assert taken.reason == choices
    assert Voice.objects.get(name="First").first_read_at


def test_escape_leads_from_a_panel_back_to_the_statement(page):
    open_review(page)
    sent = posts(page)

    for key in ("d", "c", "h"):
        page.keyboard.press(key)
        expect(page.locator(".review-panel.is-open")).to_be_visible()
        page.keyboard.press("p")
        page.keyboard.press("Escape")
        expect(page.locator(".review-panel.is-open")).to_have_count(0)
        assert is_at_statement(page)
        page.keyboard.press("1")

    assert not sent


def test_keys_do_nothing_while_typing_or_with_others(page):
    open_review(page)
    sent = posts(page)

    page.keyboard.press("Alt+p")
    page.keyboard.press("h")
    page.keyboard.type("pdsu")
    note = page.get_by_label("Note or question").input_value()

    assert note == "pdsu"
    assert not sent


def test_keys_can_be_turned_off(page):
    open_review(page)
    sent = posts(page)

    page.keyboard.press("?")
    page.keyboard.press("p")
    page.get_by_role("dialog", name="Keys").get_by_label("Use single-letter").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("p")
    page.reload()
    page.keyboard.press("p")
    hints = page.locator("#review .staff-key:visible").count()
    with sends(page):
        named(page, "Publish").click()
    is_ready(page)

    assert hints == 0
    assert len(sent) == 1
    assert published() == {"Signer 00"}


def test_a_second_press_decides_nothing_while_the_first_is_under_way(page):
    open_review(page, 2)
    waiting = []
    page.route("**/admin/review/", lambda route: waiting.append(route))

    with page.expect_request("**/admin/review/"):
        page.keyboard.press("p")
    expect(page.locator("#review")).to_have_attribute("aria-busy", "true")
    page.keyboard.press("p")
    page.keyboard.press("s")
    with sends(page):
        waiting[0].continue_()
    is_ready(page)

    assert len(waiting) == 1
    assert published() == {"Signer 00"}


def test_a_decision_that_fails_can_be_sent_again(page):
    open_review(page, 2)
    page.keyboard.press("c")
    page.get_by_label("Message to the author").fill("Please say more.")
    page.route("**/admin/review/", lambda route: route.fulfill(status=503))
    decide(page, ["Control+Enter"])
    expect(page.get_by_role("alert")).to_contain_text("The site didn’t answer")
    page.unroute("**/admin/review/")

    with sends(page):
        named(page, "Try again").click()
    is_ready(page)

    assert Voice.objects.get(name="Signer 00").changes_asked == "Please say more."
    expect(page.get_by_role("alert")).to_have_count(0)


def test_what_was_typed_outlives_the_session(page):
    open_review(page)
    page.keyboard.press("c")
    page.get_by_label("Message to the author").fill("Please say more.")
    Session.objects.all().delete()

    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/login/**")
    page.get_by_label("User name").fill("moderator")
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Sign in", exact=True).click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Not saved yet")
    expect(page.get_by_label("Text")).to_have_value("Please say more.")


def test_it_all_works_without_scripts(plain_page, choices):
    page = plain_page
    open_review(page, 5)

    def click(button):
        with page.expect_navigation():
            button.click()

    click(named(page, "Publish"))
    click(named(page, "Undo"))
    undone = published()
    sign_in(page, PATH)
    click(named(page, "Publish"))
    click(page.locator("#panel-decline").get_by_role("button", name=choices.label))
    page.get_by_label("Message to the author").fill("Please say more.")
    click(named(page, "Ask for changes"))
    page.get_by_label("Note or question").fill("Who is this?")
    click(named(page, "Hold"))
    click(named(page, "Skip"))

    assert undone == set()
    assert published() == {"Signer 00"}
    assert Voice.objects.get(name="Signer 01").reason == choices
    assert Voice.objects.get(name="Signer 02").changes_asked == "Please say more."
    assert Hold.objects.get().voice.name == "Signer 03"
    expect(page.get_by_role("heading", level=1)).to_have_text("Nothing left to review")


@pytest.mark.parametrize("width", [1280, 768, 360, 320])
def test_every_panel_fits_and_is_accessible(page, width):
    make_reason("Threat or abuse", "It threatens somebody.")
    open_review(page, 2)
    decide(page, "p")
    page.set_viewport_size({"width": width, "height": 640})
    page.evaluate(AXE_SCRIPT)
    page.evaluate(PARSE_ONCE)

    for key in ("", "d", "c", "h", "?"):
        if key:
            page.keyboard.press(key)
        fits = page.evaluate(FITS)
        problems = []
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            what = "everything" if scheme == "light" else "colors"
            problems += violations(page, what)
        page.keyboard.press("Escape")

        assert fits, key
        assert not problems, (key, problems)
