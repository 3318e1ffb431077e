"""Visitors, and their visits to the pages of the registry."""

from contextlib import contextmanager
from urllib.parse import urlsplit

# A blocked resource can fail silently, but the page always gets this event.
REPORT_VIOLATIONS = """
addEventListener("securitypolicyviolation", (event) =>
  console.error(`CSP ${event.effectiveDirective} blocked ${event.blockedURI}`));
"""
OPEN_ALL = "for (const each of document.querySelectorAll('details')) each.open = true"


@contextmanager
def visitor(chromium, url, **options):
    """A new visitor, watched for errors.

    Accepts the options of Playwright's `new_context`. A console error, a CSP violation,
    or a request to another host fails the test.
    """
    complaints = []
    visited = set()

    def refuse_other_hosts(route):
        asked = urlsplit(route.request.url)
        if asked.hostname == urlsplit(url).hostname:
            route.continue_()
        else:
            complaints.append(f"requested {route.request.url}")
            route.abort()

    def visit(request):
        if request.is_navigation_request():
            visited.add(request.url)

    def note(message):
        # A page that responds with 404 or 422 on purpose is no error.
        is_answer = message.text.startswith("Failed to load resource: the server")
        if is_answer and message.location["url"] in visited:
            return
        if message.type == "error":
            complaints.append(f"{message.text} ({message.location['url']})")

    context = chromium.new_context(base_url=url, **options)
    context.add_init_script(REPORT_VIOLATIONS)
    # Requests for data: and blob: URLs never reach this handler.
    context.route("**/*", refuse_other_hosts)
    context.on("request", visit)
    context.on("console", note)
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    try:
        yield context
    finally:
        context.close()
    assert not complaints, complaints


def open_page(context, served, entry):
    """Go to a page of the registry; return it and its response."""
    if entry.staff:
        context.add_cookies(served.cookies)
    page = context.new_page()
    answer = page.goto(served.address(entry))
    if entry.then:
        with page.expect_navigation() as navigation:
            entry.then(page)
        answer = navigation.value
    assert answer.status == entry.status, (entry.name, answer.status)
    return page, answer


def fetch(context, served, entry):
    """Return the response with the HTML of a page of the registry.

    The page is rendered only if the browser has to do something on it first.
    """
    if entry.then:
        return open_page(context, served, entry)[1]
    if entry.staff:
        context.add_cookies(served.cookies)
    answer = context.request.get(served.address(entry))
    assert answer.status == entry.status, (entry.name, answer.status)
    return answer


@contextmanager
def visit(chromium, served, entry, *, script="", answers=None, **options):
    """Open a page of the registry.

    `script` runs before the page's own; `answers` collects every response.
    """
    with visitor(chromium, served.url, **options) as context:
        if script:
            context.add_init_script(script)
        if answers is not None:
            context.on("response", lambda answer: answers.append(answer))
        page, _ = open_page(context, served, entry)
        yield page


def unfold(page):
    """Open every <details> element on the page."""
    page.evaluate(OPEN_ALL)
