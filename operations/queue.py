"""The job queue, from the worker's side."""

from collections.abc import Iterator
from contextlib import contextmanager

from procrastinate import App
from procrastinate.contrib.django import app

# Only the site's periodic jobs are on the default queue. Other jobs have their own
# worker, because visitors can cause any number of them.
UPKEEP = ["default"]
OTHER_QUEUES = ["mail", "pages"]


@contextmanager
def worker_app() -> Iterator[App]:
    """Yield the app with its own connections, which fetch and finish jobs.

    Jobs that a task queues still use Django's connection, so they become visible when
    the task's transaction commits. Otherwise a job could run before the row that it is
    about is committed, and find nothing to do.
    """
    ours = app.connector
    connector = ours.get_worker_connector()  # type: ignore[attr-defined]
    connector.get_sync_connector = lambda: ours
    with app.replace_connector(connector) as changed:
        yield changed
