"""Slow clients, each with its own address, run in a container on the proxy's network.

    python -m tests.deploy.crowd addresses COUNT
    python -m tests.deploy.crowd sign COUNT
    python -m tests.deploy.crowd KIND OPEN COUNT SECONDS

The first gives the container COUNT addresses, which requires NET_ADMIN; the second
submits one form from each. KIND is the rest of the name of a `slow_` function below:
OPEN of its connections are kept open for SECONDS, spread over COUNT addresses. The last
line printed is a JSON object.
"""

import asyncio
import contextlib
import fcntl
import ipaddress
import itertools
import json
import re
import socket
import ssl
import struct
import sys
import time
from collections import Counter
from urllib.parse import urlencode

HOST = "voices.internal"
# The largest body that the buffer accepts (deploy/buffer.conf).
BODY = 128 * 1024
PATH = "/voices/add/"
# As many as the buffer accepts from one address, on one HTTP/2 connection.
STREAMS = 100
DATA, HEADERS, RST_STREAM, SETTINGS, PING, WINDOW_UPDATE = 0, 1, 3, 4, 6, 8
SET_ADDRESS, GET_ADDRESS, GET_MASK = 0x8916, 0x8915, 0x891B

CONTEXT = ssl.create_default_context()
CONTEXT.check_hostname, CONTEXT.verify_mode = False, ssl.CERT_NONE
HTTP2 = ssl.create_default_context()
HTTP2.check_hostname, HTTP2.verify_mode = False, ssl.CERT_NONE
HTTP2.set_alpn_protocols(["h2"])


def ask_interface(request, name="eth0", address="0.0.0.0"):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        packed = socket.inet_aton(address)
        ifreq = struct.pack("16sHH4s8x", name.encode(), socket.AF_INET, 0, packed)
        return socket.inet_ntoa(fcntl.ioctl(sock, request, ifreq)[20:24])


def addresses(count):
    """Return addresses of the network that no container has."""
    network = ipaddress.ip_network(
        f"{ask_interface(GET_ADDRESS)}/{ask_interface(GET_MASK)}", strict=False
    )
    first = network.num_addresses // 2
    return [str(network[first + number]) for number in range(count)]


def add(count):
    for number, address in enumerate(addresses(count)):
        ask_interface(SET_ADDRESS, f"eth0:{number}", address)


def post(length):
    return (
        f"POST {PATH} HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {length}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n\r\n"
    ).encode()


async def connect(address, context=CONTEXT, **options):
    return await asyncio.open_connection(
        PROXY,
        443,
        ssl=context,
        server_hostname=HOST,
        local_addr=(address, 0),
        ssl_handshake_timeout=60,
        **options,
    )


class Crowd:
    """Counts the open connections and how each of them ended."""

    def __init__(self):
        self.open, self.most, self.ends = 0, 0, Counter()

    @contextlib.contextmanager
    def one(self):
        self.open += 1
        self.most = max(self.most, self.open)
        try:
            yield
        finally:
            self.open -= 1


async def drip(reader, writer, data):
    """Send one byte a second until a response or the end; return the status."""
    answer = asyncio.ensure_future(reader.readline())
    for byte in data:
        writer.write(bytes([byte]))
        await asyncio.wait([answer], timeout=1)
        if answer.done():
            break
    return status(await answer)


def status(line):
    return line.split(b" ")[1].decode() if line.startswith(b"HTTP/") else "cut"


async def slow_headers(crowd, address):
    reader, writer = await connect(address)
    with crowd.one(), contextlib.closing(writer):
        return await drip(reader, writer, post(BODY))


async def slow_bodies(crowd, address):
    reader, writer = await connect(address)
    with crowd.one(), contextlib.closing(writer):
        writer.write(post(BODY))
        return await drip(reader, writer, b"name=" + b"x" * BODY)


async def slow_stalls(crowd, address):
    """A body that stalls one byte before its end."""
    reader, writer = await connect(address)
    with contextlib.closing(writer):
        writer.write(post(BODY) + b"x" * (BODY - 1))
        await writer.drain()
        with crowd.one():
            return status(await reader.readline())


async def ask_without_room(address, path):
    """Request a page over a connection with almost no receive buffer."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    sock.setblocking(False)
    sock.bind((address, 0))
    await asyncio.get_running_loop().sock_connect(sock, (PROXY, 443))
    reader, writer = await asyncio.open_connection(
        sock=sock, ssl=CONTEXT, server_hostname=HOST, limit=256
    )
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
    return reader, writer


async def slow_readers(crowd, address):
    """Request an uncached page, and read a few bytes of it per second."""
    reader, writer = await ask_without_room(address, "/admin/login/")
    with crowd.one(), contextlib.closing(writer):
        line = await reader.readline()
        while await reader.read(16):
            await asyncio.sleep(1)
        return status(line)


async def slow_deaf(crowd, address):
    """Request a cached page, and read nothing of it."""
    _, writer = await ask_without_room(address, "/explainer/")
    with crowd.one(), contextlib.closing(writer):
        await asyncio.sleep(3600)


async def slow_streams(crowd, address):
    """As many stalled bodies as one HTTP/2 connection may have."""
    reader, writer = await connect(address, HTTP2)
    with contextlib.closing(writer):
        return await Streams(crowd, reader, writer).run()


class Streams:
    """A minimal HTTP/2 client that respects the server's flow control."""

    def __init__(self, crowd, reader, writer):
        self.crowd, self.reader, self.writer = crowd, reader, writer
        self.window, self.wider = 65535, asyncio.Event()
        self.stalled, self.ended = contextlib.ExitStack(), set()

    async def run(self):
        self.writer.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0, 0))
        sending = asyncio.ensure_future(self.send())
        with self.stalled:
            try:
                return await self.read()
            finally:
                sending.cancel()

    async def send(self):
        for stream in range(1, 2 * STREAMS, 2):
            self.writer.write(frame(HEADERS, 4, stream, head()))
            left = BODY - 1
            while left:
                part = min(left, 16384)
                while self.window < part:
                    self.wider.clear()
                    await self.wider.wait()
                self.window -= part
                left -= part
                self.writer.write(frame(DATA, 0, stream, b"x" * part))
                await self.writer.drain()
            self.stalled.enter_context(self.crowd.one())

    async def read(self):
        """Return when the connection or one of its streams ends."""
        while not self.ended:
            try:
                lead = await self.reader.readexactly(9)
                body = await self.reader.readexactly(int.from_bytes(lead[:3]))
            except asyncio.IncompleteReadError:
                return "cut"
            self.take(lead[3], lead[4], int.from_bytes(lead[5:]) & 0x7FFFFFFF, body)
        return "ended"

    def take(self, kind, flags, stream, body):
        if kind == WINDOW_UPDATE and not stream:
            self.window += int.from_bytes(body)
            self.wider.set()
        elif kind == SETTINGS and not flags:
            self.writer.write(frame(SETTINGS, 1, 0))
        elif kind == PING and not flags:
            self.writer.write(frame(PING, 1, 0, body))
        elif kind == RST_STREAM or (kind in {DATA, HEADERS} and flags & 1):
            self.ended.add(stream)


def frame(kind, flags, stream, body=b""):
    return (
        struct.pack(">I", len(body))[1:]
        + bytes([kind, flags])
        + struct.pack(">I", stream)
        + body
    )


def head():
    """The headers of a form as HPACK literals, without compression."""
    fields = {
        ":method": "POST",
        ":scheme": "https",
        ":path": PATH,
        ":authority": HOST,
        "content-length": str(BODY),
        "content-type": "application/x-www-form-urlencoded",
    }
    return b"".join(
        b"\0"
        + bytes([len(name)])
        + name.encode()
        + bytes([len(value)])
        + value.encode()
        for name, value in fields.items()
    )


async def keep_open(crowd, attack, address, until, delay):
    await asyncio.sleep(delay)
    while time.monotonic() < until:
        try:
            async with asyncio.timeout(until - time.monotonic()):
                end = await attack(crowd, address)
        except TimeoutError:
            end = "held until the end"
        except (OSError, ssl.SSLError) as error:
            end = type(error).__name__
        crowd.ends[end] += 1
        # A client that is refused quickly must not retry more often than others.
        await asyncio.sleep(1)


async def run(kind, number, count, seconds):
    crowd, attack = Crowd(), globals()[f"slow_{kind}"]
    until = time.monotonic() + seconds
    clients = number // STREAMS if kind == "streams" else number
    # All are started within five seconds.
    pairs = zip(range(clients), itertools.cycle(addresses(count)), strict=False)
    await asyncio.gather(
        *(
            keep_open(crowd, attack, address, until, 5 * client / clients)
            for client, address in pairs
        )
    )
    return {"most": crowd.most, "ends": crowd.ends}


async def sign(number, address):
    """Submit one honest form, so the site records the network it came from."""
    headers = {"Host": HOST, "Origin": f"https://{HOST}", "Connection": "close"}
    page, cookie = await ask("GET", address, headers)
    fields = {
        "csrfmiddlewaretoken": hidden(page, "csrfmiddlewaretoken"),
        "started": hidden(page, "started"),
        "name": "Ana Reyes",
        "name_display": "unlisted",
        "email": f"crowd-{number}@example.com",
        "city": "Columbus",
        "state": "OH",
        "consent": "on",
        "privacy": "on",
    }
    body = urlencode(fields)
    kind = "application/x-www-form-urlencoded"
    headers |= {"Cookie": cookie, "Content-Type": kind, "Content-Length": len(body)}
    page, _ = await ask("POST", address, headers, body)
    return status(page.encode())


async def ask(method, address, headers, body=""):
    reader, writer = await connect(address)
    with contextlib.closing(writer):
        lines = [
            f"{method} {PATH} HTTP/1.1",
            *(f"{n}: {v}" for n, v in headers.items()),
        ]
        writer.write(("\r\n".join(lines) + "\r\n\r\n" + body).encode())
        page = (await reader.read(-1)).decode(errors="replace")
    cookie = re.search(r"(?im)^set-cookie: ([^;]+)", page)
    return page, cookie and cookie[1]


def hidden(page, name):
    return re.search(rf'name="{name}"[^>]*value="([^"]*)"', page)[1]


async def sign_all(count):
    ends = Counter()
    for number, address in enumerate(addresses(count)):
        ends[await sign(number, address)] += 1
    return ends


if __name__ == "__main__":
    what, *numbers = sys.argv[1:]
    numbers = [int(number) for number in numbers]
    PROXY = socket.gethostbyname("proxy")
    if what == "addresses":
        said = add(*numbers)
    elif what == "sign":
        said = asyncio.run(sign_all(*numbers))
    else:
        said = asyncio.run(run(what, *numbers))
    sys.stdout.write(json.dumps(said) + "\n")
