"""A sender's connection to the mail server, kept open from one letter to the next."""

import smtplib
import time
from contextlib import suppress

from django.core.mail import EmailMultiAlternatives, mailers

# Close the connection after this many seconds without letters.
IDLE = 10


class MailServerUnreachableError(Exception):
    """The mail server couldn't be reached, so no letter was offered to it."""


class MailServer:
    """A connection to the mail server. Threads must not share a connection."""

    def __init__(self) -> None:
        self.backend = mailers["default"]
        self.used_at = time.monotonic()

    def make_ready(self) -> None:
        """Open a connection, unless one is open and the server still answers on it.

        Raises MailServerUnreachableError if the server can't be reached.
        """
        self.used_at = time.monotonic()
        try:
            smtp = getattr(self.backend, "connection", None)
            # RSET tests the connection, and aborts the SMTP transaction that a refused
            # letter may have left open.
            if smtp and smtp.rset()[0] != 250:
                self.close()
            self.backend.open()
        except OSError:
            self.close()
            try:
                self.backend.open()
            except OSError as error:
                self.close()
                raise MailServerUnreachableError(type(error).__name__) from None

    def send(self, message: EmailMultiAlternatives) -> None:
        """Send the message; raise any error from the server or the network."""
        try:
            self.backend.send_messages([message])
        except (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused):
            # The server answered, so keep the connection for the next letter.
            raise
        except Exception:
            self.close()
            raise

    def close(self) -> None:
        with suppress(OSError):
            self.backend.close()

    def close_if_idle(self) -> None:
        if time.monotonic() - self.used_at > IDLE:
            self.close()
