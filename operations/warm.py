"""Public pages kept in memory until the database says that something changed.

A page that is warm costs no query. Triggers NOTIFY the channel `pages` in the
transaction that changes what the public reads, and each web process listens: what is
taken back is gone from every process's memory as soon as it is committed. A process
that cannot listen keeps nothing.
"""

import logging
import threading
from hashlib import sha256

import psycopg
from django.core.cache import caches
from django.db import connection
from django.http import HttpRequest
from django.utils.encoding import escape_uri_path

logger = logging.getLogger(__name__)

CHANNEL = "pages"
RECONNECT_SECONDS = 2
# A connection that died without a word is noticed within seconds.
KEEPALIVES = {
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
}


class WarmPages:
    """The pages that one process keeps, and the thread that listens for changes."""

    def __init__(self):
        self.pages, self.asked = caches["pages"], caches["asked"]
        self.lock = threading.Lock()
        self.listening = False
        # Counts the changes heard of, to tell a page that was made before one.
        self.changes = 0
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.run, name="warm-pages", daemon=True)

    def start(self):
        """Listen from now on; gunicorn calls this in each of its workers."""
        self.thread.start()

    def stop(self):
        self.stopped.set()
        self.thread.join()

    def run(self):
        while not self.stopped.is_set():
            try:
                self.listen()
            except psycopg.Error:
                logger.warning("Warm pages lost their database; trying again.")
            finally:
                # Whatever happened: who does not hear of changes must not keep pages.
                self.forget(listening=False)
            self.stopped.wait(RECONNECT_SECONDS)

    def listen(self):
        """Hear of changes until the connection or this process ends."""
        params = connection.get_connection_params() | KEEPALIVES
        for ours in ("context", "cursor_factory", "prepare_threshold"):
            params.pop(ours, None)
        with psycopg.connect(**params, autocommit=True) as own:
            own.execute(f"LISTEN {CHANNEL}")
            self.forget(listening=True)
            while not self.stopped.is_set():
                for _ in own.notifies(timeout=1, stop_after=1):
                    self.forget(listening=True)

    def forget(self, *, listening):
        with self.lock:
            self.listening = listening
            self.changes += 1
            self.pages.clear()
            self.asked.clear()

    def get(self, address):
        return self.store(address).get(key_of(address)) if self.listening else None

    def keep(self, address, response, changes):
        """Keep a page unless something changed since it was begun."""
        with self.lock:
            if self.listening and changes == self.changes:
                self.store(address).set(key_of(address), response)

    def store(self, address):
        """Return the cache for this address; searches can't push out other pages."""
        return self.asked if "?" in address else self.pages


pages = WarmPages()


def key_of(address: str) -> str:
    """Hash it, because it can be long and hold characters that keys can't."""
    return sha256(address.encode(errors="surrogatepass")).hexdigest()


def address_of(request: HttpRequest) -> str:
    """Return the path that the router sees, and the query that the page knows.

    No header is part of it, or the page of one address could be kept under another.
    """
    query = request.META.get("QUERY_STRING", "")
    return escape_uri_path(request.path_info) + (f"?{query}" if query else "")


def warm_pages(get_response):
    """Answer with a warm page, or make one and keep it if anybody may read it."""

    def middleware(request):
        if request.method not in {"GET", "HEAD"}:
            return get_response(request)
        # Refuses a host that is not ours, as a page that is made anew would.
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
