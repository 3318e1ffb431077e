"""Cache values computed from rows in a web process, until the rows may change.

It is for values that pages share, such as the standings of an edition. When some other
change makes a page render again, it doesn't repeat the queries for these values.
Don't call it in a transaction that changes the rows.
`operations.warm` reports each notification. A process that isn't notified caches
nothing.
"""

import threading
from collections import Counter
from collections.abc import Callable, Hashable
from typing import Any

from core.public import Content

# Enough for the states in some editions. Beyond this, someone is crawling the pages.
MOST = 1000


class Memory:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.listening = False
        # How often each content changed.
        self.changes = Counter[Content]()
        self.values: dict[tuple[frozenset[Content], Hashable], Any] = {}

    def drop(self, *contents: Content, listening: bool = True) -> None:
        """Drop the values computed from these contents, which have changed."""
        with self.lock:
            self.listening = listening
            self.changes.update(contents)
            for key in [key for key in self.values if key[0] & {*contents}]:
                del self.values[key]

    def get[Value](
        self, shows: frozenset[Content], name: Hashable, make: Callable[[], Value]
    ) -> Value:
        """Return the value; `make` computes it from these contents.

        One change may send notifications for several contents, one by one. So `shows`
        needs all contents of the pages that show the value: otherwise, a page could be
        rendered with the old value after its own notification has arrived.
        """
        key = shows, name
        with self.lock:
            if key in self.values:
                return self.values[key]
            begun = self.changed(shows)
        value = make()
        with self.lock:
            if self.listening and self.changed(shows) == begun:
                if len(self.values) >= MOST:
                    self.values.clear()
                self.values[key] = value
        return value

    def changed(self, shows: frozenset[Content]) -> int:
        return sum(self.changes[each] for each in shows)


memory = Memory()
RANKINGS = frozenset({Content.RANKINGS})
TEXTS = frozenset({Content.TEXTS})
FIGURES = frozenset({Content.FIGURES, Content.VOICES})
FLAGGED = frozenset({Content.FLAGGED})
