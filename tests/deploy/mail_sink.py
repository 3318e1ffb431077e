"""The mail server of the proofs, slow enough to be interrupted mid-delivery.

Runs in a container beside the site; `python -m tests.deploy.mail_sink print` prints the
received emails, one JSON object per line.
"""

import email
import email.policy
import json
import sys
import time
from pathlib import Path

from tests.mail_server import MailHandler, MailServer

FOLDER = Path("/tmp/mail")
SECONDS = 0.2


class SlowHandler(MailHandler):
    def take_message(self):
        self.say("354 go on")
        text = b"".join(iter(self.rfile.readline, b".\r\n"))
        # Stored before it is acknowledged, so a sender interrupted here sends it again.
        draft = FOLDER / f"{time.time_ns()}.part"
        draft.write_bytes(text)
        draft.rename(draft.with_suffix(".eml"))
        time.sleep(SECONDS)
        self.say("250 kept")


def serve():
    FOLDER.mkdir(exist_ok=True)
    with MailServer(("0.0.0.0", 2525)) as server:
        server.RequestHandlerClass = SlowHandler
        server.serve_forever()


def tell():
    for path in sorted(FOLDER.glob("*.eml")):
        message = email.message_from_bytes(
            path.read_bytes(), policy=email.policy.default
        )
        body = message.get_body(("plain",))
        html = message.get_body(("html",))
        line = {
            "to": message["To"],
            "id": message["Message-ID"],
            "subject": message["Subject"],
            "text": body.get_content(),
            "html": html.get_content() if html else "",
            # When it arrived, in seconds since 1970.
            "at": int(path.stem) / 1e9,
        }
        sys.stdout.write(f"{json.dumps(line)}\n")


if __name__ == "__main__":
    tell() if sys.argv[1:] == ["print"] else serve()
