"""Name the worker's job queues, and give the worker its own database connections."""

from collections.abc import Iterator
from contextlib import contextmanager

from procrastinate import App
from procrastinate.contrib.django import app

# The default queue contains only the site's periodic jobs. It has a worker of its own,
# because visitors can cause so many other jobs that periodic jobs would be delayed.
UPKEEP = ["default"]
OTHER_QUEUES = ["mail", "pages"]


@contextmanager
def worker_app() -> Iterator[App]:
    """Yield Procrastinate's app, with separate database connections for the worker.

    The worker fetches jobs and records their results through these connections. Tasks
    still queue further jobs through Django's connection, so that a new job becomes
    visible only when the task's transaction commits. If it were visible earlier, it
    could run before the row that it needs is committed, and find nothing to do.
    """
    ours = app.connector
    connector = ours.get_worker_connector()  # type: ignore[attr-defined]
    connector.get_sync_connector = lambda: ours
    with app.replace_connector(connector) as changed:
        yield changed
