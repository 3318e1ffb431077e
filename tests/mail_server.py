"""An SMTP server for the tests, on this machine only unless told otherwise."""

import socketserver
import threading
import time
from contextlib import contextmanager


class MailServer(socketserver.ThreadingTCPServer):
    """Stores what it receives; can be told to refuse mail or to hang in mid-message."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, address=("127.0.0.1", 0)):
        super().__init__(address, MailHandler)
        self.messages = []
        self.senders = []
        # The reply to every recipient instead of 250, such as "550 No such user".
        self.refusal = ""
        self.received = threading.Event()
        self.silent = False
        # How long it takes for each message.
        self.seconds = 0
        self.connections = 0
        self.in_the_middle = threading.Event()

    @property
    def url(self):
        return f"smtp://127.0.0.1:{self.server_address[1]}"


class MailHandler(socketserver.StreamRequestHandler):
    def handle(self):
        self.server.connections += 1
        self.say("220 tests")
        while line := self.rfile.readline():
            verb = line[:4].strip().upper()
            if verb == b"DATA":
                self.take_message()
            elif verb == b"MAIL":
                self.server.senders.append(line.decode().split("<")[1].split(">")[0])
                self.say("250 fine")
            elif verb == b"RCPT" and self.server.refusal:
                self.say(self.server.refusal)
            elif verb == b"QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 fine")

    def take_message(self):
        self.say("354 go on")
        if self.server.silent:
            self.server.in_the_middle.set()
            # Read to the end of the connection without ever acknowledging the message.
            self.rfile.read()
            return
        lines = iter(self.rfile.readline, b".\r\n")
        self.server.messages.append(b"".join(lines))
        time.sleep(self.server.seconds)
        self.say("250 kept")
        self.server.received.set()

    def say(self, line):
        self.wfile.write(f"{line}\r\n".encode())


@contextmanager
def mail_server():
    with MailServer() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
