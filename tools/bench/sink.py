"""The benchmark's mail server: accepts emails, and reports the link in each.

Run as `python -m tools.bench.sink SMTP_PORT REPORTS_PORT`. A client that connects to
REPORTS_PORT gets a line for each email: the recipient, the path of the confirmation
link ("-" for none), and the arrival time as a Unix timestamp, separated by tabs.
"""

import asyncio
import re
import sys
import time
from email import message_from_bytes
from typing import cast
from urllib.parse import urlsplit

from aiosmtpd.smtp import SMTP, Envelope, Session

HOST = "127.0.0.1"
LINK = re.compile(r"http://\S+/confirm/\S+")


class Handler:
    def __init__(self) -> None:
        self.readers: set[asyncio.StreamWriter] = set()

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        path = find_path(cast(bytes, envelope.content))
        line = f"{envelope.rcpt_tos[0]}\t{path}\t{time.time()}\n"
        for writer in self.readers:
            writer.write(line.encode())
        return "250 kept"

    async def report(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.readers.add(writer)
        try:
            await reader.read()
        finally:
            self.readers.discard(writer)
            writer.close()


def find_path(content: bytes) -> str:
    """Return the path of the confirmation link in an email's text; "-" if none."""
    for part in message_from_bytes(content).walk():
        if part.get_content_type() == "text/plain":
            payload = part.get_payload(decode=True)
            text = payload.decode() if isinstance(payload, bytes) else ""
            if found := LINK.search(text):
                return urlsplit(found[0]).path
    return "-"


async def serve(smtp_port: int, reports_port: int) -> None:
    handler = Handler()
    loop = asyncio.get_running_loop()
    smtp = await loop.create_server(
        lambda: SMTP(handler, enable_SMTPUTF8=True, loop=loop), HOST, smtp_port
    )
    reports = await asyncio.start_server(handler.report, HOST, reports_port)
    async with smtp, reports:
        await asyncio.gather(smtp.serve_forever(), reports.serve_forever())


if __name__ == "__main__":
    asyncio.run(serve(*map(int, sys.argv[1:3])))
