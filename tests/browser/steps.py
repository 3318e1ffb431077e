"""Steps of visitors and moderators that several tests share."""

import re

from django.contrib.auth import get_user_model
from django.core import mail

from tests.factories import make_staff

WORDS = "Nobody should need a lucky precedent to be heard."
BOXES = ("I am 18 or older", "I have read the privacy notice")
FITS = "(html => html.scrollWidth <= html.clientWidth)(document.documentElement)"


def fill_in(page, **fields):
    page.goto(fields.get("path", "/voices/add/"))
    page.get_by_label("Your name").fill(fields.get("name", "Ana Reyes"))
    page.get_by_label("Email").fill(fields.get("email", "ana@example.com"))
    page.get_by_label("State", exact=True).select_option("OH")
    page.get_by_text("Say why, or change").click()
    page.get_by_label("First name and last initial").check()
    page.get_by_label("City or town").fill("Columbus")
    page.get_by_label("Profession (optional)").fill("Nurse")
    page.get_by_label("Why do you want").fill(fields.get("statement", WORDS))
    for words in BOXES:
        page.get_by_label(words).check()


def first_step(page, email="ana@example.com"):
    page.get_by_label("Your name").fill("Ana Reyes")
    page.get_by_label("Email").fill(email)
    page.get_by_label("State", exact=True).select_option("DC")
    for words in BOXES:
        page.get_by_label(words).check()


def heading(page):
    return page.get_by_role("heading", level=1).inner_text()


def tab_to(page, target, stops=150):
    """Press Tab until the target has the focus, at most this many times."""
    for _ in range(stops):
        page.keyboard.press("Tab")
        if target.evaluate("(box) => box === document.activeElement"):
            return
    raise AssertionError(f"The keyboard can't reach {target}.")


def link_in_mail(kind):
    body = mail.outbox[-1].body
    return re.search(rf"https?://\S+/{kind}/\S+", body).group()


def sign_in(page, path):
    """Go to the path, signing in as a moderator if necessary."""
    page.goto(path)
    if "/login/" in page.url:
        if not get_user_model().objects.exists():
            make_staff(password="correct horse battery")
        page.get_by_label("User name").fill("moderator")
        page.get_by_label("Password").fill("correct horse battery")
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.wait_for_url(f"**{path}")
    page.wait_for_load_state("load")


def moderate(page, action):
    """Run an action on every voice in the queue."""
    sign_in(page, "/admin/voices/awaitingvoice/")
    for box in page.locator("input.action-select").all():
        box.check()
    page.get_by_label("Action:").select_option(label=action)
    page.get_by_role("button", name="Run").click()
