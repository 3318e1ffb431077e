"""A real Chromium, with pages that fail their test on any error."""

import os

import pytest
from django.contrib.staticfiles import handlers
from django.db import connections
from playwright.sync_api import sync_playwright

from tests.browser.chromium import find_chromium, launch_flags
from tests.browser.visits import visitor
from tests.committed import empty_queue
from tests.served import serve


@pytest.fixture(scope="session", autouse=True)
def files_as_deployed():
    """Leave static files to WhiteNoise, with their hashed names.

    The test server would look them up by their source names and find none.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(handlers, "StaticFilesHandler", lambda application: application)
        yield


@pytest.fixture(scope="session")
def chromium(tmp_path_factory):
    # While Playwright's event loop runs in this thread, Django uses another connection
    # here and can't reach this one, so its session would stay open until the end.
    connections.close_all()
    with sync_playwright() as playwright:
        # Playwright keeps an event loop running in this thread, so Django would refuse
        # every query.
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
        browser = playwright.chromium.launch(
            executable_path=find_chromium(),
            args=launch_flags(),
            # Keep its crash reports and caches out of the home folder.
            env=os.environ | {"HOME": str(tmp_path_factory.mktemp("home"))},
        )
        yield browser
        browser.close()
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(params=[True, False], ids=["scripts", "no-scripts"])
def scripts(request):
    return request.param


@pytest.fixture
def page(chromium, live_server, queue, site_url):
    with visitor(chromium, live_server.url) as context:
        yield context.new_page()


@pytest.fixture
def plain_page(chromium, live_server, queue, site_url):
    """A page in a browser with JavaScript turned off."""
    with visitor(chromium, live_server.url, java_script_enabled=False) as context:
        yield context.new_page()


@pytest.fixture(scope="session")
def served(chromium, django_db_blocker):
    """The site in a separate process, with the rows of the registry's pages.

    Its tests request no database, so they run after all those that do.
    """
    with django_db_blocker.unblock(), serve() as site:
        site.cookies = site.staff_cookies()
        yield site


@pytest.fixture
def queue():
    empty_queue()
    yield
    empty_queue()


@pytest.fixture
def site_url(settings, live_server):
    """Make the links in emails point to the test server."""
    settings.SITE_URL = live_server.url
