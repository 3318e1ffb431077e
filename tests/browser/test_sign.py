"""The form to sign: at three widths, by keyboard, without scripts, and its preview."""

from itertools import pairwise

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.steps import FITS, first_step, heading
from tests.browser.visits import unfold, visitor
from tests.factories import make_signature
from voices.models import Signature, Submission
from voices.signatures.models import shown_name

pytestmark = pytest.mark.django_db(transaction=True)

WIDTHS = {360: 640, 768: 1024, 1280: 800}
# WCAG 1.4.12
SPACING = """* {
  line-height: 1.5 !important;
  letter-spacing: 0.12em !important;
  word-spacing: 0.16em !important;
}"""


@pytest.fixture(params=WIDTHS)
def page(request, chromium, live_server, queue, site_url, scripts):
    viewport = {"width": request.param, "height": WIDTHS[request.param]}
    options = {"viewport": viewport, "java_script_enabled": scripts}
    with visitor(chromium, live_server.url, **options) as context:
        yield context.new_page()


def test_the_first_step_signs(page):
    page.goto("/voices/add/")
    first_step(page)
    page.get_by_role("button", name="Sign the petition").click()

    assert heading(page) == "Check your email"
    submission = Submission.objects.get()
    assert "I ask the D.C. Council" in submission.consent_text
    assert (submission.city, submission.statement) == ("", "")


def test_the_second_step_goes_along_in_the_same_form(page):
    page.goto("/voices/add/?state=DC")
    first_step(page)
    page.locator("summary", has_text="Say why").click()
    page.get_by_label("Why do you want").fill("My own words.")
    page.get_by_label("City or town").fill("Washington")
    page.get_by_label("First name only").check()
    page.get_by_role("button", name="Sign with these words").click()

    assert heading(page) == "Check your email"
    submission = Submission.objects.get()
    assert submission.statement == "My own words."
    assert submission.name_display == "first"


def test_a_suggestion_is_taken_or_dismissed_by_keyboard(page):
    for answer, email in (
        ("Yes, change it", "ana@gmail.com"),
        ("No, keep mine", "ana@gmial.com"),
        ("Sign the petition", "ana@gmial.com"),
    ):
        page.goto("/voices/add/")
        first_step(page, email="ana@gmial.com")
        page.get_by_role("button", name="Sign the petition").click()
        asked = page.locator("#email-suggestion").inner_text()
        assert "Did you mean ana@gmail.com?" in asked
        page.get_by_role("button", name=answer).last.focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**/check-your-email/**")

        assert Submission.objects.latest("pk").email == email


def test_enter_in_a_field_keeps_the_address(page):
    page.goto("/voices/add/")
    first_step(page, email="ana@gmial.com")
    page.get_by_label("Your name").press("Enter")
    page.locator("#email-suggestion").wait_for()
    page.get_by_label("Your name").press("Enter")
    page.wait_for_url("**/check-your-email/**")

    assert Submission.objects.get().email == "ana@gmial.com"


def test_a_mistake_in_the_closed_part_opens_it(page):
    page.goto("/voices/add/")
    page.locator("summary", has_text="Say why").click()
    page.get_by_label("Profession (optional)").fill("www.example.org")
    page.locator("summary", has_text="Say why").click()
    first_step(page)
    page.get_by_role("button", name="Sign the petition").click()

    assert page.get_by_label("Profession (optional)").is_visible()
    assert page.get_by_label("Your name").input_value() == "Ana Reyes"
    assert not Signature.objects.exists()


def test_a_double_press_and_going_back_make_one_submission(page):
    page.goto("/voices/add/")
    first_step(page)
    page.get_by_role("button", name="Sign the petition").dblclick(no_wait_after=True)
    page.wait_for_url("**/check-your-email/**")
    first = page.url
    page.go_back()
    page.get_by_role("button", name="Sign the petition").click()
    page.wait_for_url("**/check-your-email/**")

    assert page.url == first
    assert Submission.objects.count() == 1


@pytest.mark.parametrize("scripts", [True], indirect=True)
class TestWithScripts:
    def test_going_back_shows_what_was_typed(self, page):
        page.goto("/voices/add/")
        page.get_by_label("State", exact=True).select_option("PR")
        page.locator("summary", has_text="Say why").click()
        page.get_by_label("Why do you want").fill("My own words.")
        page.goto("/faq/")
        page.go_back()

        assert "I ask my legislature" in page.locator(".petition-words").inner_text()
        assert page.get_by_label("Why do you want").is_visible()
        assert "“My own words.”" in page.locator("[data-preview]").inner_text()
        assert page.get_by_text("587 characters left").is_visible()

    def test_it_passes_axe_and_never_scrolls_sideways(self, page):
        page.goto("/voices/add/?state=TX")
        first_step(page, email="ana@gmial.com")
        page.get_by_role("button", name="Sign the petition").click()
        unfold(page)

        assert Axe().run(page).violations_count == 0
        assert page.evaluate(FITS)

    def test_the_petition_follows_the_state(self, page):
        page.goto("/voices/add/")
        words = page.locator("blockquote [data-by-state]")
        state = page.get_by_label("State", exact=True)

        state.select_option("DC")
        assert "I ask the D.C. Council" in words.inner_text()
        state.select_option("PR")
        assert "I ask my legislature" in words.inner_text()
        state.select_option("AA")
        assert words.is_hidden()
        state.select_option("OH")
        assert "I ask my state’s lawmakers" in words.inner_text()

    def test_the_addressees_and_the_number_follow_the_state(self, page):
        for _ in range(10):
            make_signature(state="TX")
        page.goto("/voices/add/?state=TX")
        top = page.locator(".petition")
        state = page.get_by_label("State", exact=True)

        texas = top.inner_text()
        state.select_option("DC")
        capital = top.inner_text()
        state.select_option("TX")

        assert "To: The U.S. Congress and the lawmakers of Texas" in texas
        assert "10 people have signed, 10 of them in Texas." in texas
        assert "To: The U.S. Congress and the D.C. Council" in capital
        assert "10 people have signed." in capital
        assert "Texas" not in capital
        assert top.inner_text() == texas

    def test_the_preview_shows_the_voice_as_text(self, page):
        page.goto("/voices/add/?state=OH")
        page.locator("summary", has_text="Say why").click()
        preview = page.locator("[data-preview]")
        page.get_by_label("Your name").fill("Ana <b>Reyes")
        page.get_by_label("Why do you want").fill("<img src=x> & more")
        page.get_by_label("City or town").fill("Columbus")
        page.get_by_label("First name and last initial").check()
        shown = preview.inner_text()
        page.get_by_label("Not shown").check()

        assert "“<img src=x> & more”" in shown
        assert "Columbus, OH" in shown
        assert preview.locator("img").count() == 0
        assert preview.is_hidden()

    def test_the_preview_has_the_lines_of_the_wall(self, page):
        page.goto("/voices/add/?state=TX")
        page.locator("summary", has_text="Say why").click()
        preview = page.locator("[data-preview]")
        page.get_by_label("Your name").fill("Ana Cruz")
        page.get_by_label("Why do you want").fill(" One.\nTwo.\n \n\nThree. ")

        assert preview.locator("blockquote").inner_text() == ("“One.\nTwo.\n\nThree.”")
        assert preview.locator(".byline").inner_text() == "Ana Cruz\nTexas"

    def test_the_preview_guesses_no_shortened_name(self, page):
        page.goto("/voices/add/")
        page.locator("summary", has_text="Say why").click()
        shown = page.locator("[data-preview] b")
        wrong = []
        for name in ("Ana Cruz", "Dr. Ana Cruz", "Cruz, Ana", "Ana Cruz Jr.", "王小明"):
            page.get_by_label("Your name").fill(name)
            for display in ("full", "initial", "first"):
                page.locator(f"[name=name_display][value={display}]").check()
                text = shown.inner_text()
                if text not in (shown_name(name, display), "Your name, shortened"):
                    wrong.append((name, display, text))
            page.locator("[name=name_display][value=full]").check()
            assert shown.inner_text() == name

        assert wrong == []


@pytest.mark.parametrize("scripts", [False], indirect=True)
def test_without_scripts_there_is_no_preview(page):
    page.goto("/voices/add/")
    page.locator("summary", has_text="Say why").click()

    assert page.locator("[data-preview]").is_hidden()


def test_on_a_phone_the_first_step_ends_within_two_screens(
    chromium, live_server, queue
):
    viewport = {"width": 360, "height": 640}
    with visitor(chromium, live_server.url, viewport=viewport) as context:
        page = context.new_page()
        page.goto("/voices/add/")
        button = page.get_by_role("button", name="Sign the petition").bounding_box()
        heights = page.evaluate(
            "[...document.querySelectorAll('.form > .field, .form summary, "
            ".form .pick, .form .btn')].map((e) => e.getBoundingClientRect().height)"
        )

    assert button["y"] + button["height"] <= 2 * 640
    assert min(height for height in heights if height) >= 44


def test_with_wide_spacing_at_400_percent_only_the_form_is_seen(
    chromium, live_server, queue
):
    viewport = {"width": 320, "height": 200}
    with visitor(
        chromium, live_server.url, viewport=viewport, bypass_csp=True
    ) as context:
        page = context.new_page()
        page.goto("/voices/add/")
        page.add_style_tag(content=SPACING)
        trap = page.locator(".trap").bounding_box()
        links = [
            link.bounding_box() for link in page.locator(".site-nav a:visible").all()
        ]
        width = page.evaluate("document.documentElement.scrollWidth")

    assert trap["x"] + trap["width"] < 0
    for link, following in pairwise(links):
        apart = following["x"] - link["x"] - link["width"]
        assert apart >= 4 or following["y"] > link["y"]
    assert width <= 320
