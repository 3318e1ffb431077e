"""Cache public pages in memory until the database notifies of a change.

A cached page costs no query. Triggers NOTIFY the channel `pages` in the transaction
that changes public content, and each web process LISTENs, so withdrawn content leaves
every process's memory as soon as the transaction commits. A process that can't listen
caches nothing.
"""

import logging
import threading
from collections.abc import Callable
from hashlib import sha256

import psycopg
from django.core.cache import BaseCache, caches
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.utils.encoding import escape_uri_path

logger = logging.getLogger(__name__)

CHANNEL = "pages"
RECONNECT_SECONDS = 2
# Detect a dead connection within seconds.
KEEPALIVES = {
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
}


class WarmPages:
    """The pages that one process caches, and the thread that listens for changes."""

    def __init__(self) -> None:
        self.pages, self.asked = caches["pages"], caches["asked"]
        self.lock = threading.Lock()
        self.listening = False
        # The number of notifications, to detect a page rendered before the latest.
        self.changes = 0
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.run, name="warm-pages", daemon=True)

    def start(self) -> None:
        """Start listening; gunicorn calls this in each worker."""
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
                # Without notifications, no page may be cached.
                self.forget(listening=False)
            self.stopped.wait(RECONNECT_SECONDS)

    def listen(self) -> None:
        """Handle notifications until the connection or this process ends."""
        params = connection.get_connection_params() | KEEPALIVES
        for ours in ("context", "cursor_factory", "prepare_threshold"):
            params.pop(ours, None)
        with psycopg.connect(**params, autocommit=True) as own:
            own.execute(f"LISTEN {CHANNEL}")
            self.forget(listening=True)
            while not self.stopped.is_set():
                for _ in own.notifies(timeout=1, stop_after=1):
                    self.forget(listening=True)

    def forget(self, *, listening: bool) -> None:
        with self.lock:
            self.listening = listening
            self.changes += 1
            self.pages.clear()
            self.asked.clear()

    def get(self, address: str) -> HttpResponse | None:
        return self.store(address).get(key_of(address)) if self.listening else None

    def keep(self, address: str, response: HttpResponse, changes: int) -> None:
        """Cache a page unless something changed since its request began."""
        with self.lock:
            if self.listening and changes == self.changes:
                self.store(address).set(key_of(address), response)

    def store(self, address: str) -> BaseCache:
        """Return the cache for this address; searches can't evict other pages."""
        return self.asked if "?" in address else self.pages


pages = WarmPages()


def key_of(address: str) -> str:
    """Hash the address, because cache keys have limits on length and characters."""
    return sha256(address.encode(errors="surrogatepass")).hexdigest()


def address_of(request: HttpRequest) -> str:
    """Return the path that the router sees, and the query string that is left.

    No header is part of it, or a page could be cached under another page's key.
    """
    query = request.META.get("QUERY_STRING", "")
    return escape_uri_path(request.path_info) + (f"?{query}" if query else "")


def warm_pages(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Return a cached page, or render one and cache it if it is public."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.method not in {"GET", "HEAD"}:
            return get_response(request)
        # Raises an exception for an unknown host, as rendering the page would.
        request.get_host()
        address = address_of(request)
        if response := pages.get(address):
            return response
        changes = pages.changes
        response = get_response(request)
        if (
            response.status_code == 200
            and "public" in response.get("Cache-Control", "")
            and not response.cookies
            and not response.has_header("Vary")
            and not response.streaming
        ):
            pages.keep(address, response, changes)
        return response

    return middleware
