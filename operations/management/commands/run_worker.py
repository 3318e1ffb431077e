"""Run the worker process, which sends email and runs queued jobs."""

import asyncio
import signal
import threading
from collections.abc import Sequence

from django.core.management.base import BaseCommand
from procrastinate import App

from operations.queue import OTHER_QUEUES, UPKEEP, worker_app
from voices.letters import sender

SENDERS = 2


class Command(BaseCommand):
    help = "Run queued jobs and send email until stopped by SIGINT or SIGTERM."

    def handle(self, *args: object, **options: object) -> None:
        with worker_app() as app:
            asyncio.run(self.work(app))

    async def work(self, app: App) -> None:
        async with app.open_async():
            stopping = threading.Event()
            senders = [
                asyncio.create_task(asyncio.to_thread(sender.run, stopping))
                for _ in range(SENDERS)
            ]
            workers = [
                asyncio.create_task(run_worker(app, queues))
                for queues in (UPKEEP, OTHER_QUEUES)
            ]

            def stop() -> None:
                if not stopping.is_set():
                    stopping.set()
                    for worker in workers:
                        worker.cancel()

            for number in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(number, stop)
            # If one sender or worker ends, stop them all; the supervisor (Docker or
            # `make run`) restarts this process.
            await asyncio.wait(
                [*workers, *senders], return_when=asyncio.FIRST_COMPLETED
            )
            stop()
            ends = await asyncio.gather(*workers, *senders, return_exceptions=True)
        for end in ends:
            if isinstance(end, Exception):
                raise end


async def run_worker(app: App, queues: Sequence[str]) -> None:
    await app.run_worker_async(
        queues=queues,
        concurrency=2,
        # Delete successful jobs, because they may contain an erased person's ID.
        delete_jobs="successful",
        # When the worker is stopped, running jobs get this many seconds to finish.
        shutdown_graceful_timeout=25,
        install_signal_handlers=False,
    )
