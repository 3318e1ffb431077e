"""Set up the job queue for the worker."""

from collections.abc import Iterator
from contextlib import contextmanager

from procrastinate import App
from procrastinate.contrib.django import app

# The default queue has only the site's periodic jobs. Other jobs run in a separate
# worker, because visitors can cause so many that they would delay the periodic ones.
UPKEEP = ["default"]
OTHER_QUEUES = ["mail", "pages"]


@contextmanager
def worker_app() -> Iterator[App]:
    """Yield the app with its own connections, which fetch and finish jobs.

    When a task queues another job, it still does so through Django's connection, so the
    job becomes visible when the task's transaction commits. Otherwise, the job could
    run before the row that it is about is committed, and find nothing to do.
    """
    ours = app.connector
    connector = ours.get_worker_connector()  # type: ignore[attr-defined]
    connector.get_sync_connector = lambda: ours
    with app.replace_connector(connector) as changed:
        yield changed
