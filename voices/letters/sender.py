"""Send letters in a few threads of the worker process, separately from the job queue.

Letters wait in their own table (Letter), not as jobs. So even a long queue of letters
doesn't delay jobs, and no job has to be requeued over and over.
"""

import logging
import threading

from django.db import close_old_connections, connection

from voices.letters.link_requests import answer_requests
from voices.letters.mail_server import MailServer
from voices.letters.send import send_next

logger = logging.getLogger(__name__)

# Seconds between polls for letters, and the longest pause after errors.
POLL = 1
LONGEST_PAUSE = 60


def run(stopping: threading.Event) -> None:
    """Answer requests for manage links, and send letters, until `stopping` is set."""
    pause = 0
    server = MailServer()
    while not stopping.wait(pause):
        close_old_connections()
        try:
            is_busy = answer_requests() + send_next(stopping.is_set, server)
            pause = 0 if is_busy else POLL
            server.close_if_idle()
        except Exception as error:
            # Usually, the mail server or the database is down. Log only the type of the
            # error, because its text may quote an address.
            logger.warning("Letters wait: %s", type(error).__name__)
            connection.close()
            pause = min(max(POLL, pause * 3), LONGEST_PAUSE)
    server.close()
    connection.close()
