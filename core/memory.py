"""Cache values computed from rows, in each web process, until the rows change.

The cache is for values that several pages show, such as the standings of an edition. If
a page must be rendered again because something else has changed, the queries for these
values aren't repeated. Don't use the cache in a transaction that changes these rows.
`operations.warm` drops values when a trigger notifies the process of a change. A
process that doesn't listen for notifications caches nothing.
"""

import threading
from collections import Counter
from collections.abc import Callable, Hashable
from typing import Any

from core.public import Content

# Enough for every state's values in several editions of the rankings. If there are more
# values, someone is crawling the site, and we empty the cache.
MAX_VALUES = 1000


class Memory:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.listening = False
        # How many times `drop` was called for each kind of content.
        self.changes = Counter[Content]()
        self.values: dict[tuple[frozenset[Content], Hashable], Any] = {}

    def drop(self, *contents: Content, listening: bool = True) -> None:
        """Drop values that depend on these kinds of content, which may have changed.

        `listening` says whether the process will be notified of further changes.
        """
        with self.lock:
            self.listening = listening
            self.changes.update(contents)
            for key in [key for key in self.values if key[0] & {*contents}]:
                del self.values[key]

    def get[Value](
        self, shows: frozenset[Content], name: Hashable, make: Callable[[], Value]
    ) -> Value:
        """Return the cached value, or compute it with `make`.

        The value is dropped when any kind of content in `shows` changes. `shows` must
        name the kinds that `make` reads, and the kinds that can change together with
        them. One change can send a notification for each of several kinds, and a page
        may be rendered again after the first notification, so the value must be dropped
        by then.
        """
        key = shows, name
        with self.lock:
            if key in self.values:
                return self.values[key]
            begun = self.changed(shows)
        value = make()
        with self.lock:
            if self.listening and self.changed(shows) == begun:
                if len(self.values) >= MAX_VALUES:
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
PETITION = frozenset({Content.PETITION})
TAGS = frozenset({Content.TAGS})
