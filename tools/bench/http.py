"""A small HTTP/1.1 client on asyncio, for the driver.

The standard library's client blocks, and a thread for each visitor would cost more CPU
than the site. This client keeps connections alive, as a proxy does. If all connections
are busy, it opens another, so a slow response never delays the next visitor's request.
"""

import asyncio
from dataclasses import dataclass

# Don't reuse a connection that was idle for more than this many seconds, because
# gunicorn closes an idle connection after 5 seconds.
LONGEST_IDLE = 3.5
MAX_CONNECTIONS = 1000


class BrokenError(Exception):
    """The connection failed or timed out, or the response can't be parsed."""


class LostError(BrokenError):
    """The server closed the connection before it sent anything."""


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


class Connection(asyncio.Protocol):
    def __init__(self) -> None:
        self.received = bytearray()
        self.answer: asyncio.Future[Answer] | None = None
        self.closed = False
        self.idle_since = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        self.closed = True
        if self.answer and not self.answer.done():
            kind = BrokenError if self.received else LostError
            self.answer.set_exception(kind("The server closed the connection."))

    def data_received(self, data: bytes) -> None:
        self.received += data
        if self.answer is None or self.answer.done():
            return
        try:
            answer = parse(self.received)
        except ValueError as error:
            self.answer.set_exception(BrokenError(f"Not HTTP: {error}"))
            return
        if answer:
            self.received.clear()
            self.closed = answer.headers.get("connection") == "close"
            self.answer.set_result(answer)

    async def ask(self, request: bytes, seconds: float) -> Answer:
        self.answer = asyncio.get_running_loop().create_future()
        self.transport.write(request)  # type: ignore[attr-defined]
        try:
            return await asyncio.wait_for(self.answer, seconds)
        except TimeoutError:
            self.closed = True
            raise BrokenError(f"No answer in {seconds:.0f} s.") from None
        finally:
            if self.closed:
                self.transport.close()


def parse(received: bytearray) -> Answer | None:
    """Return the response; None if only part of it has arrived."""
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return None
    first, *lines = received[:end].decode("latin-1").split("\r\n")
    headers: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    status = int(first.split(" ", 2)[1])
    body = received[end + 4 :]
    if status in {204, 304}:
        return Answer(status, headers, b"")
    if headers.get("transfer-encoding") == "chunked":
        whole = join_chunks(bytes(body))
        return None if whole is None else Answer(status, headers, whole)
    if len(body) < int(headers["content-length"]):
        return None
    return Answer(status, headers, bytes(body))


def join_chunks(body: bytes) -> bytes | None:
    """Return the content of all chunks; None if the last chunk hasn't arrived yet."""
    parts: list[bytes] = []
    while True:
        line, newline, rest = body.partition(b"\r\n")
        if not newline:
            return None
        size = int(line, 16)
        if len(rest) < size + 2:
            return None
        if not size:
            return b"".join(parts)
        parts.append(rest[:size])
        body = rest[size + 2 :]


class Client:
    """A connection pool to one server on loopback."""

    def __init__(self, port: int, host: str):
        self.port, self.host = port, host
        self.idle: list[Connection] = []
        self.opened = self.open = self.retries = 0

    async def ask(
        self,
        method: str,
        path: str,
        headers: str = "",
        body: bytes | None = None,
        seconds: float = 60,
    ) -> Answer:
        """Send a request; each line in `headers` must end in CRLF."""
        if body is not None:
            headers += (
                "Content-Type: application/x-www-form-urlencoded\r\n"
                f"Content-Length: {len(body)}\r\n"
            )
        head = f"{method} {path} HTTP/1.1\r\nHost: {self.host}\r\n{headers}\r\n"
        request = head.encode() + (body or b"")
        while connection := self.take():
            # The server can close an idle connection at any time. In that case, repeat
            # the request, as browsers do.
            try:
                return await self.use(connection, request, seconds)
            except LostError:
                self.retries += 1
        return await self.use(await self.connect(), request, seconds)

    def take(self) -> Connection | None:
        now = asyncio.get_running_loop().time()
        while self.idle:
            connection = self.idle.pop()
            if not connection.closed and now - connection.idle_since < LONGEST_IDLE:
                return connection
            connection.transport.close()
            self.open -= 1
        return None

    async def connect(self) -> Connection:
        if self.open >= MAX_CONNECTIONS:
            raise BrokenError(f"{MAX_CONNECTIONS} requests are open already.")
        self.open += 1
        self.opened += 1
        loop = asyncio.get_running_loop()
        try:
            _, connection = await loop.create_connection(
                Connection, "127.0.0.1", self.port
            )
        except OSError as error:
            self.open -= 1
            raise BrokenError(str(error)) from None
        return connection

    async def use(
        self, connection: Connection, request: bytes, seconds: float
    ) -> Answer:
        try:
            return await connection.ask(request, seconds)
        finally:
            if connection.closed:
                self.open -= 1
            else:
                connection.idle_since = asyncio.get_running_loop().time()
                self.idle.append(connection)

    def close(self) -> None:
        for connection in self.idle:
            connection.transport.close()
