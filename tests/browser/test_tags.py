"""Tags of links: the script that carries them to the form, and posters to print."""

import re

import pytest

from tests.browser.steps import fill_in
from tests.factories import make_rankings, make_tag
from tests.faq.texts import make_question
from voices.models import Submission
from voices.tags.posters import POSTERS

pytestmark = pytest.mark.django_db(transaction=True)

STORED = """async () => ({
  local: localStorage.length,
  session: sessionStorage.length,
  name: window.name,
  databases: (await indexedDB.databases()).length,
  caches: (await caches.keys()).length,
})"""
FORM_LINKS = "a[href*='/voices/add/']"
# Parts of the poster that overflow it or their side, in pixels.
CUT_OFF = """() => {
  const sheet = document.querySelector(".poster").getBoundingClientRect();
  const found = [];
  const parts = ["p", "span", "svg"].map((name) => `.poster ${name}`);
  for (const each of document.querySelectorAll(parts)) {
    const box = each.getBoundingClientRect();
    const out = Math.max(sheet.left - box.left, box.right - sheet.right,
      sheet.top - box.top, box.bottom - sheet.bottom);
    const side = each.closest(".poster-side, .poster-strip").getBoundingClientRect();
    const over = Math.max(side.left - box.left, box.right - side.right,
      side.top - box.top, box.bottom - side.bottom);
    if (Math.max(out, over) > 0.5) found.push([each.outerHTML.slice(0, 80), out, over]);
  }
  return found;
}"""


def form_queries(page):
    links = page.locator(FORM_LINKS).all()
    return {link.get_attribute("href").partition("?")[2] for link in links}


def test_a_tag_is_carried_from_the_first_address_to_the_form(page):
    make_tag("whatsapp")
    make_question(question="Who can end it?", slug="who")
    page.goto("/?from=whatsapp")
    assert form_queries(page) == {"from=whatsapp"}

    page.get_by_role("navigation").get_by_role("link", name="FAQ").click()
    page.wait_for_url("**/faq/**")
    # A form's own fields replace the query of its address.
    page.get_by_role("searchbox").first.fill("end")
    page.get_by_role("searchbox").first.press("Enter")
    page.wait_for_url("**q=end*")
    page.locator(".site-header .btn").click()
    page.wait_for_url("**/voices/add/?from=whatsapp")
    fill_in(page, path=page.url)
    page.get_by_role("button", name="Sign the petition", exact=True).click()
    page.wait_for_url("**/check-your-email/**")

    assert Submission.objects.get().tag_id == "whatsapp"


def test_a_tag_is_added_to_the_query_of_a_link(page):
    make_rankings(OH={})
    page.goto("/rankings/ohio/?from=poster#main")

    assert form_queries(page) == {"from=poster", "state=OH&from=poster"}
    assert page.get_by_role("link", name="Skip").get_attribute("href") == "#main"


def test_a_tag_is_carried_through_filters_and_sorted_tables(page):
    make_rankings(OH={}, TX={})
    page.goto("/rankings/?from=poster")

    for name in ("State", "Grade"):
        page.get_by_role("columnheader").get_by_role("link", name=name).first.click()
        page.wait_for_url("**sort=**from=poster**")

    assert form_queries(page) == {"from=poster"}


def test_a_tag_changes_no_byte_and_nothing_is_stored(page):
    plain = page.goto("/").body()
    tagged = page.goto("/?from=poster").body()
    page.get_by_role("navigation").get_by_role("link", name="Voices").click()
    page.wait_for_url("**/voices/?from=poster")

    assert tagged == plain
    assert page.context.cookies() == []
    stored = page.evaluate(STORED)
    assert stored == {"local": 0, "session": 0, "name": "", "databases": 0, "caches": 0}


@pytest.mark.parametrize("address", ["/", "/?from=", "/?state=TX", "/?from=%3Cb%3E"])
def test_without_a_tag_no_link_changes(page, address):
    page.goto(address)

    assert form_queries(page) == {""}


def test_the_tag_of_another_site_is_not_ours(page, live_server):
    page.route(
        "https://other.example/**",
        lambda route: route.fulfill(
            content_type="text/html",
            headers={"Referrer-Policy": "unsafe-url"},
            body=f'<link rel="icon" href="data:,"><a href="{live_server.url}/">Go</a>',
        ),
    )
    page.goto("https://other.example/?from=x")
    page.get_by_role("link").click()
    page.wait_for_url(f"{live_server.url}/")

    assert page.evaluate("document.referrer") == "https://other.example/?from=x"
    assert form_queries(page) == {""}


def test_without_scripts_a_tag_counts_on_a_link_to_the_form_only(plain_page):
    page = plain_page
    make_tag("poster")
    page.goto("/?from=poster")
    assert form_queries(page) == {""}

    fill_in(page, path="/voices/add/?from=poster")
    page.get_by_role("button", name="Sign the petition", exact=True).click()
    page.wait_for_url("**/check-your-email/**")

    assert Submission.objects.get().tag_id == "poster"


@pytest.mark.parametrize("kind", POSTERS)
def test_a_poster_fills_one_letter_sheet(page, kind):
    page.goto(f"/share/{kind}/")
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 816, "height": 1056})

    shown = page.locator("body").inner_text()
    box = page.locator(".poster").bounding_box()
    pdf = page.pdf(prefer_css_page_size=True, print_background=True)

    assert "before a jury hears a word of it." in shown
    assert "About us" not in shown
    assert "Print this page" not in shown
    assert (box["x"], box["y"], box["width"]) == (0, 0, 816)
    assert box["height"] == pytest.approx(1056, abs=2)
    assert page.evaluate(CUT_OFF) == []
    assert pdf.count(b"/Type /Page\n") == 1
    assert re.search(rb"/MediaBox \[0 0 612 792\]", pdf)
    assert page.pdf(format="Letter").count(b"/Type /Page\n") == 1


@pytest.mark.parametrize("width", [320, 360, 768, 1280])
@pytest.mark.parametrize("kind", POSTERS)
def test_a_poster_is_shown_whole_at_every_width(page, kind, width):
    page.set_viewport_size({"width": width, "height": 700})
    page.goto(f"/share/{kind}/")

    assert page.evaluate(CUT_OFF) == []
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
