"""Cache public pages in memory, and drop them when the database reports a change.

To serve a cached page, a process runs no query and no middleware below `warm_pages`.

When a transaction changes public content, triggers send a NOTIFY on the channel `pages`
with the kind of content. Each web process LISTENs on that channel and drops the pages
that show this kind, so withdrawn content leaves every process's memory when the
transaction commits. If content was only added, a page is served until it is two seconds
old, and then rendered again. So even in a busy hour, additions cause a page to be
rendered at most every two seconds. A process that can't listen caches nothing.
"""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future

import psycopg
from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, ResolverMatch, resolve
from django.utils.cache import get_conditional_response

from core.memory import memory
from core.public import Content
from core.triggers import CHANNEL, SOON
from operations.parameters import parameters_of, reduce_query
from operations.stored import Address, Moment, Store, StoredPage, weak_etag

logger = logging.getLogger(__name__)

RECONNECT_SECONDS = 2
# TCP keepalive options that detect a dead connection within 11 seconds.
KEEPALIVES = {
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
}
# The maximum age of a page that lacks the latest additions.
SOON_SECONDS = 2
# The maximum age of any page, because some pages depend on the current time.
LONGEST_SECONDS = 600
# How long a request waits while another request renders the same page.
PATIENCE_SECONDS = 5
# How many times to render a page whose content keeps changing during rendering.
TRIES = 3
MEGABYTE = 1024 * 1024


class WarmPages:
    """The pages that one process caches, and the thread that listens for changes."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.pages = Store(500, 24 * MEGABYTE)
        # Pages with a query string. Their store is separate, so that they can't evict
        # pages without a query string.
        self.asked = Store(100, 6 * MEGABYTE)
        # Hold this lock to change the stores and the attributes below. Never wait for
        # anything while holding it.
        self.lock = threading.Lock()
        self.listening = False
        # `changes` counts the changes so far. For each kind of content, `dropped`
        # records the value of `changes` at the latest change that dropped pages, and
        # `added` records that value at the latest addition.
        self.changes = 0
        self.dropped = dict.fromkeys(Content, 0)
        self.added = dict.fromkeys(Content, 0)
        self.everything_dropped = 0
        # A future for each page that is being rendered. The future's result is the
        # page, or None if the page wasn't cached.
        self.flights: dict[Address, Future[StoredPage | None]] = {}
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.run, name="warm-pages", daemon=True)

    def start(self) -> None:
        """Start the thread that listens; each gunicorn worker calls this."""
        self.thread.start()

    def stop(self) -> None:
        self.stopped.set()
        self.thread.join()

    def run(self) -> None:
        while not self.stopped.is_set():
            try:
                self.listen()
            except psycopg.Error:
                logger.warning(
                    "The page cache lost its database connection; reconnecting."
                )
            finally:
                # Until this process listens again, it must not cache pages.
                self.forget(listening=False)
            self.stopped.wait(RECONNECT_SECONDS)

    def listen(self) -> None:
        """Handle notifications until the connection fails or `stop` is called."""
        params = connection.get_connection_params() | KEEPALIVES
        for ours in ("context", "cursor_factory", "prepare_threshold"):
            params.pop(ours, None)
        with psycopg.connect(**params, autocommit=True) as own:
            own.execute(f"LISTEN {CHANNEL}")
            self.forget(listening=True)
            while not self.stopped.is_set():
                for notice in own.notifies(timeout=1, stop_after=1):
                    self.hear(notice.payload)

    def hear(self, payload: str) -> None:
        """Handle a notification that content changed; `payload` names the kind.

        Drop the pages that show this kind. If the payload ends in SOON, content was
        only added, so keep each page until it is two seconds old. If the name is
        unknown, for example because another release sent it, drop every page.
        """
        name = payload.removesuffix(SOON)
        if name not in Content:
            self.forget(listening=True)
            return
        content = Content(name)
        # Drop the cached values before increasing `changes`. A page that is rendered
        # afterward is considered newer than this change, so it must not use old values.
        memory.drop(content)
        with self.lock:
            self.changes += 1
            if name != payload:
                self.added[content] = self.changes
                return
            self.dropped[content] = self.changes
            for store in (self.pages, self.asked):
                store.drop_all(content)

    def forget(self, *, listening: bool) -> None:
        """Drop every page, and set whether this process is listening."""
        memory.drop(*Content, listening=listening)
        with self.lock:
            self.listening = listening
            self.changes += 1
            self.everything_dropped = self.changes
            for store in (self.pages, self.asked):
                store.drop_all()

    def now(self) -> Moment:
        return Moment(self.changes, self.clock())

    def get(self, address: Address) -> StoredPage | None:
        """Return the cached page, or None if it is missing or too old."""
        with self.lock:
            page = self.store(address).get(address)
        if page is None:
            return None
        age = self.clock() - page.begun.seconds
        if age < SOON_SECONDS:
            return page
        behind = any(self.added[each] > page.begun.changes for each in page.shows)
        return None if behind or age >= LONGEST_SECONDS else page

    def keep(self, address: Address, page: StoredPage) -> bool:
        """Cache a page, unless a change since rendering began would have dropped it.

        Also don't cache it if this process isn't listening. Return whether it was
        cached. If content was added since rendering began, `get` returns the page only
        until it is two seconds old.
        """
        with self.lock:
            if not self.listening or self.is_dropped(page):
                return False
            self.store(address).set(address, page)
            return True

    def is_dropped(self, page: StoredPage) -> bool:
        latest = (self.dropped[each] for each in page.shows)
        return max(self.everything_dropped, *latest, 0) > page.begun.changes

    def store(self, address: Address) -> Store:
        return self.asked if address.query else self.pages

    def fetch(
        self, address: Address, render: Callable[[], StoredPage | HttpResponse]
    ) -> StoredPage | HttpResponse:
        """Render a page, or wait for another thread that is already rendering it.

        If the other thread takes too long, or its page can't be cached, render the page
        in this thread, too.
        """
        until = time.monotonic() + PATIENCE_SECONDS
        while self.listening:
            own: Future[StoredPage | None] = Future()
            with self.lock:
                flight = self.flights.setdefault(address, own)
            if flight is own:
                return self.lead(address, own, render)
            try:
                page = flight.result(until - time.monotonic())
            except TimeoutError:
                break
            if page is None:
                break
            if not self.is_dropped(page):
                return page
        return render()

    def lead(
        self,
        address: Address,
        flight: Future[StoredPage | None],
        render: Callable[[], StoredPage | HttpResponse],
    ) -> StoredPage | HttpResponse:
        """Render and cache a page, and pass it to the threads that wait for `flight`.

        If a change during rendering would have dropped the page, render it again.
        """
        # Another thread may have cached the page since this thread checked.
        kept = self.get(address)
        try:
            if kept:
                return kept
            for _ in range(TRIES):
                made = render()
                if not isinstance(made, StoredPage):
                    break
                if self.keep(address, made):
                    kept = made
                    break
            return made
        finally:
            with self.lock:
                del self.flights[address]
            flight.set_result(kept)


pages = WarmPages()


def warm_pages(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Return middleware that serves cached pages and caches public pages."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.method not in {"GET", "HEAD"}:
            return get_response(request)

        def render() -> StoredPage | HttpResponse:
            begun = pages.now()
            response = get_response(request)
            if not is_page(response):
                return response
            if response.cookies or response.has_header("Vary"):
                # The page depends on the visitor's session, so nobody else may see it.
                etag = response["ETag"] = weak_etag(response.content)
                return (
                    get_conditional_response(request, etag, None, response) or response
                )
            match = getattr(request, "resolver_match", None)
            return StoredPage(response, begun, shown_by(match), match)

        if is_ordinary(request):
            address = Address(request.path_info, request.META.get("QUERY_STRING", ""))
            made: StoredPage | HttpResponse | None = pages.get(address)
            if made is None:
                made = pages.fetch(address, render) if is_public(request) else render()
        else:
            made = render()
        if not isinstance(made, StoredPage):
            return made
        # The access log names the route, which Django resolves only when rendering.
        request.resolver_match = made.match
        return made.answer(request)

    return middleware


def is_ordinary(request: HttpRequest) -> bool:
    """Whether the request would pass all other middleware without a redirect or error.

    As a side effect, removes undeclared query parameters from the request.
    """
    if settings.SECURE_SSL_REDIRECT and not request.is_secure():
        return False
    if "charset" in (request.content_params or {}):
        return False
    if request.META.get("CONTENT_LENGTH", "") not in {"", "0"}:
        return False
    try:
        request.get_host()
        if request.META.get("QUERY_STRING"):
            reduce_query(request)
    except SuspiciousOperation:
        return False
    return True


def is_public(request: HttpRequest) -> bool:
    """Whether the request is for a public page, which can be cached.

    A request for any other page never waits for another request to render it.
    """
    try:
        return parameters_of(resolve(request.path_info).func) is not None
    except Resolver404:
        return False


def is_page(response: HttpResponse) -> bool:
    return (
        response.status_code == 200
        and "public" in response.get("Cache-Control", "")
        and not response.streaming
    )


def shown_by(match: ResolverMatch | None) -> frozenset[Content]:
    """Return the kinds of content in the view's attribute `shows`; by default, all."""
    return getattr(match and match.func, "shows", frozenset(Content))
