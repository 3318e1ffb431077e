"""A visitor of the deployed site, who trusts the proxy's own CA."""

import http.client
import re
import ssl
from html import unescape
from urllib.parse import urlencode

from tests.deploy.project import (
    CERTIFICATE,
    HOST,
    HTTPS_PORT,
    Failed,
    check,
    mails,
    wait_for,
)

FORM = {
    "name": "Ana Reyes",
    "name_display": "full",
    "city": "Columbus",
    "state": "OH",
    "consent": "on",
    "privacy": "on",
}


class Connection(http.client.HTTPSConnection):
    """Connects to this machine, whatever host name it is given."""

    def connect(self):
        self.host = "127.0.0.1"
        http.client.HTTPConnection.connect(self)
        self.sock = self._context.wrap_socket(self.sock, server_hostname=HOST)


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()
        self.text = self.body.decode(errors="replace")
        self.cookies = [
            cookie.split(";")[0]
            for cookie in response.headers.get_all("Set-Cookie") or []
        ]

    def __contains__(self, words):
        return words in unescape(self.text)

    @property
    def age(self):
        return int(self.headers.get("Age", 0))


def ask(method, path, body=None, headers=None, seconds=30):
    """Send a request; raises OSError or HTTPException if there is no response."""
    context = ssl.create_default_context(cafile=str(CERTIFICATE))
    connection = Connection(HOST, HTTPS_PORT, timeout=seconds, context=context)
    try:
        given = {"Host": HOST, **(headers or {})}
        connection.request(method, path, body, given)
        return Answer(connection.getresponse())
    finally:
        connection.close()


def get(path, **options):
    return ask("GET", path, **options)


def hidden(page, name):
    found = re.search(rf'name="{name}"[^>]*value="([^"]*)"', page.text)
    check(found, f"A form lacks {name} (status {page.status}).")
    return unescape(found[1])


def post(path, fields, page=None):
    """Submit the form on `page`, or on the page at `path`, as a browser does."""
    page = page or get(path)
    fields = {"csrfmiddlewaretoken": hidden(page, "csrfmiddlewaretoken"), **fields}
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Origin": f"https://{HOST}",
        "Cookie": "; ".join(page.cookies),
    }
    return ask("POST", path, urlencode(fields), headers)


def sign(email, **fields):
    """Fill in the form and submit it; return the response."""
    page = get("/voices/add/")
    stamp = hidden(page, "started")
    return post(
        "/voices/add/", {"email": email, "started": stamp, **FORM, **fields}, page
    )


def mail_to(email, subject="", seconds=30):
    """Wait for an email to this address, and return the newest."""

    def found():
        return [
            one
            for one in mails()
            if email in one["to"] and subject.lower() in one["subject"].lower()
        ]

    return wait_for(found, seconds, f"no email to {email} about {subject!r}")[-1]


def link(mail, part):
    """Return the path of the link in an email whose URL contains `part`."""
    found = re.search(rf"https://{re.escape(HOST)}(\S*{part}\S*)", mail["text"])
    if not found:
        raise Failed(f"An email lacks a link with {part}.")
    return found[1]


def confirm(mail):
    return post(link(mail, "/confirm/"), {})
