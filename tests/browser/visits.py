"""Visits to the pages of the registry."""

from contextlib import contextmanager

from tests.browser.conftest import visitor

OPEN_ALL = "for (const each of document.querySelectorAll('details')) each.open = true"


@contextmanager
def visit(chromium, served, entry, **options):
    """Open a page of the registry, with all that it can unfold."""
    with visitor(chromium, served.url, **options) as context:
        if entry.staff:
            context.add_cookies(served.cookies)
        page = context.new_page()
        answer = page.goto(served.address(entry))
        if entry.then:
            with page.expect_navigation() as navigation:
                entry.then(page)
            answer = navigation.value
        assert answer.status == entry.status
        page.evaluate(OPEN_ALL)
        yield page
