"""The queue as the worker uses it."""

from collections.abc import Iterator
from contextlib import contextmanager

from procrastinate import App
from procrastinate.contrib.django import app

# The site's own periodic jobs are on the queue that needs no name, and nothing else is.
# Other jobs, which visitors can bring about in any number, have a worker of their own.
UPKEEP = ["default"]
OTHER_QUEUES = ["mail", "pages"]


@contextmanager
def worker_app() -> Iterator[App]:
    """Yield the app with connections of its own, over which jobs are fetched and ended.

    What a task queues goes through Django's connection as everywhere else, and so is
    there once the task's transaction is committed. Else another job might look for a
    row that is not there yet, find nothing to do, and be done.
    """
    ours = app.connector
    connector = ours.get_worker_connector()  # type: ignore[attr-defined]
    connector.get_sync_connector = lambda: ours
    with app.replace_connector(connector) as changed:
        yield changed
