"""Run the worker that sends mail and keeps the site tidy."""

import asyncio

from django.core.management.base import BaseCommand
from procrastinate.contrib.django import app


class Command(BaseCommand):
    help = "Do the queued work until stopped by SIGINT or SIGTERM."

    def handle(self, *args, **options):
        connector = app.connector.get_worker_connector()  # type: ignore[attr-defined]
        with app.replace_connector(connector) as worker_app:
            asyncio.run(self.work(worker_app))

    async def work(self, worker_app):
        async with worker_app.open_async():
            await worker_app.run_worker_async(
                concurrency=2,
                # A job that is done has nothing more to say, and must not keep even
                # the id of somebody who leaves.
                delete_jobs="successful",
                # A mail that is being sent when the site stops gets time to end.
                shutdown_graceful_timeout=25,
            )
