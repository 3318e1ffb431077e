"""Sends forms as many people and programs would, each claiming its own network.

    python -m tests.deploy.forgers SECONDS JUNK PEOPLE

Runs in a container beside the buffer and sends it what the proxy would, with the
client's address as the only entry of X-Forwarded-For, because a machine with thousands
of networks is hard to come by. Another proof covers what the proxy does with that
header. The last line printed is a JSON object.
"""

import contextlib
import http.client
import itertools
import json
import re
import sys
import threading
import time
from collections import Counter
from html import unescape
from urllib.parse import urlencode

HOST = "voices.internal"
BUFFER = ("buffer", 8080)
PATH = "/voices/add/"
# Words that no email may contain, in upper or lower case.
TYPED = ["forger", "zorkmid", "xanadu", "spam.example", "honoria", "springtown"]
FORGED = {
    "name": "Qwerty Forger",
    "city": "Xanadu",
    "statement": "Zorkmids for everybody, without a limit.",
}
HONEST = {"name": "Honoria Doe", "city": "Springtown"}
SAME = {"name_display": "full", "state": "OH", "consent": "on", "privacy": "on"}
MAILBOXES = ["gmail.com", "yahoo.com", "icloud.com", "comcast.net", "town{}.example"]
# Nobody fills in the form faster than this.
SECONDS_TO_FILL_IN = 3
# Forms that one junk sender submits from a single page load.
FORMS_A_PAGE = 100
PROGRAMS, PERSONS = 24, 16


def own_network(first, number):
    return f"{first}.{number // 250 % 250}.{number % 250}.9"


def honeypot(number):
    return own_network(21, number), "gmail.com", {"untouched": "x"}


def stampless(number):
    return own_network(22, number), "gmail.com", {"started": ""}


def links(number):
    link = f"Zorkmids at https://spam.example/{number}"
    return "23.0.0.1", "yahoo.com", {"statement": link}


def networks(number):
    """Half from random /64s of one /48, half from 50 IPv4 addresses."""
    ipv6 = f"2001:db8:77:{number:x}::1"
    return ipv6 if number % 2 else f"24.{number // 2 % 50}.0.1", "gmail.com", {}


def domain(number):
    return own_network(26, number), "forgers.example", {}


KINDS = [honeypot, stampless, links, networks, domain]


class Sender:
    """One connection, as the proxy holds it, used by one visitor after another."""

    def __init__(self):
        self.connection = http.client.HTTPConnection(*BUFFER, timeout=120)

    def ask(self, method, address, body=None, cookie=""):
        headers = {
            "Host": HOST,
            "X-Forwarded-For": address,
            "X-Forwarded-Host": HOST,
            "X-Forwarded-Proto": "https",
            "Origin": f"https://{HOST}",
            "Content-Type": "application/x-www-form-urlencoded",
            "Cookie": cookie,
        }
        try:
            self.connection.request(method, PATH, body, headers)
            response = self.connection.getresponse()
            return response, response.read().decode()
        except (OSError, http.client.HTTPException):
            self.connection.close()
            raise

    def open_form(self, address):
        """Load the form; return its cookie and hidden fields."""
        # Reconnect, because a connection that idles this long might be closed.
        self.connection.close()
        response, text = self.ask("GET", address)
        self.connection.close()
        cookie = response.headers["Set-Cookie"].partition(";")[0]
        return cookie, {
            name: unescape(re.search(rf'name="{name}"[^>]*value="([^"]*)"', text)[1])
            for name in ("csrfmiddlewaretoken", "started")
        }

    def send(self, address, form, fields):
        cookie, hidden = form
        body = urlencode({**SAME, **hidden, **fields})
        return self.ask("POST", address, body, cookie)[0].status


class Flood:
    """All the forms sent, spread evenly over the time, and the responses to them."""

    def __init__(self, seconds, junk, people):
        self.seconds, self.junk, self.people = seconds, junk, people
        self.answers, self.acknowledged = Counter(), {}
        self.lock = threading.Lock()

    def run(self):
        self.begun = time.monotonic()
        junk, people = self.turns(self.junk), self.turns(self.people)
        works = [(self.forge, junk)] * PROGRAMS + [(self.sign, people)] * PERSONS
        threads = [threading.Thread(target=work, args=(of,)) for work, of in works]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return {
            "seconds": round(time.monotonic() - self.begun),
            "answers": self.answers,
            "acknowledged": self.acknowledged,
        }

    def turns(self, count):
        """Return a generator function that yields numbers, each when it is due."""
        numbers = itertools.count()

        def take():
            while True:
                with self.lock:
                    number = next(numbers)
                if number >= count:
                    return
                due = self.begun + number * self.seconds / count
                time.sleep(max(0, due - time.monotonic()))
                yield number

        return take

    @contextlib.contextmanager
    def noting_failures(self, kind):
        try:
            yield
        except (OSError, http.client.HTTPException, TypeError) as error:
            self.note(kind, type(error).__name__)

    def note(self, kind, answer):
        with self.lock:
            self.answers[f"{kind} {answer}"] += 1

    def forge(self, turns):
        sender = Sender()
        for sent, number in enumerate(turns()):
            kind, each = KINDS[number % len(KINDS)], number // len(KINDS)
            address, mailbox, fields = kind(each)
            with self.noting_failures(kind.__name__):
                if sent % FORMS_A_PAGE == 0:
                    form = sender.open_form(address)
                    time.sleep(SECONDS_TO_FILL_IN)
                email = f"{kind.__name__}{each}@{mailbox}"
                fields = {**FORGED, "email": email, **fields}
                self.note(kind.__name__, sender.send(address, form, fields))

    def sign(self, turns):
        sender = Sender()
        for number in turns():
            address = own_network(25, number)
            mailbox = MAILBOXES[number % len(MAILBOXES)].format(number)
            fields = {**HONEST, "email": f"honest{number}@{mailbox}"}
            with self.noting_failures("honest"):
                form = sender.open_form(address)
                time.sleep(SECONDS_TO_FILL_IN)
                status = sender.send(address, form, fields)
                self.note("honest", status)
                if status == 303:
                    self.acknowledged[fields["email"]] = time.time()


if __name__ == "__main__":
    seconds, junk, people = map(int, sys.argv[1:])
    print(json.dumps(Flood(seconds, junk, people).run()))  # noqa: T201
