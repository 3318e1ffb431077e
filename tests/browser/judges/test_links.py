"""Checks every link within the site, and the fragment that it points to."""

from collections import defaultdict
from html.parser import HTMLParser
from urllib.error import HTTPError
from urllib.parse import unquote, urldefrag, urljoin, urlsplit
from urllib.request import urlopen

from tests.browser.visits import fetch, visitor
from tests.pages import PUBLIC

# Links with a query are checked but not followed, because filters combine endlessly.
MAX_PAGES = 3000


class Reader(HTMLParser):
    """The links of a page, and the fragments that links can point to."""

    def __init__(self, html):
        super().__init__()
        self.links = set()
        self.places = {"", "top"}
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.places.update(filter(None, [given.get("id")]))
        wanted = "href" if tag in {"a", "area", "link"} else "src"
        if (link := given.get(wanted)) and given.get("rel") != "canonical":
            self.links.add(link)


class Site:
    """Pages, each fetched once and parsed for links."""

    def __init__(self, url):
        self.url = url
        self.pages = {}
        self.broken = defaultdict(set)

    def read(self, address):
        if address not in self.pages:
            self.pages[address] = self.fetch(address)
        return self.pages[address]

    def fetch(self, address):
        try:
            with urlopen(address) as answer:
                is_page = answer.headers.get_content_type() == "text/html"
                return Reader(answer.read().decode()) if is_page else "file"
        except HTTPError as error:
            with error:
                return error.code

    def follow(self, page, reader):
        """Check the links of a page; yield the pages to read next."""
        for link in reader.links:
            if link.startswith("#"):
                # A second request for the same page could return something else.
                if unquote(link[1:]) not in reader.places:
                    self.broken[f"{link} has no target"].add(page)
                continue
            whole, place = urldefrag(urljoin(page, link))
            if not whole.startswith(f"{self.url}/"):
                continue
            found = self.read(whole)
            if isinstance(found, int):
                self.broken[f"{link} responds with {found}"].add(page)
            elif found != "file":
                if unquote(place) not in found.places:
                    self.broken[f"{link} has no target"].add(page)
                if not urlsplit(whole).query:
                    yield whole

    def crawl(self, starts):
        """Follow all links, starting from these pages and their HTML."""
        waiting = []
        for address, html in starts:
            waiting += self.follow(address, Reader(html))
        seen = set()
        while waiting:
            address = waiting.pop()
            if address not in seen:
                seen.add(address)
                assert len(self.pages) < MAX_PAGES
                waiting += self.follow(address, self.read(address))


def test_no_link_within_the_site_is_broken(chromium, served):
    site = Site(served.url)
    starts = []
    for entry in PUBLIC:
        if not entry.trouble:
            with visitor(chromium, served.url) as context:
                answer = fetch(context, served, entry)
                starts.append((answer.url, answer.text()))

    site.crawl(starts)

    assert len(site.pages) > len(PUBLIC)
    assert not site.broken, dict(site.broken)
