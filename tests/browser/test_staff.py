"""Setting up a staff account and signing in to it, in a real browser."""

import re

import pytest
from django.contrib.auth import get_user_model
from django.core import mail
from django.core.cache import cache

from accounts import inviting
from accounts.roles import Role, make_roles
from tests.accounts.steps import PASSWORD, code
from tests.browser.steps import heading, link_in_mail
from tests.committed import run_worker

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def deployed(settings):
    """Require the second factor, as in a deployment."""
    settings.SECOND_FACTOR = True
    cache.clear()


@pytest.fixture
def key(page):
    """A virtual authenticator with its owner present."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    made = session.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    return session, made["authenticatorId"]


def invite(role=Role.ADMINISTRATOR):
    make_roles()
    inviting.invite("pat@example.org", role)
    run_worker()
    return link_in_mail("accounts/invitation")


def make_passkey(page):
    page.goto(invite())
    page.get_by_role("button", name="Create a passkey").click()
    page.wait_for_url("**/recovery-codes/")


def sign_out(page):
    page.goto("/accounts/logout/")
    page.get_by_role("button", name="Sign out").click()


def test_an_invitation_is_accepted_with_a_passkey(page, key):
    make_passkey(page)
    codes = page.locator(".codes li").count()
    page.get_by_role("link", name="Go to the admin").click()
    page.wait_for_url("**/admin/")
    sign_out(page)
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url("**/admin/")

    assert codes == 10
    assert heading(page) == "Admin"
    assert not get_user_model().objects.get().has_usable_password()


def test_a_key_without_user_verification_makes_no_account(page, key):
    session, authenticator = key
    session.send(
        "WebAuthn.setUserVerified",
        {"authenticatorId": authenticator, "isUserVerified": False},
    )

    page.goto(invite())
    page.get_by_role("button", name="Create a passkey").click()
    page.get_by_role("alert").filter(has_text="Nothing was changed").wait_for()

    assert not get_user_model().objects.get().is_active
    assert page.get_by_role("button", name="Create a passkey").is_enabled()


def test_one_device_takes_one_passkey_and_says_so(page, key):
    make_passkey(page)
    page.goto("/accounts/2fa/webauthn/add/")
    page.get_by_role("button", name="Create a passkey").click()
    page.get_by_role("alert").filter(has_text="a passkey for this account").wait_for()


def test_a_passkey_reauthenticates(page, key):
    make_passkey(page)

    page.goto("/accounts/2fa/webauthn/reauthenticate/?next=/accounts/2fa/")
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url(re.compile(r"^[^?]*/accounts/2fa/$"))

    assert heading(page) == "Your account"


def test_an_invitation_is_accepted_with_a_password_and_an_app(page):
    page.goto(invite(Role.ORGANIZER))
    page.get_by_role("link", name="Use a password and an app").click()
    secret = page.locator(".key-text").inner_text()
    shown = page.locator(".qr-code").evaluate("image => image.naturalWidth")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Repeat the password").fill(PASSWORD)
    page.get_by_label("Six-digit code").fill(code(secret))
    page.get_by_role("button", name="Set up my account").click()
    spare = page.locator(".codes li").first.inner_text()
    page.get_by_role("link", name="Go to the admin").click()
    page.wait_for_url("**/admin/")
    figures = page.get_by_role("link", name="Figures").count()
    sign_out(page)
    page.get_by_label("User name").fill("pat@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/authenticate/")
    asked = heading(page)
    page.get_by_label("Code").fill(spare)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/admin/")

    assert shown > 0
    assert figures == 1
    assert asked == "Second factor"
    assert mail.outbox[0].to == ["pat@example.org"]


def test_it_all_works_with_the_keyboard_alone(page):
    page.goto(f"{invite(Role.EDITOR)}password/")
    secret = page.locator(".key-text").inner_text()
    page.get_by_label("Password", exact=True).focus()
    for typed in (PASSWORD, PASSWORD, code(secret)):
        page.keyboard.type(typed)
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/recovery-codes/")

    assert heading(page) == "Recovery codes"


def test_the_session_warns_before_it_ends_and_one_press_keeps_it(page, key, settings):
    make_passkey(page)
    # A session so short that the warning appears at once.
    settings.STAFF_IDLE_MINUTES = 3.05
    for path in ("/admin/", "/accounts/2fa/"):
        page.goto(path)
        dialog = page.get_by_role("dialog", name="Are you still there?")
        dialog.wait_for()
        focused = page.evaluate("document.activeElement.textContent")
        settings.STAFF_IDLE_MINUTES = 30
        page.keyboard.press("Enter")
        dialog.wait_for(state="hidden")
        settings.STAFF_IDLE_MINUTES = 3.05

        assert focused == "Stay signed in"


def test_an_ended_session_says_so_over_the_input(page, key, settings):
    make_passkey(page)
    settings.STAFF_IDLE_MINUTES = 3.03
    page.goto("/accounts/password/set/")
    page.get_by_label("Password", exact=True).or_(
        page.get_by_label("New Password", exact=True)
    ).first.fill("half written")
    settings.STAFF_IDLE_MINUTES = 0
    page.get_by_role("heading", name="You have been signed out").wait_for()
    page.get_by_role("button", name="Back to the page").click()

    assert page.locator("input[name=password1]").input_value() == "half written"
