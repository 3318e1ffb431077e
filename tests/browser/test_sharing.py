"""What the scripts add, and what other sites may embed."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from django.urls import reverse

from tests.factories import make_published_voice

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def other_site(chromium):
    """Another site, which shows the given HTML."""

    class Handler(BaseHTTPRequestHandler):
        body = b""

        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html>" + Handler.body)

        def log_message(self, *args):
            return

    # The site under test is `localhost`, so this is another site; it is on this machine
    # too, because a browser lets no remote page request anything from it.
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    context = chromium.new_context()
    page = context.new_page()

    def show(body):
        Handler.body = body.encode()
        page.goto(f"http://127.0.0.1:{server.server_port}/", wait_until="load")
        return page

    yield show
    context.close()
    server.shutdown()
    server.server_close()


def test_other_sites_can_show_the_box_and_its_links_leave_it(other_site, live_server):
    page = other_site(f'<iframe src="{live_server.url}/embed/"></iframe>')
    page.frame_locator("iframe").get_by_role("link", name="Add your voice").click()
    page.wait_for_url(f"{live_server.url}/voices/add/?from=embed")

    assert page.get_by_role("heading", level=1).inner_text() == (
        "Sign to end qualified immunity"
    )


def test_other_sites_can_show_the_box_again(other_site, live_server):
    frame = f'<iframe src="{live_server.url}/embed/"></iframe>'
    other_site(frame)
    page = other_site(frame)

    assert page.frames[1].url == f"{live_server.url}/embed/"
    assert page.frame_locator("iframe").get_by_role("link").count() > 0


def test_other_sites_can_show_no_other_page(other_site, live_server):
    page = other_site(f'<iframe src="{live_server.url}/"></iframe>')

    assert page.frame_locator("iframe").get_by_text("Americans").count() == 0
    assert page.frames[1].url.startswith("chrome-error:")


def test_other_sites_can_show_a_card(other_site, live_server):
    card = reverse("voices:card", args=[make_published_voice().pk])
    page = other_site(f'<img src="{live_server.url}{card}">')

    assert page.evaluate("document.images[0].naturalWidth") == 1200


def test_the_form_counts_characters_politely(page):
    page.goto("/voices/add/")
    page.locator("summary", has_text="Say why").click()
    box = page.get_by_label("Why do you want")
    box.fill("x" * 599)
    page.get_by_text("1 character left", exact=True).wait_for()

    box.fill("x" * 580)

    page.get_by_text("20 characters left", exact=True).wait_for()


def test_a_copied_link_is_announced(page):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    voice = make_published_voice()
    page.goto(voice.get_absolute_url())
    page.get_by_role("button", name="Copy link").click()
    page.get_by_role("status").get_by_text("Copied").wait_for()

    copied = page.evaluate("navigator.clipboard.readText()")

    assert copied.endswith(f"{voice.get_absolute_url()}?from=share")
