"""Store rendered pages, and compress each page at most once per encoding."""

import gzip
from collections import OrderedDict
from collections.abc import Callable
from functools import lru_cache
from hashlib import md5
from threading import Lock
from typing import NamedTuple

import brotli
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.urls import ResolverMatch
from django.utils.cache import get_conditional_response

from core.public import Content

# The encoding with the smallest output comes first. Higher compression levels take many
# times as long and save only a few percent. In a busy hour, a page that shows the
# number of signers is rendered and compressed every two seconds (docs/design.md).
ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "br": lambda body: brotli.compress(body, quality=5),
    "gzip": lambda body: gzip.compress(body, 6, mtime=0),
}
CONDITIONS = ("HTTP_IF_NONE_MATCH", "HTTP_IF_MATCH", "HTTP_IF_UNMODIFIED_SINCE")
# The headers that a 304 repeats (RFC 9110, 15.4.5).
REPEATED = {"cache-control", "content-location", "etag", "expires", "vary"}


class Moment(NamedTuple):
    """The moment when the rendering of a page began."""

    # The number of changes to public content that this process knew of by then.
    changes: int
    seconds: float


class Address(NamedTuple):
    """The cache key of a page: the URL's path and query string."""

    path: str
    query: str


class Variant(NamedTuple):
    """The body of a page in one encoding, and the headers to send with it."""

    body: bytes
    headers: dict[str, str]


class StoredPage:
    """A rendered page, its headers, and its compressed variants."""

    def __init__(
        self,
        response: HttpResponse,
        begun: Moment,
        shows: frozenset[Content],
        match: ResolverMatch | None,
    ):
        self.begun, self.shows, self.match = begun, shows, match
        body = response.content
        self.etag = weak_etag(body)
        response["ETag"], response["Vary"] = self.etag, "Accept-Encoding"
        response["Content-Length"] = str(len(body))
        self.plain = Variant(body, dict(response.items()))
        self.repeated = {
            name: value for name, value in response.items() if name.lower() in REPEATED
        }
        self.compressed: dict[str, Variant | None] = {}
        self.lock = Lock()

    @property
    def size(self) -> int:
        """The maximum size in bytes: the page, and two copies at most half as large."""
        return 2 * len(self.plain.body)

    def answer(self, request: HttpRequest) -> HttpResponse:
        """Return the page in the smallest accepted encoding.

        If a condition in the request, such as If-None-Match, requires a 304 or 412,
        return that response instead.
        """
        meta = request.META
        if any(name in meta for name in CONDITIONS):
            refused = get_conditional_response(request, self.etag)
            if refused and refused.status_code == 304:
                return HttpResponseNotModified(headers=self.repeated)
            if refused:
                return refused
        body, headers = self.variant(meta.get("HTTP_ACCEPT_ENCODING", ""))
        return HttpResponse(b"" if request.method == "HEAD" else body, headers=headers)

    def variant(self, accepted: str) -> Variant:
        encodings = accepted_encodings(accepted)
        return next(filter(None, map(self.in_encoding, encodings)), self.plain)

    def in_encoding(self, encoding: str) -> Variant | None:
        """Return the compressed page, or None if compression saves less than half."""
        if encoding not in self.compressed:
            with self.lock:
                if encoding not in self.compressed:
                    self.compressed[encoding] = self.compress(encoding)
        return self.compressed[encoding]

    def compress(self, encoding: str) -> Variant | None:
        body = ENCODERS[encoding](self.plain.body)
        if 2 * len(body) > len(self.plain.body):
            return None
        own = {"Content-Encoding": encoding, "Content-Length": str(len(body))}
        return Variant(body, self.plain.headers | own)


def weak_etag(body: bytes) -> str:
    """Return the ETag of all encodings of `body`; weak, because their bytes differ."""
    return f'W/"{md5(body, usedforsecurity=False).hexdigest()}"'


@lru_cache(maxsize=100)
def accepted_encodings(header: str) -> tuple[str, ...]:
    """Return the keys of ENCODERS, in order, that an Accept-Encoding header accepts."""
    weights = {}
    for part in header.lower().split(","):
        name, *parameters = (text.strip() for text in part.split(";"))
        quality = [text[2:] for text in parameters if text.startswith("q=")]
        weights[name] = is_positive(quality[0]) if quality else True
    every = weights.get("*", False)
    return tuple(name for name in ENCODERS if weights.get(name, every))


def is_positive(quality: str) -> bool:
    try:
        return float(quality) > 0
    except ValueError:
        return False


class Store:
    """An LRU cache of pages, with limits on their number and their total bytes."""

    def __init__(self, most: int, most_bytes: int):
        self.most, self.most_bytes = most, most_bytes
        self.pages: OrderedDict[Address, StoredPage] = OrderedDict()
        self.bytes = 0

    def get(self, address: Address) -> StoredPage | None:
        page = self.pages.get(address)
        if page:
            self.pages.move_to_end(address)
        return page

    def set(self, address: Address, page: StoredPage) -> None:
        self.drop(address)
        self.pages[address] = page
        self.bytes += page.size
        while len(self.pages) > self.most or self.bytes > self.most_bytes:
            self.drop(next(iter(self.pages)))

    def drop(self, address: Address) -> None:
        if page := self.pages.pop(address, None):
            self.bytes -= page.size

    def drop_all(self, content: Content | None = None) -> None:
        """Drop every page that shows `content`, or every page if `content` is None."""
        for address, page in list(self.pages.items()):
            if content is None or content in page.shows:
                self.drop(address)
