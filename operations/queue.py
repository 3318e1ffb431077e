"""Name the worker's job queues, and give the worker its own database connections."""

from collections.abc import Iterator
from contextlib import contextmanager

from procrastinate import App
from procrastinate.contrib.django import app

# Only the site's periodic jobs are in the default queue, which has a worker of its own.
# Visitors can cause so many other jobs that they would delay the periodic jobs.
UPKEEP = ["default"]
OTHER_QUEUES = ["mail", "pages"]


@contextmanager
def worker_app() -> Iterator[App]:
    """Yield Procrastinate's app, with separate connections for running jobs.

    The worker fetches jobs and records their results through these connections. Tasks
    still queue further jobs through Django's connection, so a new job becomes visible
    only when the task's transaction commits. Otherwise, the job could run before the
    row that it needs is committed, and find nothing to do.
    """
    ours = app.connector
    connector = ours.get_worker_connector()  # type: ignore[attr-defined]
    connector.get_sync_connector = lambda: ours
    with app.replace_connector(connector) as changed:
        yield changed
