"""A load test for your own server, with locust: page views and, optionally, sign-ups.

    pip install locust
    locust -f deploy/locustfile.py --headless --users 50 --run-time 1m \
        --host http://localhost:8000

The test refuses any host but loopback, unless LOAD_HOST names the same host: test only
a server of your own, while nobody else uses it. Sign-ups are off by default, because
the site sends an email for each. LOAD_MAIL_DOMAIN turns them on; the emails go to that
domain, so name one whose mail you receive. All sign-ups come from one network, so the
site's limits suppress most of the emails: first allow your network in the admin
(*Allowed networks*).

`make bench` measures more, on a copy of the site that it starts: docs/performance.md.
"""

import logging
import os
import re
import secrets
from html import unescape
from ipaddress import ip_address
from urllib.parse import urlsplit

from locust import HttpUser, between, events, task
from locust.exception import StopUser

HIDDEN = re.compile(r'<input type="hidden" name="(\w+)"(?: value="([^"]*)")?')
MAIL_DOMAIN = os.environ.get("LOAD_MAIL_DOMAIN", "")


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


@events.test_start.add_listener
def refuse_other_hosts(environment, **_):
    host = urlsplit(environment.host or "").hostname or ""
    if not is_loopback(host) and os.environ.get("LOAD_HOST") != host:
        logging.error(
            "%s is not loopback. If it is yours to load, set LOAD_HOST=%s.", host, host
        )
        environment.process_exit_code = 2
        environment.runner.quit()


class Reader(HttpUser):
    """A visitor who reads a page every few seconds."""

    weight = 20
    wait_time = between(1, 5)

    @task(4)
    def home(self):
        self.client.get("/")

    @task(3)
    def wall(self):
        self.client.get("/voices/")

    @task(1)
    def rankings(self):
        self.client.get("/rankings/")

    @task(1)
    def state(self):
        self.client.get("/rankings/ohio/")

    @task(1)
    def questions(self):
        self.client.get("/faq/")


class Signer(HttpUser):
    """A visitor who opens the form and, if LOAD_MAIL_DOMAIN is set, submits it."""

    weight = 1
    wait_time = between(3, 20)

    @task
    def sign(self):
        page = self.client.get("/voices/add/")
        if not MAIL_DOMAIN:
            return
        self.wait()
        found = HIDDEN.findall(page.text)
        name = secrets.token_hex(8)
        fields = {key: unescape(value) for key, value in found} | {
            "name": "Load Test",
            "name_display": "unlisted",
            "email": f"load-{name}@{MAIL_DOMAIN}",
            "city": "Columbus",
            "state": "OH",
            "consent": "on",
            "privacy": "on",
        }
        headers = {"Origin": self.host.rstrip("/"), "Referer": page.url}
        answer = self.client.post(
            "/voices/add/", fields, headers=headers, allow_redirects=False
        )
        if answer.status_code == 503:
            # Signing is closed.
            raise StopUser
