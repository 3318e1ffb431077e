import gzip
from unittest import mock

import brotli
from django.http import HttpResponse
from django.test import RequestFactory, SimpleTestCase

from core.public import Content
from operations import stored
from operations.stored import (
    Address,
    Moment,
    Store,
    StoredPage,
    accepted_encodings,
)

WORDS = "".join(f"<p>Statement number {n}</p>" for n in range(100)).encode()


def make_page(body=WORDS, *, shows=frozenset(Content)):
    response = HttpResponse(body, headers={"Cache-Control": "public", "X-Own": "kept"})
    return StoredPage(response, Moment(0, 0), shows, None)


class AcceptedEncodingsTests(SimpleTestCase):
    def test_those_that_the_header_accepts_come_smallest_first(self):
        for header, encodings in (
            ("", ()),
            ("identity", ()),
            ("gzip", ("gzip",)),
            ("GZIP", ("gzip",)),
            ("gzip, deflate, br, zstd", ("br", "gzip")),
            ("br;q=0.1,gzip;q=1.0", ("br", "gzip")),
            ("br;q=0, gzip", ("gzip",)),
            ("br; q=0.000, gzip; q=0", ()),
            ("br;Q=0", ()),
            ("*", ("br", "gzip")),
            ("*;q=0", ()),
            ("br, *;q=0", ("br",)),
            ("gzip;q=0, *", ("br",)),
            ("br;q=x, gzip;q=", ()),
            ("brotli, gzippy", ()),
            (";;,,=q", ()),
        ):
            with self.subTest(header):
                self.assertEqual(accepted_encodings(header), encodings)


class StoredPageTests(SimpleTestCase):
    def ask(self, page, accepted="", method="GET", **headers):
        given = {"accept-encoding": accepted} | headers
        request = RequestFactory().generic(method, "/", headers=given)
        return page.answer(request)

    def test_it_is_sent_in_the_smallest_encoding_accepted(self):
        page = make_page()
        for accepted, encoding, decode in (
            ("gzip, br", "br", brotli.decompress),
            ("gzip, br;q=0", "gzip", gzip.decompress),
        ):
            response = self.ask(page, accepted)

            self.assertEqual(response["Content-Encoding"], encoding)
            self.assertEqual(decode(response.content), WORDS)
            self.assertEqual(response["Content-Length"], str(len(response.content)))
            self.assertLess(len(response.content), len(WORDS) / 2)
            self.assertEqual(response["X-Own"], "kept")

        plain = self.ask(page, "br;q=0")

        self.assertNotIn("Content-Encoding", plain)
        self.assertEqual(plain.content, WORDS)

    def test_each_encoding_is_made_once(self):
        page = make_page()

        bodies = {id(self.ask(page, "br").content) for _ in range(3)}

        self.assertEqual(bodies, {id(page.compressed["br"].body)})

    def test_what_does_not_shrink_by_half_is_sent_as_it_is(self):
        page = make_page(b"Alive.")

        response = self.ask(page, "gzip, br")

        self.assertNotIn("Content-Encoding", response)
        self.assertEqual(response.content, b"Alive.")
        self.assertEqual(page.compressed, {"br": None, "gzip": None})

    def test_all_encodings_share_a_weak_etag_and_vary(self):
        page = make_page()

        responses = [self.ask(page, accepted) for accepted in ("", "gzip", "br")]

        self.assertEqual({each["ETag"] for each in responses}, {page.etag})
        self.assertEqual({each["Vary"] for each in responses}, {"Accept-Encoding"})
        self.assertTrue(page.etag.startswith('W/"'))

    def test_who_has_it_gets_a_304_in_every_encoding(self):
        page = make_page()
        strong = page.etag.removeprefix("W/")
        for accepted in ("", "gzip", "br"):
            for known in (page.etag, strong, f'"x", {page.etag}', "*"):
                response = self.ask(page, accepted, **{"if-none-match": known})

                self.assertEqual(response.status_code, 304, known)
                self.assertEqual(response.content, b"")
                self.assertEqual(
                    dict(response.items()),
                    {
                        "Cache-Control": "public",
                        "ETag": page.etag,
                        "Vary": "Accept-Encoding",
                    },
                )

    def test_head_and_304_compress_nothing(self):
        known = make_page()
        asked = make_page()
        self.ask(asked, "br")

        with mock.patch.dict(stored.ENCODERS, br=None, gzip=None):
            unchanged = self.ask(known, "gzip, br", **{"if-none-match": known.etag})
            head = self.ask(asked, "gzip, br", "HEAD")

        self.assertEqual(unchanged.status_code, 304)
        self.assertEqual(head["Content-Encoding"], "br")

    def test_who_has_another_gets_it(self):
        page = make_page()
        for known in ('W/"x"', '"x"', "x", ""):
            response = self.ask(page, **{"if-none-match": known})

            self.assertEqual(response.status_code, 200, known)
            self.assertEqual(response.content, WORDS)

    def test_a_precondition_that_fails_gets_a_412(self):
        page = make_page()
        for name, value in (
            ("if-match", '"x"'),
            ("if-unmodified-since", "Fri, 01 Jan 2100 00:00:00 GMT"),
        ):
            known = {name: value, "if-none-match": page.etag}
            with self.assertLogs("django.request", "WARNING"):
                response = self.ask(page, **known)

            self.assertEqual(response.status_code, 412, name)

    def test_head_has_the_headers_of_get_and_no_body(self):
        page = make_page()
        for accepted in ("", "gzip", "br"):
            get, head = (self.ask(page, accepted, each) for each in ("GET", "HEAD"))

            self.assertEqual(head.headers, get.headers)
            self.assertEqual(head.content, b"")
            self.assertEqual(head["Content-Length"], str(len(get.content)))


class StoreTests(SimpleTestCase):
    def fill(self, store, *names, body=b"x" * 100):
        for name in names:
            store.set(Address(name, ""), make_page(body))

    def names(self, store):
        return [address.path for address in store.pages]

    def test_the_page_not_used_for_longest_leaves_first(self):
        store = Store(2, 10_000)
        self.fill(store, "a", "b")

        store.get(Address("a", ""))
        self.fill(store, "c")

        self.assertEqual(self.names(store), ["a", "c"])

    def test_bytes_are_bounded(self):
        store = Store(100, 1000)

        self.fill(store, *"abcdefgh")
        self.assertEqual(self.names(store), list("defgh"))
        self.fill(store, "h", body=b"x" * 450)
        self.assertEqual(self.names(store), ["h"])
        self.fill(store, "i", body=b"x" * 501)
        self.assertEqual(self.names(store), [])
        self.assertEqual(store.bytes, 0)

    def test_only_pages_that_show_the_content_are_dropped(self):
        store = Store(10, 1_000_000)
        for content in Content:
            store.set(Address(content, ""), make_page(shows=frozenset([content])))

        store.drop_all(Content.VOICES)

        self.assertEqual(set(self.names(store)), set(Content) - {"voices"})
        store.drop_all()
        self.assertEqual(store.bytes, 0)
