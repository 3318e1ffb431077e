"""Reading by keyboard alone, without JavaScript, with reduced motion, and on paper."""

import re
import zlib

import pytest
from django.core import mail

from tests.browser.steps import WORDS, link_in_mail, tab_to
from tests.browser.visits import visit
from tests.committed import run_worker
from tests.pages import PUBLIC
from voices.models import Signature

signing = pytest.mark.django_db(transaction=True)


def fill_in_by_keyboard(page):
    tab_to(page, page.get_by_label("Your name"))
    for keys in ("Ana Reyes", "ana@example.com", "Ohio"):
        page.keyboard.type(keys)
        page.keyboard.press("Tab")
    for words in ("I am 18 or older", "I have read the privacy notice"):
        label = page.get_by_label(words)
        if not label.evaluate("(box) => box === document.activeElement"):
            tab_to(page, label)
        page.keyboard.press("Space")
    tab_to(page, page.locator("summary", has_text="Say why"))
    page.keyboard.press("Enter")
    for keys in (WORDS, "Columbus", "Nurse"):
        page.keyboard.press("Tab")
        page.keyboard.type(keys)


def press_by_keyboard(page, name, role="button"):
    tab_to(page, page.get_by_role(role, name=name).first)
    with page.expect_navigation():
        page.keyboard.press("Enter")


@signing
def test_signing_to_withdrawing_works_by_keyboard(page):
    page.goto("/")
    press_by_keyboard(page, "Add your voice", role="link")
    fill_in_by_keyboard(page)
    press_by_keyboard(page, "Sign with these words")
    run_worker()
    page.goto(link_in_mail("confirm"))
    press_by_keyboard(page, "Yes, this is my voice")
    press_by_keyboard(page, "ask for a private link by email", role="link")
    tab_to(page, page.get_by_label("Email"))
    page.keyboard.type("ana@example.com")
    press_by_keyboard(page, "Email me the link")
    run_worker()
    page.goto(link_in_mail("manage"))
    tab_to(page, page.get_by_label("Yes, take my voice off the site."))
    page.keyboard.press("Space")
    press_by_keyboard(page, "Withdraw")

    assert (
        page.get_by_role("status")
        .first.inner_text()
        .startswith("Your voice is withdrawn.")
    )
    assert Signature.objects.get().withdrawn_at


@signing
def test_signing_to_withdrawing_works_without_javascript(plain_page):
    page = plain_page
    page.goto("/")
    page.get_by_role("link", name="Add your voice").first.click()
    page.get_by_label("Your name").fill("Ana Reyes")
    page.get_by_label("State", exact=True).select_option("OH")
    page.get_by_label("I am 18 or older").check()
    page.get_by_label("I have read the privacy notice").check()
    page.get_by_role("button", name="Sign the petition").click()
    mistake = page.locator(".errors").inner_text()
    page.get_by_label("Email").fill("ana@example.com")
    page.get_by_role("button", name="Sign the petition").click()
    run_worker()
    page.goto(link_in_mail("confirm"))
    page.get_by_role("button", name="Yes, this is my voice").click()
    page.get_by_role("link", name="ask for a private link by email").click()
    page.get_by_label("Email").fill("ana@example.com")
    page.get_by_role("button", name="Email me the link").click()
    run_worker()
    page.goto(link_in_mail("manage"))
    page.get_by_label("Yes, take my voice off the site.").check()
    page.get_by_role("button", name="Withdraw").click()

    assert "email" in mistake
    assert len(mail.outbox) == 2
    assert (
        page.get_by_role("status")
        .first.inner_text()
        .startswith("Your voice is withdrawn.")
    )
    assert Signature.objects.get().withdrawn_at


def entry_named(name):
    return next(page for page in PUBLIC if page.name == name)


MOVING = """() => [...document.querySelectorAll("*")].filter((box) => {
  const { transitionDuration, animationName, scrollBehavior } = getComputedStyle(box);
  return transitionDuration !== "0s" || animationName !== "none"
    || scrollBehavior === "smooth";
}).length"""


@pytest.mark.parametrize("name", ["index", "voices", "rankings", "faq", "share"])
def test_nothing_moves_with_reduced_motion(chromium, served, name):
    with visit(chromium, served, entry_named(name)) as page:
        moving = page.evaluate(MOVING)
        page.emulate_media(reduced_motion="reduce")
        still_moving = page.evaluate(MOVING)

    assert moving
    assert not still_moving


def glyphs(pdf):
    """How often a PDF sets text: never on an empty page."""
    streams = re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL)
    count = 0
    for stream in streams:
        try:
            count += len(re.findall(rb"\bT[jJ]\b", zlib.decompress(stream)))
        except zlib.error:
            continue
    return count


@pytest.mark.parametrize("name", ["index", "explainer", "voice", "share"])
def test_print_has_the_text_without_navigation(chromium, served, name):
    with visit(chromium, served, entry_named(name)) as page:
        pdf = page.pdf(format="Letter")
        page.emulate_media(media="print")
        shown = page.locator("main").inner_text()
        around = [
            selector
            for selector in (
                ".site-nav",
                ".skip-link",
                ".filters",
                ".pager",
                "main .btn",
            )
            for box in page.locator(selector).all()
            if box.is_visible()
        ]

    assert pdf.startswith(b"%PDF")
    assert glyphs(pdf) > 5
    assert len(shown) > 40
    assert not around


@pytest.mark.parametrize("name", ["poster", "poster-table-tent", "poster-tear-off"])
@pytest.mark.parametrize("paper", ["Letter", "A4"])
@pytest.mark.parametrize("margin", ["0", "0.4in"])
def test_a_poster_fits_one_page(chromium, served, name, paper, margin):
    margins = dict.fromkeys(["top", "right", "bottom", "left"], margin)
    with visit(chromium, served, entry_named(name)) as page:
        pdf = page.pdf(format=paper, margin=margins)

    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 1
