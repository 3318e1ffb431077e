"""Visitors who read and sign without a pause, and the responses they got."""

import http.client
import secrets
import threading
import time

from tests.deploy.visitor import get, sign

PAGES = ["/", "/voices/", "/privacy/"]


class Load:
    """Sends requests during the `with` block; afterwards, str() is a summary."""

    def __init__(self, signers=2, readers=2):
        self.stopped = threading.Event()
        self.acknowledged, self.failed, self.read = [], [], 0
        works = [self.signing] * signers + [self.reading] * readers
        self.threads = [threading.Thread(target=self.run, args=(w,)) for w in works]

    def __enter__(self):
        self.begun = time.monotonic()
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *error):
        self.stopped.set()
        for thread in self.threads:
            thread.join()
        self.seconds = time.monotonic() - self.begun

    def run(self, work):
        while not self.stopped.is_set():
            try:
                work()
            except (OSError, http.client.HTTPException, AssertionError) as error:
                self.failed.append(f"{work.__name__}: {error!r}"[:200])
                # Nobody clicks faster than this.
                time.sleep(0.2)

    def signing(self):
        email = f"load-{secrets.token_hex(6)}@example.com"
        answer = sign(email, name_display="unlisted")
        if answer.status == 303:
            self.acknowledged.append(email)
        else:
            self.failed.append(f"signing: {answer.status}")
        time.sleep(0.1)

    def reading(self):
        for path in PAGES:
            answer = get(path)
            if answer.status == 200:
                self.read += 1
            else:
                self.failed.append(f"reading {path}: {answer.status}")
            time.sleep(0.05)

    def __str__(self):
        return (
            f"{len(self.acknowledged)} forms and {self.read} pages in "
            f"{self.seconds:.0f} s, {len(self.failed)} requests failed"
        )
