"""The limits of proxy, buffer, and site are consistent."""

import re
from pathlib import Path

from django.conf import settings
from django.test import SimpleTestCase
from django.urls import reverse

ROOT = Path(settings.BASE_DIR)
BUFFER = (ROOT / "deploy" / "buffer.conf").read_text()
PROXY = (ROOT / "deploy" / "Caddyfile").read_text()
COMPOSE = (ROOT / "docker-compose.yml").read_text()
UNITS = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}
UPLOADS = {reverse(name): most for name, most in settings.UPLOADS.items()}


def size(text):
    """Parse a size as nginx and Docker write it."""
    return int(text.rstrip("kmg")) * UNITS[text[-1] if text[-1] in UNITS else ""]


def block(path):
    return re.search(rf"location = {re.escape(path)} \{{(.*?)\}}", BUFFER, re.DOTALL)[1]


def server():
    """The settings for every path without its own location block."""
    return re.sub(r"location [^{]*\{.*?\}", "", BUFFER, flags=re.DOTALL)


def number(name, text):
    """Return the value of a directive that must occur exactly once."""
    [value] = re.findall(rf"^\s*{name} (\w+);", text, re.MULTILINE)
    return size(value)


def service(name):
    return re.search(rf"^  {name}:\n(.*?)\n\n", COMPOSE, re.MULTILINE | re.DOTALL)[1]


class BodyTests(SimpleTestCase):
    def test_the_buffer_and_the_site_accept_128_kb(self):
        most = number("client_max_body_size", server())

        self.assertEqual(most, settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
        self.assertEqual(most, 128 * 1024)

    def test_only_the_upload_urls_accept_more(self):
        larger = re.findall(r"location = (\S+) \{[^}]*client_max_body_size", BUFFER)

        self.assertCountEqual(larger, UPLOADS)
        for path, most in UPLOADS.items():
            self.assertGreater(number("client_max_body_size", block(path)), most)
            self.assertLessEqual(number("client_max_body_size", block(path)), 1024**2)

    def test_every_body_fits_in_memory_as_a_whole(self):
        for text in (server(), *map(block, UPLOADS)):
            self.assertEqual(
                number("client_body_buffer_size", text),
                number("client_max_body_size", text),
            )

    def test_all_bodies_together_take_less_than_half_of_the_memory(self):
        most = number("limit_conn bodies", server()) * number(
            "client_max_body_size", server()
        ) + sum(
            number("limit_conn uploads", block(path))
            * number("client_max_body_size", block(path))
            for path in UPLOADS
        )
        memory = size(re.search(r"mem_limit: (\w+)", service("buffer"))[1])

        self.assertLess(most, memory / 2)

    def test_sixteen_addresses_cannot_use_up_all_connections(self):
        for everybody, one in (("all", "network"), ("bodies", "sender")):
            most = number(f"limit_conn {everybody}", server())

            self.assertGreater(most / number(f"limit_conn {one}", server()), 16)

    def test_the_proxy_has_descriptors_for_all_open_requests(self):
        [most] = re.findall(r"nofile: (\d+)", service("proxy"))

        self.assertGreater(int(most), 2 * number("limit_conn all", server()))

    def test_an_upload_counts_as_every_other_request_does(self):
        for name in ("bodies", "all", "network", "wide", "sender", "wide_sender"):
            for path in UPLOADS:
                self.assertEqual(
                    number(f"limit_conn {name}", block(path)),
                    number(f"limit_conn {name}", server()),
                )


class HopTests(SimpleTestCase):
    def test_every_request_goes_through_the_buffer_and_then_the_cache(self):
        self.assertEqual(re.findall(r"reverse_proxy (\S+)", PROXY), ["buffer:8080"])
        self.assertEqual(
            set(re.findall(r"proxy_pass (\S+);", BUFFER)), {"http://cache"}
        )

    def test_the_client_is_the_second_entry_from_the_right(self):
        # The buffer writes the client's address, and the cache appends the buffer's.
        self.assertIn("proxy_set_header X-Forwarded-For $remote_addr;", BUFFER)
        self.assertIn('PROXY_COUNT: "2"', COMPOSE)

    def test_headers_and_bodies_have_deadlines(self):
        for name in ("read_header", "read_body", "write", "idle"):
            self.assertRegex(PROXY, rf"\b{name} \d\d?s\b")
        # HTTP/3 would have no deadlines.
        self.assertIn("protocols {$PROXY_PROTOCOLS:h1}\n", PROXY)
