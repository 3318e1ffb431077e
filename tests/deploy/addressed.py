"""No header or unknown parameter changes which page a URL serves."""

import gzip
import re
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import batched

import brotli

from tests.deploy.project import (
    HOST,
    SERVICES,
    check,
    compose,
    execute,
    python,
    say,
    state,
    wait_for,
    wait_healthy,
)
from tests.deploy.visitor import get
from tests.headers import tricks

FILES = [
    *("/robots.txt", "/sitemap.xml", "/voices/feed/", "/voices/counts.csv"),
    *("/voices/counts.json", "/rankings/data.csv", "/rankings/data.json", "/card.png"),
]
# Pages with a form, or errors, so never cached.
FORMS = ["/voices/add/", "/voices/manage/", "/rankings/report/?state=NM", "/none/"]
# Different on each visit: the CSRF token and the form's timestamp.
OF_A_VISIT = re.compile(rb'name="(csrfmiddlewaretoken|started)" value="[^"]*"')
# The cache accepts at most 64 headers, including those that the proxy adds.
AT_ONCE = 30
SEARCHES = 1000
UNKNOWN = 1000
# deploy/site.vcl
REMEMBERED_SECONDS = 5


def prove():
    wait_healthy(SERVICES, 120)
    paths = [*public_paths(), *FILES, *FORMS]
    headers_change_no_page(paths)
    an_encoding_changes_no_page()
    parameters_make_no_copy()
    unknown_urls_fill_no_memory()
    searches_push_out_no_page(public_paths()[:100])


def public_paths():
    """Return the path of every page in the sitemaps."""
    lists = re.findall(rf"<loc>https://{HOST}(.*?)</loc>", get("/sitemap.xml").text)
    return [
        path
        for each in lists
        for path in re.findall(rf"<loc>https://{HOST}(.*?)</loc>", get(each).text)
    ]


def seen(path, headers=None):
    """Return the parts of a response that must be the same for everybody."""
    page = get(path, headers=headers)
    return page.status, page.headers["ETag"], OF_A_VISIT.sub(b"", page.body)


def forget():
    """Purge every page from the cache and from the web services' memory."""
    python(
        "worker",
        "from django.db import connection\n"
        "from operations.purge import purge\n"
        "connection.cursor().execute('NOTIFY pages')\n"
        "purge()",
    )


def headers_change_no_page(paths):
    plain = {path: seen(path) for path in paths}
    check(len(paths) > 100, f"There are only {len(paths)} pages.")
    for path, (status, _, _) in plain.items():
        expected = 404 if path == "/none/" else 200
        check(status == expected, f"{path} responds with {status}.")
    groups = [*batched(tricks("/"), AT_ONCE, strict=False)]
    for names in groups:
        forget()
        for path in paths:
            given = {name: tricks(path)[name] for name in names}
            compare(path, given, plain[path])
    for name, value in tricks("/privacy/").items():
        compare("/privacy/", {name: value}, plain["/privacy/"])
    say(
        f"{len(tricks('/'))} headers changed none of {len(paths)} pages, neither for "
        "their sender nor for the next reader."
    )


def compare(path, headers, plain):
    for reader, given in (("its sender", headers), ("the next reader", None)):
        got = seen(path, given)
        names = ", ".join(headers)
        check(
            got == plain,
            f"{path} shows {reader} another page ({got[0]}, {got[1]}) with {names}.",
        )


def an_encoding_changes_no_page():
    plain = get("/privacy/")
    for accepted, expected in (
        *(("gzip", "gzip"), ("gzip;q=0.5, br", "br"), ("br, compress", "br")),
        *(("gzip, br;q=0", "gzip"), ("br;q=0.0", None), ("gzip, br;q=0.1", "br")),
        *(("zstd", None), ("x", None)),
    ):
        page = get("/privacy/", headers={"Accept-Encoding": accepted})
        body = page.body
        encoding = page.headers["Content-Encoding"]
        check(encoding == expected, f"{accepted!r} gets {encoding}.")
        if encoding:
            body = {"gzip": gzip, "br": brotli}[encoding].decompress(body)
        check(body == plain.body, f"{accepted!r} gets another page.")
        check(page.headers["ETag"] == plain.headers["ETag"], "ETags differ.")
        check(page.status == 200, f"{accepted!r} gets {page.status}.")
    again = get("/privacy/")
    check(again.body == plain.body, "A compressed copy is sent to everybody.")
    say("Readers get the same page in Brotli, gzip, or uncompressed, as they accept.")


def copies():
    told = execute("cache", "varnishstat", "-1", "-f", "MAIN.n_object")
    return int(told.split()[1])


def parameters_make_no_copy():
    for path in ("/privacy/", "/voices/?state=OH"):
        get(path)
    before = copies()
    for number in range(1, 101):
        get(f"/privacy/?x={number}")
        other_port = {"Host": f"{HOST.upper()}:{number}"}
        get(f"/voices/?fbclid={number}&state=OH&q=", headers=other_port)
    grown = copies() - before
    # While it is refreshed, a page briefly has two copies.
    check(grown < 10, f"200 URLs of two pages made {grown} copies.")
    compose("stop", "--timeout", "2", "web-a", "web-b")
    for path in (
        *("/privacy/?utm_source=never-asked", "/?fbclid=never-asked"),
        *("/voices/?fbclid=never-asked&state=OH", "/voices/?state=TX&state=OH"),
    ):
        status = get(path).status
        check(status == 200, f"{path} responds with {status} while the site is down.")
    start_again()
    plain, encoded = (get(f"/voices/?{name}=OH").body for name in ("state", "%73tate"))
    check(plain == encoded, "An encoded parameter name shows another page.")
    say(f"200 URLs of two pages made {grown} copies, served even without the site.")


def unknown_urls_fill_no_memory():
    """What can't be cached is remembered for seconds, however long its URL."""
    for number in range(UNKNOWN):
        get(f"/{number}-{'a' * 3000}/")
    time.sleep(2 * REMEMBERED_SECONDS)
    told = execute("cache", "varnishstat", "-1", "-f", "SMA.Transient.g_bytes")
    left = int(told.split()[1])
    check(left < 1_000_000, f"{UNKNOWN} unknown URLs left {left:,} bytes in the cache.")
    say(f"{UNKNOWN} unknown URLs left {left:,} bytes in the cache.")


def searches_push_out_no_page(paths):
    # The others, such as forms, are never cached.
    paths = [path for path in paths if "public" in get(path).headers["Cache-Control"]]
    with ThreadPoolExecutor(8) as pool:
        asked = pool.map(lambda n: get(f"/voices/?q=word{n}").status, range(SEARCHES))
        answered = sum(status == 200 for status in asked)
    compose("stop", "--timeout", "2", "web-a", "web-b")
    lost = [path for path in paths if get(path).status != 200]
    check(not lost, f"Searches evicted {lost}.")
    start_again()
    check(answered > SEARCHES / 2, f"Only {answered} searches were answered.")
    say(f"After {answered} searches, all {len(paths)} pages are still cached.")


def start_again():
    compose("start", "web-a", "web-b")
    wait_for(lambda: state("web-a") == state("web-b") == "healthy", 60, "Not healthy.")


if __name__ == "__main__":
    prove()
