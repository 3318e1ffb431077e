"""Helpers for tests that commit: concurrent connections and an emptied job queue."""

import asyncio
import json
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from threading import Barrier, Event
from unittest import mock

import psycopg
from django.db import connection, connections, transaction
from django.test import TransactionTestCase
from django.utils import timezone

from core.locks import Lock
from core.search_budget import SEARCHES_AT_ONCE
from core.triggers import CHANNEL
from operations import warm
from operations.queue import worker_app
from tests import owner
from voices.letters.link_requests import answer_requests
from voices.letters.send import send_next
from voices.models import Letter

PATIENCE = 60  # Seconds
QUEUE_TABLES = (
    "procrastinate_jobs, procrastinate_events, procrastinate_periodic_defers, "
    "procrastinate_workers"
)


class CommittedTestCase(TransactionTestCase):
    """Also empties the queue's tables, which Django's own flush skips."""

    def setUp(self):
        super().setUp()
        empty_queue()
        self.addCleanup(empty_queue)


def empty_queue():
    owner.execute(f"TRUNCATE {QUEUE_TABLES}")


def rows(sql, *params):
    """Return a query's rows as dictionaries."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def jobs(task):
    found = rows(
        "SELECT * FROM procrastinate_jobs WHERE task_name = %s ORDER BY id", task
    )
    return [job | {"args": json.loads(job["args"])} for job in found]


@contextmanager
def listening():
    """Give this process empty warm pages that listen for changes."""
    pages = warm.WarmPages()
    with mock.patch.object(warm, "pages", pages):
        pages.start()
        try:
            wait_for(lambda: pages.listening)
            yield pages
        finally:
            pages.stop()


@contextmanager
def heard(content):
    """Wait until the process is notified of the change made in the `with` block."""

    def latest():
        return warm.pages.dropped[content], warm.pages.added[content]

    before = latest()
    yield
    wait_for(lambda: latest() != before)


class Listener:
    """Listens for the notifications that web processes receive."""

    END = "No more."

    def __init__(self):
        params = connection.get_connection_params()
        for ours in ("context", "cursor_factory", "prepare_threshold"):
            params.pop(ours, None)
        self.connection = psycopg.connect(**params, autocommit=True)
        self.connection.execute(f"LISTEN {CHANNEL}")

    def hear(self):
        """Return the payloads since the last call, of all committed changes."""
        # PostgreSQL delivers notifications in the order of their commits, so this one
        # comes after all others, and nothing has to wait for more.
        self.connection.execute(f"NOTIFY {CHANNEL}, '{self.END}'")
        payloads = []
        for notice in self.connection.notifies(timeout=PATIENCE):
            if notice.payload == self.END:
                return payloads
            payloads.append(notice.payload)
        raise AssertionError("The notification did not arrive in time.")


@contextmanager
def other_searches():
    """Run as many searches as may run at once; each ends with its rollback."""
    take = "SELECT pg_advisory_xact_lock(hashtextextended(%s, %s))"
    with ExitStack() as stack:
        others = []
        for number in range(SEARCHES_AT_ONCE):
            other = stack.enter_context(closing(connection.copy()))
            other.set_autocommit(False)
            with other.cursor() as cursor:
                cursor.execute(take, [str(number), Lock.SEARCH.value])
            others.append(other)
        yield others


def as_worker(do):
    """Call the coroutine function `do` with the worker's app and wait for it.

    Use a separate thread, because a browser's event loop may be running in this one.
    """

    async def opened(app):
        async with app.open_async():
            await do(app)

    def run():
        # The worker's threads end with the event loop, and their connections with each
        # job.
        with (
            mock.patch.dict(connections.settings["default"], CONN_MAX_AGE=0),
            worker_app() as app,
        ):
            asyncio.run(opened(app))

    with ThreadPoolExecutor(1) as pool:
        pool.submit(run).result(timeout=2 * PATIENCE)


def run_worker(*queues):
    """Run the due jobs of these queues ("mail"), send due letters, and return."""

    async def work(worker_app):
        await worker_app.run_worker_async(
            wait=False,
            queues=list(queues) or ["mail"],
            listen_notify=False,
            install_signal_handlers=False,
            delete_jobs="successful",
        )

    as_worker(work)
    while answer_requests() + send_next():
        pass


def make_due():
    """Make every waiting job and letter due now."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET scheduled_at = NULL")
    Letter.objects.in_flight().update(send_at=timezone.now())


def is_one_waiting_for_a_lock():
    """Whether a connection to this database is waiting for another one's lock."""
    # PostgreSQL caches pg_stat_activity within a transaction until it is cleared.
    rows("SELECT pg_stat_clear_snapshot()")
    return rows(
        "SELECT pid FROM pg_stat_activity "
        "WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )


def at_once(*calls):
    """Run the calls concurrently, each on its own connection; return their results."""
    start = Barrier(len(calls))

    def run(call):
        try:
            start.wait(timeout=PATIENCE)
            return call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        futures = [pool.submit(run, call) for call in calls]
        return [future.result(timeout=2 * PATIENCE) for future in futures]


def before_commit(first, second):
    """Call `second` once `first` is done but not committed; return its result.

    Fails if `second` doesn't wait for a lock that `first` holds.
    """
    done = Event()

    @transaction.atomic
    def do_first():
        first()
        done.set()
        wait_for(is_one_waiting_for_a_lock)

    def do_second():
        assert done.wait(PATIENCE)
        return second()

    return at_once(do_first, do_second)[1]


def wait_for(condition):
    """Return as soon as the condition holds; fail if it never does."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError("The condition did not hold in time.")
        time.sleep(0.02)
