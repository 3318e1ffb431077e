"""Slow requests block nobody: signers and staff are served as usual."""

import http.client
import json
import socket
import ssl
import statistics
import threading
import time
from collections import defaultdict

from tests.deploy import runbook
from tests.deploy.project import (
    CERTIFICATE,
    HOST,
    HTTPS_PORT,
    SERVICES,
    check,
    compose,
    containers,
    execute,
    python,
    say,
    start,
    wait_healthy,
    write_environment,
)
from tests.deploy.visitor import Answer, get, sign

ADDRESSES = 120
# Per address; set in deploy/buffer.conf.
MAX_BODIES = 100
SECONDS = 40
# Each attack: its kind (crowd.py), its number of requests, and of addresses.
ATTACKS = [
    ("headers", 500, 1),
    ("bodies", 500, 1),
    ("headers", 500, ADDRESSES),
    ("bodies", 500, ADDRESSES),
    ("stalls", 2000, ADDRESSES),
    ("readers", 500, ADDRESSES),
    ("deaf", 1000, 1),
    # A hundred each, on twenty connections.
    ("streams", 2000, ADDRESSES),
]
# A response time that nobody notices, in milliseconds.
UNNOTICED = 500
# Starts a session for a new staff member, and prints its cookie.
STAFF = """
import time
from allauth.account.internal.flows.login import (
    _AUTHENTICATION_METHODS_USER_SESSION_KEY as WHOSE,
    AUTHENTICATION_METHODS_SESSION_KEY as METHODS,
)
from allauth.account.internal.userkit import user_id_to_str
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth import get_user_model
from django.contrib.sessions.backends.db import SessionStore
from accounts.middleware import BEGAN, USED
user = get_user_model().objects.create_superuser("slow", "slow@example.org")
session = SessionStore()
session[SESSION_KEY] = str(user.pk)
session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
session[HASH_SESSION_KEY] = user.get_session_auth_hash()
session[BEGAN] = session[USED] = at = time.time()
session[WHOSE] = user_id_to_str(user)
session[METHODS] = [{"method": "mfa", "type": "totp", "at": at}]
session.create()
print(f"{settings.SESSION_COOKIE_NAME}={session.session_key}")
"""
NETWORKS = """
from voices.abuse.models import Arrival
print(Arrival.objects.filter(sender="network").values("hash").distinct().count())
"""

# Requests come to the buffer directly, because Docker may have no IPv6 addresses.
REFUSED = """
import json, resource, select, socket, sys, time
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
poll, sockets = select.poll(), []
pause = float(sys.argv[2])
for client in json.loads(sys.argv[1]):
    one = socket.create_connection(("buffer", 8080))
    one.sendall(
        b"POST / HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 9\\r\\n"
        b"X-Forwarded-For: %b\\r\\n\\r\\n" % client.encode()
    )
    poll.register(one, select.POLLIN)
    sockets.append(one)
    time.sleep(pause)
time.sleep(2)
print(len(poll.poll(0)))
"""


def prove():
    if containers():
        wait_healthy(SERVICES, 120)
    else:
        write_environment()
        runbook.make_secrets()
        start()
    # All of these forms come from one machine.
    python("web-a", "Limit.objects.update(most=100000)")
    limited_by_network()
    too_much()
    compose("up", "--detach", "--no-deps", "crowd")
    try:
        seen_as_many()
        attacked()
    finally:
        compose("rm", "--force", "--stop", "crowd")


def limited_by_network():
    # Stay below 30 requests per second from one network, which is a separate limit.
    slowly = 1 / 25
    for sentence, expected, pause, clients in (
        ("one IPv4 address", 50, slowly, ["192.0.2.1"] * 150),
        ("650 addresses", 0, 0, [f"10.0.{n // 250}.{n % 250}" for n in range(650)]),
        ("one /64", 50, slowly, [f"2001:db8::{n:x}" for n in range(150)]),
        ("two /64s", 0, 0, [f"2001:db8:0:{n % 2}::1" for n in range(150)]),
        ("one /48", 50, 0, [f"2001:db8:0:{n:x}::1" for n in range(350)]),
    ):
        command = ["python", "-c", REFUSED, json.dumps(clients), str(pause)]
        refused = int(execute("worker", *command))
        check(
            refused == expected, f"{len(clients)} from {sentence}: {refused} refused."
        )
    say("At most 100 bodies are open at once from an IPv4 address or a /64.")


def seen_as_many():
    before = int(python("web-a", NETWORKS))
    crowd("addresses", ADDRESSES)
    said = crowd("sign", ADDRESSES)
    check(said == {"303": ADDRESSES}, f"Not everyone could sign: {said}")
    found = int(python("web-a", NETWORKS)) - before
    check(found == ADDRESSES, f"The site saw {found} networks, not {ADDRESSES}.")
    say(f"The site sees {ADDRESSES} clients as {found} networks.")


def too_much():
    """A 413 is sent at once and closes the connection, however much is missing."""
    context = ssl.create_default_context(cafile=str(CERTIFICATE))
    for path, length in (
        ("/voices/add/", 128 * 1024 + 1),
        ("/admin/rankings/assessment/import/", 1024**2 + 1),
    ):
        head = f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {length}"
        begun = time.monotonic()
        with (
            socket.create_connection(("127.0.0.1", HTTPS_PORT), timeout=10) as plain,
            context.wrap_socket(plain, server_hostname=HOST) as tls,
        ):
            tls.sendall(f"{head}\r\n\r\nx".encode())
            answer = b"".join(iter(lambda: tls.recv(65536), b""))
        seconds = time.monotonic() - begun
        check(answer.startswith(b"HTTP/1.1 413 "), answer[:200])
        check(b"\r\nConnection: close" in answer, answer[:500])
        check(seconds < 5, f"A 413 took {seconds:.1f} s.")
    say("A 413 doesn't wait for the body, and closes the connection.")


def attacked():
    cookie = python("web-a", STAFF).strip()
    begun = {one: containers()[one]["State"]["StartedAt"] for one in SERVICES}
    calm, attacks, wrong = Honest(cookie), {}, []
    for kind, number, addresses in ATTACKS:
        if kind == "streams":
            offer_http2()
            begun["proxy"] = containers()["proxy"]["State"]["StartedAt"]
        name = f"{number} slow {kind} from {addresses} addresses"
        with calm:
            time.sleep(SECONDS / 2)
        attacks[name] = honest = Honest(cookie)
        with honest:
            said = crowd(kind, number, addresses, SECONDS)
        say(f"{name}: {honest}. At most {said['most']} open: {said['ends']}")
        if said["most"] < expected_open(kind, number, addresses):
            wrong.append(f"{name}: only {said['most']} were open.")
        wrong += nothing_killed(begun)
        memory()
    say(f"Between the attacks: {calm}")
    wrong += calm.failed[:5]
    for name, honest in attacks.items():
        wrong += [f"{name}: {one}" for one in honest.worse_than(calm)]
    check(not wrong, "\n".join(wrong))


def offer_http2():
    """Enable HTTP/2 in the proxy, which is off by default."""
    write_environment(PROXY_PROTOCOLS="h1 h2")
    compose("up", "--detach", "--no-deps", "proxy")
    wait_healthy(SERVICES, 60)


def expected_open(kind, number, addresses):
    """Return how many the limits allow; the buffer limits only bodies."""
    has_body = kind not in {"headers", "deaf"}
    return min(number, MAX_BODIES * addresses) if has_body else number


def crowd(*arguments):
    command = ["python", "-m", "tests.deploy.crowd", *map(str, arguments)]
    return json.loads(execute("crowd", *command).splitlines()[-1])


def nothing_killed(begun):
    """Return a sentence for each service that was restarted or had a process killed."""
    wrong = []
    for service, then in begun.items():
        if containers()[service]["State"]["StartedAt"] != then:
            wrong.append(f"{service} was restarted.")
        if int(cgroup(service, "memory.events", "memory/memory.oom_control")):
            wrong.append(f"The OOM killer ended a process of {service}.")
    return wrong


def memory():
    said = []
    for service in ("proxy", "buffer", "cache"):
        peak = cgroup(service, "memory.peak", "memory/memory.max_usage_in_bytes")
        most = containers()[service]["HostConfig"]["Memory"]
        said.append(f"{service} {int(peak) >> 20} of {most >> 20} MB")
    say(f"  Peak memory so far: {', '.join(said)}.")


def cgroup(service, *files):
    """Return a number from a file of cgroup v2 or, if there is none, of cgroup v1."""
    names = " || cat ".join(f"/sys/fs/cgroup/{file} 2>/dev/null" for file in files)
    found = execute(service, "sh", "-c", f"cat {names}")
    return found.split("oom_kill ")[-1].split()[0]


class Honest:
    """A signer and a staff member, active during each `with` block."""

    def __init__(self, cookie):
        self.cookie = cookie
        self.stopped = threading.Event()
        self.took, self.failed = defaultdict(list), []

    def __enter__(self):
        self.stopped.clear()
        works = [self.signing, self.administering]
        self.threads = [threading.Thread(target=self.run, args=(w,)) for w in works]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *error):
        self.stopped.set()
        for thread in self.threads:
            thread.join()

    def run(self, work):
        while not self.stopped.wait(0.2):
            try:
                work()
            except (OSError, http.client.HTTPException, AssertionError) as error:
                self.failed.append(f"{work.__name__}: {error!r}"[:200])

    def timed(self, name, expected, function, *arguments, **options):
        begun = time.monotonic()
        answer: Answer = function(*arguments, **options)
        self.took[name].append((time.monotonic() - begun) * 1000)
        if answer.status != expected:
            self.failed.append(f"{name}: {answer.status}")
        return answer

    def signing(self):
        self.timed("form", 200, get, "/voices/add/")
        email = f"slow-{time.time_ns()}@example.com"
        self.timed("signing", 303, sign, email, name_display="unlisted")

    def administering(self):
        self.timed(
            "staff", 200, get, "/admin/voices/voice/", headers={"Cookie": self.cookie}
        )

    def slowest(self):
        """Return each page's 95th percentile, in milliseconds."""
        return {
            name: statistics.quantiles(took, n=20)[-1]
            for name, took in sorted(self.took.items())
        }

    def worse_than(self, calm):
        """Return a sentence for each request that failed or was slow under attack."""
        return [
            *self.failed[:5],
            *(
                f"{page} took {took:.0f} ms."
                for page, took in self.slowest().items()
                if took > max(UNNOTICED, 2 * calm.slowest()[page])
            ),
        ]

    def __str__(self):
        return ", ".join(
            f"{name} {slowest:.0f} ms (p95 of {len(self.took[name])})"
            for name, slowest in self.slowest().items()
        )


if __name__ == "__main__":
    prove()
